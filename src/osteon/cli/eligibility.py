"""Show a study's rules, and what changed rules would change, without writing anything."""

import json
from pathlib import Path

import click

from osteon import recipes
from osteon.cohort.cases import gather_candidates, judge_candidates
from osteon.cohort.eligibility_changes import (
    EligibilityChange,
    EligibilityChanges,
    compare_rules,
)
from osteon.cohort.flow import FlowCounts
from osteon.core.settings import load_settings
from osteon.errors import StudyError, UsageError
from osteon.workflow.run import open_study
from osteon.workflow.study import read_study_file

__all__ = ["command"]


@click.command()
@click.option(
    "--study",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The study folder, read and labelled.",
)
@click.option("--drop", multiple=True, metavar="REASON", help="Without this rule; repeat.")
@click.option(
    "--add",
    multiple=True,
    metavar="REASON:CONDITION",
    help="With this rule, e.g. 'over_100:patient_age_years<=100'; ends in @image or @patient where"
    " it decides on these; repeat.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(study: Path, drop: tuple[str, ...], add: tuple[str, ...], as_json: bool) -> None:
    """Show a study's rules, and what changed rules would change, without writing anything.

    Holds the rules of the recipe and study.yaml, changed by --drop and --add, against what
    osteon run wrote last. To keep a change, write it into study.yaml under eligibility.
    """
    context = open_study(study, recipes.load(str(read_study_file(study)["recipe"])))
    if not context.study.table_path("eligibility").exists():
        raise StudyError(
            f"study {study} has no cohort yet", remedy=f"osteon run {study} --until cohort"
        )
    changes = load_settings(EligibilityChanges, {"drop": drop, "add": [_added(a) for a in add]})
    old = context.eligibility
    new = changes.applied(old)
    instances, labels = context.study.read("instances"), context.study.read("labels")
    before = context.study.read("eligibility")
    after = judge_candidates(instances, labels, new)
    classes = gather_candidates(instances, labels).frame.set_index("case_id")["label"]
    rules = {rule.reason: rule for rule in (*old.rules, *new.rules)}
    change = compare_rules(before, after, rules, classes)
    if as_json:
        click.echo(json.dumps(change.as_json(), indent=1))
        return
    for line in _lines(change):
        click.echo(line)


def _added(text: str) -> dict[str, str]:
    reason, colon, rest = text.partition(":")
    if not colon:
        raise UsageError(f"got {text!r} in --add", remedy="write reason:column<=value")
    condition, at, level = rest.rpartition("@")
    if not at:
        return {"reason": reason.strip(), "condition": rest}
    return {"reason": reason.strip(), "condition": condition, "level": level}


def _lines(change: EligibilityChange) -> list[str]:
    lines = [f"{'hips that fail':<58}{'first':>14}{'at all':>16}"]
    for rule in change.rules:
        title = f"{rule.reason} ({rule.level}): {rule.sentence}"
        first = _moved(rule.first_before, rule.first_after)
        anyhow = _moved(rule.any_before, rule.any_after)
        lines.append(f"{title[:57]:<58}{first:>14}{anyhow:>16}")
    lines += ["", f"{'':<20}{'images':>10}{'hips':>10}{'patients':>10}"]
    rows = (
        ("in now", change.before), ("would be in", change.after),
        ("  would come in", change.comes), ("  would go out", change.goes),
    )  # fmt: skip
    lines += [_line(title, counts) for title, counts in rows]
    for title, classes in (("come", change.comes_by_class), ("go", change.goes_by_class)):
        lines += [f"  would {title}: {count} hips, {name}" for name, count in classes.items()]
    end = "nothing would change" if change.is_nothing else "nothing was written"
    return [*lines, end]


def _moved(before: int, after: int) -> str:
    return f"{before}" if before == after else f"{before} -> {after}"


def _line(title: str, counts: FlowCounts) -> str:
    return f"{title:<20}{counts.images:>10}{counts.hips:>10}{counts.patients:>10}"
