"""A stage: named, hashed inputs, the settings it depends on, and what it does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osteon.core.manifest import Manifest, Stopwatch
from osteon.core.progress import say
from osteon.workflow.context import Context

__all__ = ["Kept", "Outcome", "Stage", "StageReport", "run_stage"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts in and out; ``ran`` is False when the room found its result already there."""

    counts: Mapping[str, int]
    ran: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """What decides whether a stage's result still holds.

    Parameters
    ----------
    folder
        Where its manifest goes, usually the folder it fills.
    outputs
        The files it makes for others: where one is gone, it runs again.
    inputs
        Hashes of what it reads, by name.
    settings
        The settings that decide its result.
    """

    folder: Callable[[Context], Path]
    outputs: Callable[[Context], Sequence[Path]]
    inputs: Callable[[Context], Mapping[str, str]]
    settings: Callable[[Context], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a study.

    Parameters
    ----------
    name
        What it is called on the command line.
    summary
        What it does, in a few words.
    run
        Does the work.
    kept
        When its result still holds; ``None`` where the room below keeps its own manifest and is
        asked every time.
    """

    name: str
    summary: str
    run: Callable[[Context], Outcome]
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class StageReport:
    """What a stage did: ``ran`` is False when its result was already there."""

    name: str
    ran: bool
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)


def run_stage(stage: Stage, context: Context) -> StageReport:
    """Run a stage unless its result is already there, and leave its manifest."""
    watch = Stopwatch()
    if stage.kept is None:
        say(f"{stage.name}: {stage.summary}")
        outcome = stage.run(context)
    else:
        outcome = _run_kept(stage, stage.kept, context, watch)
    say(f"{stage.name}: " + (f"done in {watch.seconds:.1f} s" if outcome.ran else "already done"))
    return StageReport(stage.name, outcome.ran, watch.seconds, outcome.counts)


def _run_kept(stage: Stage, kept: Kept, context: Context, watch: Stopwatch) -> Outcome:
    inputs, settings = kept.inputs(context), kept.settings(context)
    seed = context.study.settings.seed
    path = kept.folder(context) / f"{stage.name}.manifest.json"
    is_there = all(output.exists() for output in kept.outputs(context))
    if is_there and Manifest.is_current(path, stage.name, inputs, settings, seed):
        return Outcome(Manifest.read(path)["counts"], ran=False)
    say(f"{stage.name}: {stage.summary}")
    path.unlink(missing_ok=True)
    outcome = stage.run(context)
    manifest = Manifest(
        stage=stage.name, inputs=inputs, settings=settings, seed=seed, counts=outcome.counts,
        wall_time_s=round(watch.seconds, 3), synthetic=context.is_synthetic(),
    )  # fmt: skip
    manifest.write(path)
    return outcome
