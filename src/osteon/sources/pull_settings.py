"""A file that says where an archive is and how it is spared."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from osteon.core.settings import Settings, read_settings, with_overrides
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
    return with_overrides(read_settings(PullSettings, path, "archive"), list(overrides))


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
