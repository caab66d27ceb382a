"""List the CT volumes of an export, choose one for each patient, and say why the others are not."""

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pandas as pd

from osteon.cohort.index_dates import read_index_dates
from osteon.cohort.volume_catalogue import Catalogue, catalogue_volumes
from osteon.cohort.volume_choice import VolumeRules, choose_volumes
from osteon.core.schemas import EXCLUSIONS, INSTANCES, VOLUMES, exclusion_rows
from osteon.core.settings import with_overrides
from osteon.core.synthetic import has_synthetic
from osteon.core.tables import read_table, rows_of, write_table
from osteon.errors import UsageError
from osteon.phantom.hip_tables import SYNTHETIC_LINE
from osteon.pixels.volume_settings import VolumeSettings
from osteon.sources.ingest import ingest

__all__ = ["command"]


@click.command()
@click.argument("sources", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--study",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A study folder that osteon ingest filled, in place of SOURCES; its tables are written.",
)
@click.option("--set", "assignments", multiple=True, metavar="A=B", help="Change a rule; repeat.")
@click.option(
    "--index-dates",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="CSV or Excel with patient_id and index_date, for the rules on dates.",
)
@click.option(
    "--fill-gaps", type=click.FloatRange(min=0), default=0.0, metavar="MM",
    help="Interpolate where slices lie up to this far apart; 0 refuses gaps.",
)  # fmt: skip
@click.option("--straighten-tilt", is_flag=True, help="Resample series of a tilted gantry.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0: one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    sources: tuple[Path, ...],
    study: Path | None,
    assignments: tuple[str, ...],
    index_dates: Path | None,
    fill_gaps: float,
    straighten_tilt: bool,
    workers: int | None,
    as_json: bool,
) -> None:
    """List the CT volumes of an export, choose one for each patient, say why the others are not.

    SOURCES are files, folders, zips and DICOMDIRs. With --study, writes tables/volumes.parquet and
    tables/exclusions-volumes.parquet there. Rules for --set are hips=both|one|any, kernel,
    contrast, prefer, fewest_slices, shortest_mm, widest_spacing_mm, most_metal_cm3, enhanced_cm3,
    date, days_before_index and days_after_index.
    """
    if bool(sources) == (study is not None):
        raise UsageError("give SOURCES or --study", remedy="osteon volumes /path/to/export")
    rules = with_overrides(VolumeRules(), assignments)
    dates = read_index_dates(index_dates) if index_dates is not None else None
    reading = VolumeSettings(largest_gap_mm=fill_gaps, straighten_tilt=straighten_tilt)
    if study is not None:
        found = _catalogue(study, reading, workers)
    else:
        with TemporaryDirectory(prefix="osteon-volumes-") as folder:
            ingest(sources, Path(folder), workers=workers)
            found = _catalogue(Path(folder), reading, workers)
    volumes = choose_volumes(found.volumes, rules, dates)
    if study is not None:
        write_table(volumes, VOLUMES, study / "tables" / "volumes.parquet")
        left_out = exclusion_rows(found.exclusions)
        write_table(left_out, EXCLUSIONS, study / "tables" / "exclusions-volumes.parquet")
    if as_json:
        click.echo(json.dumps(_as_json(volumes, found), indent=1, ensure_ascii=False))
        return
    for line in _lines(volumes, found):
        click.echo(line)


def _catalogue(study: Path, reading: VolumeSettings, workers: int | None) -> Catalogue:
    instances = read_table(INSTANCES, study / "tables" / "instances.parquet")
    return catalogue_volumes(instances, study / "cache", reading=reading, workers=workers)


def _as_json(volumes: pd.DataFrame, found: Catalogue) -> dict[str, Any]:
    return {
        "volumes": rows_of(volumes),
        "no_volumes": [
            {"key": item.key, "reason": item.reason, "detail": item.detail}
            for item in found.exclusions
        ],
    }


def _lines(volumes: pd.DataFrame, found: Catalogue) -> list[str]:
    lines = [SYNTHETIC_LINE] if has_synthetic(volumes["manufacturer"]) else []
    lines += [
        f"{len(volumes)} volumes of {volumes['patient_id'].nunique()} patients,"
        f" {int(volumes['is_chosen'].sum())} chosen"
    ]
    lines += [_line(row) for row in rows_of(volumes.sort_values(["patient_id", "study_date"]))]
    if found.exclusions:
        lines.append("not a volume")
        counts = Counter(item.reason for item in found.exclusions)
        lines += [f"  {count:>6}  {reason}" for reason, count in sorted(counts.items())]
        told = [item for item in found.exclusions if item.reason != "not_ct"]
        lines += [f"  {item.key}: {item.reason}: {item.detail}" for item in told]
    return lines


def _line(row: dict[str, Any]) -> str:
    mark = "*" if row["is_chosen"] else " "
    size = f"{row['n_slices']} x {row['slice_spacing_mm']:.2f} mm"
    hips = ("no hip", "1 hip", "2 hips")[row["hips_in_view"]]
    said = [
        f"{mark} {row['patient_id']}", row["study_date"] or "no date", size,
        row["convolution_kernel"] or "no kernel", row["patient_position"] or "", hips,
        row["contrast_bolus_agent"] or "", row["reason"] or "chosen", row["series_instance_uid"],
    ]  # fmt: skip
    return "  ".join(text for text in said if text)
