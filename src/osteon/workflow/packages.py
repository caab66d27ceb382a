"""From a run to its model package: where it goes, what it is called, how it is made."""

from dataclasses import dataclass
from pathlib import Path

from osteon.errors import StudyError
from osteon.models.card_classifier import ClassifierCard
from osteon.models.card_survival import SurvivalCard
from osteon.prediction.assemble import About, assemble
from osteon.prediction.run_folder import metrics_of_run, parts_of_run, tables_of_run
from osteon.prediction.settings import PackageSettings, SurvivalPackageSettings
from osteon.prediction.survival_assemble import SurvivalAbout, assemble_survival
from osteon.prediction.survival_run_folder import survival_run, survival_tables_of_run
from osteon.workflow.context import Context
from osteon.workflow.radiograph import radiograph_settings
from osteon.workflow.recipe import Recipe, TimeToEvent
from osteon.workflow.study import is_synthetic_study
from osteon.workflow.survival import survival_settings

__all__ = [
    "Packing",
    "pack_classifier",
    "pack_survival",
    "package_folder",
    "package_settings",
    "packing",
    "present_run",
]


@dataclass(frozen=True, slots=True)
class Packing:
    """What is packed, and as what.

    Parameters
    ----------
    run, study
        Folder of the run, and of its study.
    recipe
        The study's.
    name, version
        What the package is called.
    summary
        What the model was trained on, in one sentence; made from the tables when empty.
    """

    run: Path
    study: Path
    recipe: Recipe
    name: str
    version: str
    summary: str = ""

    def summary_of(self, patients: int, *, synthetic: bool) -> str:
        """Say what the model was trained on."""
        who = "synthetic patients (phantoms)" if synthetic else "patients"
        return self.summary or f"A study of {patients} {who}, of which those below were seen."


def packing(context: Context) -> Packing:
    """Pack the run of the study's present settings, called as they say."""
    settings = context.study.settings
    return Packing(
        context.run_folder, context.study.folder, context.recipe, settings.model_name,
        settings.model_version,
    )  # fmt: skip


def package_settings(context: Context) -> PackageSettings | SurvivalPackageSettings:
    """Give the study's settings of its package, of the kind its recipe makes."""
    if isinstance(context.recipe.target, TimeToEvent):
        return survival_settings(context).package
    return radiograph_settings(context).package


def package_folder(context: Context) -> Path:
    """Name the package's folder after its name and version."""
    settings = context.study.settings
    return context.study.folder / "models" / f"{settings.model_name}-{settings.model_version}"


def present_run(context: Context) -> Path:
    """Give the folder of the run of the present settings.

    Raises
    ------
    StudyError
        If there is none; names the runs there are.
    """
    run = context.run_folder
    if not run.is_dir():
        others = sorted(path.name for path in run.parent.glob("*") if path.is_dir())
        raise StudyError(
            f"{context.study.folder} has no run {run.name}, which its present settings make",
            remedy=f"give the folder of a run: {', '.join(others)}"
            if others
            else f"osteon run {context.study.folder}",
        )
    return run


def pack_classifier(what: Packing, destination: Path, settings: PackageSettings) -> ClassifierCard:
    """Make a package of a run that sorts into classes."""
    tables = tables_of_run(what.run, what.study)
    is_drawn = bool((tables.cases["label_source"] == "phantom").any())
    synthetic = is_drawn or is_synthetic_study(what.study)
    patients = int(tables.cases["patient_id"].nunique())
    about = About(
        name=what.name, version=what.version, synthetic=synthetic, recipe=what.recipe.name,
        summary=what.summary_of(patients, synthetic=synthetic),
    )  # fmt: skip
    return assemble(
        destination, parts_of_run(what.run, what.recipe.labels), tables, about,
        metrics=metrics_of_run(what.run), settings=settings,
    )  # fmt: skip


def pack_survival(
    what: Packing, destination: Path, settings: SurvivalPackageSettings
) -> SurvivalCard:
    """Make a package of a run that predicts times."""
    tables = survival_tables_of_run(what.run, what.study)
    synthetic = is_synthetic_study(what.study)
    patients = int(tables.projections["patient_id"].nunique())
    about = SurvivalAbout(
        name=what.name, version=what.version, synthetic=synthetic, recipe=what.recipe.name,
        summary=what.summary_of(patients, synthetic=synthetic),
    )  # fmt: skip
    return assemble_survival(
        destination, survival_run(what.run), tables, about, metrics=metrics_of_run(what.run),
        settings=settings,
    )  # fmt: skip
