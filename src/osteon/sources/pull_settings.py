"""A file that says where an archive is and how it is spared."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from osteon.core.settings import Settings, load_settings, with_overrides
from osteon.errors import SettingsError
from osteon.sources.dicomweb import WebArchive, WebSettings
from osteon.sources.dimse import DimseArchive, DimseSettings
from osteon.sources.pull_archive import Archive
from osteon.sources.pull_pace import PaceSettings

__all__ = ["PullSettings", "load_pull_settings", "open_archive"]


class PullSettings(Settings):
    """Where an archive is (``kind: dimse`` or ``kind: dicomweb``), and how it is spared."""

    archive: Annotated[DimseSettings | WebSettings, Field(discriminator="kind")]
    pace: PaceSettings = PaceSettings()


def load_pull_settings(path: Path, overrides: Sequence[str] = ()) -> PullSettings:
    """Read the file.

    Raises
    ------
    SettingsError
        If it cannot be read, a key is unknown or a value is not allowed.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("archive"), dict):
        raise SettingsError(
            f"{path} names no archive", remedy="write archive: {kind: dimse, host: ..., ...}"
        )
    if "kind" not in content["archive"]:
        raise SettingsError(f"{path}: archive has no kind", remedy="kind: dimse or kind: dicomweb")
    return with_overrides(load_settings(PullSettings, content), list(overrides))


def open_archive(settings: DimseSettings | WebSettings) -> Archive:
    """Make the archive of these settings.

    Raises
    ------
    MissingExtraError
        If its libraries are not installed.
    """
    if isinstance(settings, DimseSettings):
        return DimseArchive(settings)
    return WebArchive(settings)
