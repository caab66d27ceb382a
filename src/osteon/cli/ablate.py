"""Leave out each augmentation and the attention, compare encoders and sizes, print the table."""

from pathlib import Path

import click
import pandas as pd

from osteon.core.files import write_text
from osteon.core.labels import HIP_CLASSES
from osteon.core.progress import say
from osteon.core.schemas import CASES, SPLITS
from osteon.core.settings import with_overrides
from osteon.core.tables import read_table
from osteon.errors import StudyError
from osteon.pixels.cache import PixelCache
from osteon.training.ablation import ablate, design
from osteon.training.presets import PRESETS, classifier_preset

__all__ = ["command"]

_DEFAULT_SEED = 20200414
_TABLES = ("E1", "E2", "size")


@click.command()
@click.option(
    "--study", required=True, type=click.Path(path_type=Path, file_okay=False), help="Study folder."
)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="paper",
    show_default=True,
    help="Training that is varied.",
)
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Change model.* or fit.*"
)
@click.option("--table", "tables", type=click.Choice(_TABLES), multiple=True, help="Default: all.")
@click.option(
    "--seed", type=int, default=_DEFAULT_SEED, show_default=True, help="Decides every draw."
)
@click.option("--fold", type=click.IntRange(min=0), default=0, show_default=True, help="Fold.")
@click.option(
    "--film-side",
    type=click.IntRange(min=64),
    default=1024,
    show_default=True,
    help="Longer side of prepared films in pixels.",
)
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0: one for each core.")
def command(
    study: Path,
    preset: str,
    assignments: tuple[str, ...],
    tables: tuple[str, ...],
    seed: int,
    fold: int,
    film_side: int,
    workers: int | None,
) -> None:
    """Leave out each augmentation and the attention, compare encoders and sizes, print the table.

    The design is that of Krogue et al. 2020, Tables E1 and E2, and the paper's image sizes. Every
    variant is trained from the study's training and tuning cases and judged on its tuning and
    internal-test cases with reference boxes. Writes runs/ablation-PRESET-SEED/ablation.csv in the
    study folder; a stopped run goes on where it was. The demo preset compares small encoders.
    """
    base = with_overrides(classifier_preset(preset), assignments)
    cases = read_table(CASES, study / "tables" / "cases.parquet")
    splits = read_table(SPLITS, study / "tables" / "splits.parquet")
    cache = PixelCache(study / "cache" / "films", film_side)
    cases = _prepared(cases, cache, workers)
    variants = [
        variant
        for variant in design(base, is_small=preset in {"demo", "kept"})
        if not tables or variant.table in tables
    ]
    folder = study / "runs" / f"ablation-{preset}-{seed}"
    table = pd.DataFrame()
    for number, table in enumerate(
        ablate((cases, splits), cache, base, variants, HIP_CLASSES, folder, seed, fold), start=1
    ):
        write_text(folder / "ablation.csv", table.to_csv(index=False))
        say(f"{number} of {len(variants)} variants are done")
    click.echo(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    click.echo(f"written to {folder / 'ablation.csv'}")


def _prepared(cases: pd.DataFrame, cache: PixelCache, workers: int | None) -> pd.DataFrame:
    exclusions = cache.prepare(cases, workers)
    for exclusion in exclusions:
        say(f"left out {exclusion.key}: {exclusion.detail}")
    left_out = {exclusion.key for exclusion in exclusions}
    kept = cases[~cases["sop_instance_uid"].isin(left_out)]
    if kept.empty:
        raise StudyError("no film of the study could be prepared", remedy="see the reasons above")
    return kept
