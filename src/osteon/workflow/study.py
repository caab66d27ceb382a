"""The study folder: where everything of one study lives."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import yaml
from pydantic import Field

from osteon.cohort.eligibility_changes import EligibilityChanges
from osteon.cohort.evidence_rules import ReferenceSettings
from osteon.cohort.leakage.audit import LeakageSettings
from osteon.cohort.split import SplitSettings
from osteon.core.files import write_text
from osteon.core.records import Exclusion
from osteon.core.schemas import EXCLUSIONS, INSTANCES, SCHEMAS, exclusion_rows
from osteon.core.settings import Settings
from osteon.core.synthetic import has_synthetic
from osteon.core.tables import read_table, write_table
from osteon.errors import SettingsError, StudyError

__all__ = [
    "Study",
    "StudySettings",
    "has_study_file",
    "is_synthetic_study",
    "name_in_study_file",
    "read_study_file",
]

_STUDY_FILE = "study.yaml"


class StudySettings(Settings):
    """What every recipe lets a user set; recipes add theirs by a subclass.

    Parameters
    ----------
    recipe
        Name of the recipe.
    preset
        Name of the recipe's preset the other settings start from.
    sources
        Folders, archives or files with DICOM; relative ones count from the study folder.
    annotations
        Files, folders or zip archives with boxes and classes, in any of the formats that
        ``osteon annotations formats`` lists.
    reference_standard
        Files of later evidence, and how annotators who disagree are brought together.
    report_labels
        Take labels that rest on radiology reports (``label_source`` report); otherwise they are
        refused, because a report is no reference standard.
    report_search
        The ``counts.json`` that ``osteon search-reports`` wrote: its steps come first in the flow
        chart.
    seed
        Decides every random draw of the study.
    workers
        Processes for reading and preparing; 0 means one for each core.
    eligibility
        Rules of the recipe to drop, and rules to add.
    split
        How patients are divided.
    leakage
        What of the audit for leakage is accepted, and why.
    model_name, model_version
        Name of the package that is built.
    """

    recipe: str
    preset: str
    sources: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    reference_standard: ReferenceSettings = ReferenceSettings()
    report_labels: bool = False
    report_search: str | None = None
    seed: int = 2020
    workers: int = 0
    eligibility: EligibilityChanges = EligibilityChanges()
    split: SplitSettings = SplitSettings()
    leakage: LeakageSettings = LeakageSettings()
    model_name: str = "model"
    model_version: str = Field("0.1.0", pattern=r"^[0-9]+\.[0-9]+\.[0-9]+([a-z0-9.+-]*)$")


@dataclass(frozen=True, slots=True)
class Study:
    """A study folder and its resolved settings."""

    folder: Path
    settings: StudySettings

    @property
    def tables(self) -> Path:
        """Folder of the tables."""
        return self.folder / "tables"

    @property
    def cache(self) -> Path:
        """Folder of prepared pixels."""
        return self.folder / "cache"

    def table_path(self, name: str) -> Path:
        """Where a table lies."""
        return self.tables / f"{name}.parquet"

    def table_paths(self, *names: str) -> list[Path]:
        """Where several tables lie; a stage's exclusions are the table ``exclusions-<stage>``."""
        return [self.table_path(name) for name in names]

    def read(self, name: str) -> pd.DataFrame:
        """Read one of the study's tables by its schema's name."""
        return read_table(SCHEMAS[name], self.table_path(name))

    def write(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Check and write one of the study's tables."""
        return write_table(frame, SCHEMAS[name], self.table_path(name))

    def write_exclusions(self, stage: str, exclusions: Sequence[Exclusion]) -> None:
        """Write what a stage left out, and why, to a table of its own."""
        write_table(exclusion_rows(exclusions), EXCLUSIONS, self._exclusions_path(stage))

    def read_exclusions(self, stage: str) -> pd.DataFrame:
        """Read what a stage left out."""
        return read_table(EXCLUSIONS, self._exclusions_path(stage))

    def has_exclusions(self, stage: str) -> bool:
        """Whether a stage has said what it left out."""
        return self._exclusions_path(stage).exists()

    def exclusions(self, stage: str) -> list[Exclusion]:
        """Give what a stage left out, as records."""
        rows = self.read_exclusions(stage).to_dict("records")
        return [Exclusion(**{str(name): value for name, value in row.items()}) for row in rows]

    def _exclusions_path(self, stage: str) -> Path:
        return self.table_path(f"exclusions-{stage}")

    def resolve(self, path: str) -> Path:
        """Make a path of the settings absolute: relative ones count from the study folder."""
        return (self.folder / Path(path).expanduser()).resolve()

    @classmethod
    def create(cls, folder: Path, settings: StudySettings, template: str) -> Self:
        """Make the folder with its study.yaml.

        Raises
        ------
        StudyError
            If the folder already holds a study.
        """
        path = folder / _STUDY_FILE
        if path.exists():
            raise StudyError(
                f"{folder} already holds a study",
                remedy="choose another folder, or edit study.yaml",
            )
        write_text(path, template)
        return cls(folder, settings)


def is_synthetic_study(folder: Path) -> bool:
    """Whether any file of a study folder comes from a phantom; not while nothing was read."""
    path = folder / "tables" / f"{INSTANCES.name}.parquet"
    if not path.exists():
        return False
    return has_synthetic(read_table(INSTANCES, path)["manufacturer"])


def has_study_file(folder: Path) -> bool:
    """Whether a folder is that of a study."""
    return (folder / _STUDY_FILE).exists()


def read_study_file(folder: Path) -> dict[str, Any]:
    """Read what the user wrote in study.yaml.

    Raises
    ------
    StudyError
        If there is none.
    SettingsError
        If it is not a YAML mapping that names its recipe.
    """
    path = folder / _STUDY_FILE
    if not path.exists():
        raise StudyError(
            f"{folder} is not a study folder", remedy="osteon init RECIPE DIR makes one"
        )
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict) or "recipe" not in content:
        raise SettingsError(f"{path} names no recipe", remedy="write recipe: hip_fracture")
    return content


def name_in_study_file(folder: Path, key: str, value: str | Sequence[str]) -> None:
    """Set a text or a list in study.yaml, leaving every other line and comment as it is.

    Parameters
    ----------
    folder
        The study folder.
    key
        A key of the first level, e.g. ``annotations``.
    value
        What it is to hold.
    """
    path = folder / _STUDY_FILE
    text = path.read_text("utf-8")
    written = value if isinstance(value, str) else list(value)
    line = f"{key}: {json.dumps(written, ensure_ascii=False)}"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for name, node in root.value if isinstance(root, yaml.MappingNode) else ():
        if name.value == key:
            is_block = isinstance(node, yaml.SequenceNode) and not node.flow_style
            last = node.value[-1] if is_block else node  # a block ends behind its comments
            text = text[: name.start_mark.index] + line + text[last.end_mark.index :]
            break
    else:
        text = f"{text.rstrip()}\n{line}\n"
    write_text(path, text)
