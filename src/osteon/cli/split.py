"""Divide the patients of a study into training, tuning and test, or into folds."""

import json
from pathlib import Path

import click

from osteon.cohort.freeze import split_study
from osteon.cohort.split import SplitSettings
from osteon.cohort.split_report import SplitReport
from osteon.core.records import TestResult
from osteon.core.settings import load_settings
from osteon.errors import StudyError, UsageError

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
@click.option("--folds", type=int, help="Folds instead of proportions.")
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
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    study: Path,
    seed: int,
    proportions: str | None,
    folds: int | None,
    external: tuple[str, ...],
    allow_empty: tuple[str, ...],
    again: bool,
    as_json: bool,
) -> None:
    """Divide the patients of a study into training, tuning and test, or into folds.

    All films and hips of a patient stay together, classes keep their shares, and no class is
    absent from a subset where that can be avoided. A stored split is never changed: patients
    who came later are placed, the others stay.
    """
    values: dict[str, object] = {"folds": folds, "external": external, "allow_empty": allow_empty}
    if proportions:
        values["proportions"] = _shares(proportions)
    report = split_study(study, load_settings(SplitSettings, values), seed, again=again)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
    else:
        for line in _lines(report):
            click.echo(line)
    if not report.is_good:
        absent = [item for item in report.empty if not item.is_allowed]
        raise StudyError(
            f"{absent[0].label} is absent from {absent[0].part}: {absent[0].reason}; nothing was "
            "written",
            remedy="pass --allow-empty "
            + " --allow-empty ".join(sorted({item.label for item in absent})),
        )


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
    labels = list(report.parts[0].classes)
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
    lines += [f"absent: {e.label} from {e.part}: {e.reason}" for e in report.empty]
    return lines


def _percent(count: int, total: int) -> str:
    return f"({count / total:.1%})" if total else "(-)"


def _p_value(test: TestResult) -> str:
    if test.p_value != test.p_value:
        return f"not defined: {test.reason}"
    remark = f" ({test.reason})" if test.reason else ""
    return f"{test.statistic:.2f}, P = {test.p_value:.3f}{remark}"
