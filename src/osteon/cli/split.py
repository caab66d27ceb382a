"""Divide the patients of a study into training, tuning and test, or into folds."""

import json
from pathlib import Path

import click

from osteon import recipes
from osteon.cohort.freeze import read_split, split_study
from osteon.cohort.persons import read_links
from osteon.cohort.split import SplitSettings
from osteon.cohort.split_export import SplitUnit, write_nnunet_splits
from osteon.cohort.split_report import SplitReport
from osteon.core.records import TestResult
from osteon.core.schemas import CASES, PERSONS
from osteon.core.settings import load_settings
from osteon.core.tables import Schema, read_table, write_table
from osteon.errors import StudyError, UsageError
from osteon.workflow.study import read_study_file

__all__ = ["command"]


@click.command()
@click.option(
    "--study",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The study folder.",
)
@click.option("--seed", default=0, show_default=True, help="Breaks the ties.")
@click.option(
    "--proportions",
    metavar="NAME=SHARE,...",
    help="Default: training=0.6,tuning=0.25,internal_test=0.15.",
)
@click.option(
    "--by",
    "kind",
    type=click.Choice(["random", "temporal", "leave_site_out"]),
    default="random",
    show_default=True,
    help="At random, by the date of the first film, or each site once.",
)
@click.option("--folds", type=int, help="Folds instead of proportions.")
@click.option("--inner-folds", type=int, default=1, help="Nested: tunings of each outer fold.")
@click.option(
    "--tuning-from", default="", metavar="YYYYMMDD", help="Temporal: where tuning begins."
)
@click.option(
    "--test-from", default="", metavar="YYYYMMDD", help="Temporal: where the test begins."
)
@click.option(
    "--stratify-by",
    metavar="COLUMN,...",
    help="Default: label,institution_name,patient_sex; the first is never absent.",
)
@click.option(
    "--persons",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Link table (CSV: patient_id,person_id) to keep in the study: ids of one person stay"
    " together.",
)
@click.option(
    "--external",
    multiple=True,
    metavar="CONDITION",
    help="Patients for the external test set, e.g. 'institution_name=Site B'; may be repeated.",
)
@click.option(
    "--allow-empty",
    multiple=True,
    metavar="CLASS",
    help="A class that may be absent from a subset; 'all' for every class.",
)
@click.option("--again", is_flag=True, help="Give up the stored split: patients may move.")
@click.option(
    "--nnunet",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the folds as nnU-Net's splits_final.json, too.",
)
@click.option(
    "--nnunet-unit",
    type=click.Choice(["case", "image", "patient"]),
    default="image",
    show_default=True,
    help="What an identifier there names.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    *,
    study: Path,
    seed: int,
    proportions: str | None,
    kind: str,
    folds: int | None,
    inner_folds: int,
    tuning_from: str,
    test_from: str,
    stratify_by: str | None,
    persons: Path | None,
    external: tuple[str, ...],
    allow_empty: tuple[str, ...],
    again: bool,
    nnunet: Path | None,
    nnunet_unit: SplitUnit,
    as_json: bool,
) -> None:
    """Divide the patients of a study into training, tuning and test, or into folds.

    All films and hips of a person stay together, classes, sites and sexes keep their shares, and
    no class is absent from a subset where that can be avoided. A stored split is never changed:
    patients who came later are placed, the others stay.
    """
    values: dict[str, object] = {
        "kind": kind, "folds": folds, "inner_folds": inner_folds, "external": external,
        "allow_empty": allow_empty, "tuning_from": tuning_from, "test_from": test_from,
    }  # fmt: skip
    if stratify_by:
        values["stratify_by"] = [name.strip() for name in stratify_by.split(",")]
    if proportions:
        values["proportions"] = _shares(proportions)
    settings = load_settings(SplitSettings, values)
    if persons is not None:
        write_table(read_links(persons), PERSONS, study / "tables" / "persons.parquet")
    table = _cases_table(study)
    report = split_study(study, settings, seed, again=again, cases_of=table)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
    else:
        for line in _lines(report):
            click.echo(line)
    if not report.is_good:
        absent = sorted({item.label for item in report.empty if not item.is_allowed})
        remedy = "pass --allow-empty " + " --allow-empty ".join(absent)
        raise StudyError(
            f"{report.obstacle}; nothing was written",
            remedy="mend the data, or divide them otherwise" if report.problems else remedy,
        )
    if nnunet is not None:
        cases = read_table(table, study / "tables" / f"{table.name}.parquet")
        write_nnunet_splits(read_split(study), cases, nnunet, nnunet_unit)


def _cases_table(study: Path) -> Schema:
    """Which table of cases a study has: its recipe's, or that of hips where it has no recipe."""
    if not (study / "study.yaml").exists():
        return CASES
    return recipes.load(str(read_study_file(study)["recipe"])).cases_table


def _shares(text: str) -> dict[str, float]:
    shares = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            raise UsageError(
                f"got {part!r} in --proportions", remedy="write training=0.6,tuning=0.25,..."
            ) from None
    return shares


def _lines(report: SplitReport) -> list[str]:
    labels = list(report.parts[0].classes) if report.parts else []
    width = max(len(label) for label in [*labels, "patients"]) + 2
    head = "".join(f"{part.part:>15}" for part in report.parts)
    lines = [f"{'':<{width}}{head}"]
    for name in ("patients", "images", "hips"):
        cells = "".join(f"{getattr(part, name):>15}" for part in report.parts)
        lines.append(f"{name:<{width}}{cells}")
    for label in labels:
        cells = "".join(
            f"{part.classes[label]:>7} {_percent(part.classes[label], part.hips):>7}"
            for part in report.parts
        )
        lines.append(f"{label:<{width}}{cells}")
    lines.append(f"chi-square over classes {_p_value(report.multiclass)}")
    lines.append(f"chi-square fracture or not {_p_value(report.binary)}")
    lines.append(
        f"{report.new_patients} patients placed now, {report.kept_patients} stay where they were; "
        f"split {report.split_hash[:12]}, seed {report.seed}"
    )
    lines += list(report.remarks)
    lines += [f"cannot be done: {problem}" for problem in report.problems]
    lines += [f"absent: {e.label} from {e.part}: {e.reason}" for e in report.empty]
    return lines


def _percent(count: int, total: int) -> str:
    return f"({count / total:.1%})" if total else "(-)"


def _p_value(test: TestResult) -> str:
    if test.p_value != test.p_value:
        return f"not defined: {test.reason}"
    remark = f" ({test.reason})" if test.reason else ""
    return f"{test.statistic:.2f}, P = {test.p_value:.3f}{remark}"
