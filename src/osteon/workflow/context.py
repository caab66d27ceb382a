"""What a stage is given: the study, its recipe, and where this run's results go."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from osteon.cohort.eligibility import Eligibility
from osteon.core.files import hash_file
from osteon.core.manifest import fingerprint
from osteon.errors import StudyError
from osteon.workflow.recipe import Recipe
from osteon.workflow.study import Study, is_synthetic_study

__all__ = ["Context"]


@dataclass(frozen=True)
class Context:
    """A study and its recipe, for the length of one command."""

    study: Study
    recipe: Recipe

    @property
    def eligibility(self) -> Eligibility:
        """The recipe's rules with the study's changes."""
        return self.study.settings.eligibility.applied(self.recipe.eligibility)

    def require_table(self, name: str) -> Path:
        """Give the file of one of the study's tables.

        Raises
        ------
        StudyError
            If the stage that makes it has not run.
        """
        path = self.study.table_path(name)
        if not path.exists():
            raise StudyError(
                f"table {name} of {self.study.folder} is missing",
                remedy=f"osteon run {self.study.folder}",
            )
        return path

    def table_hash(self, name: str) -> str:
        """Hash of one of the study's tables, as :meth:`require_table` finds it."""
        return hash_file(self.require_table(name))

    def table_hashes(self, *names: str) -> dict[str, str]:
        """Hashes of several tables, by name."""
        return {name: self.table_hash(name) for name in names}

    def prepared_cases(self) -> pd.DataFrame:
        """Cases whose film could be rendered; the others are in the exclusions of ``prepare``."""
        cases = self.study.read("cases")
        excluded = set(self.study.read_exclusions("prepare")["key"])
        return cases[~cases["sop_instance_uid"].isin(excluded)].reset_index(drop=True)

    @cached_property
    def run_id(self) -> str:
        """Twelve digits of the hash of the resolved settings and of the cases and their split."""
        values = [
            self.study.settings.resolved(),
            self.table_hashes(self.recipe.cases_table.name, "splits"),
        ]
        return fingerprint(values)[:12]

    @property
    def run_folder(self) -> Path:
        """Folder of this run's models and predictions."""
        return self.study.folder / "runs" / self.run_id

    @property
    def report_folder(self) -> Path:
        """Folder of this run's report."""
        return self.study.folder / "reports" / self.run_id

    def is_synthetic(self) -> bool:
        """Whether any film of the study comes from a phantom."""
        return is_synthetic_study(self.study.folder)
