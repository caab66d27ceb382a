"""Map ids, UIDs and dates of a table as its de-identified films have them."""

import json
from pathlib import Path

import click
import pandas as pd

from osteon.cli._report_files import counted
from osteon.core.files import atomic_path
from osteon.core.spreadsheets import open_sheet, text_frame, write_sheet
from osteon.errors import TableError, UsageError
from osteon.sources.deidentify.pseudonyms import Pseudonyms
from osteon.sources.deidentify.secret import load_secret
from osteon.sources.deidentify.tables import TableColumns, map_table

__all__ = ["command"]


@click.command(
    epilog="Example: osteon deidentify-table later.csv --secret ~/keys/study.secret "
    "--patient patient_id --date date --keep laterality --keep finding -o study/later.csv"
)
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--secret",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The secret that the films were de-identified with.",
)
@click.option("--patient", metavar="COLUMN", help="The patient's id.")
@click.option("--uid", "uids", multiple=True, metavar="COLUMN", help="UIDs; repeat.")
@click.option("--date", "dates", multiple=True, metavar="COLUMN", help="Days; repeat.")
@click.option("--keep", "kept", multiple=True, metavar="COLUMN", help="Goes over as it is; repeat.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The new table: .csv or .parquet.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(
    *,
    table: Path,
    secret: Path,
    patient: str | None,
    uids: tuple[str, ...],
    dates: tuple[str, ...],
    kept: tuple[str, ...],
    output: Path,
    as_json: bool,
) -> None:
    """Map ids, UIDs and dates of a table as its de-identified films have them.

    TABLE is CSV, Excel (.xlsx) or Parquet. Columns that no option names are left out. Dates move
    as the films' do with --option retain_longitudinal_modified_dates. Texts are never cleaned.
    """
    if output.suffix not in (".csv", ".parquet"):
        raise UsageError(f"got {output.name!r}", remedy="name a .csv or a .parquet")
    if output.resolve() == table.resolve():
        raise UsageError(f"{table} would be overwritten", remedy="name another file with -o")
    pseudonyms = Pseudonyms(load_secret(secret, output.parent))
    columns = TableColumns(patient=patient, uids=uids, dates=dates, kept=kept)
    found = map_table(_read(table), columns, pseudonyms)
    if output.suffix == ".csv":
        cells = found.frame.astype("string").fillna("").to_numpy().tolist()
        write_sheet([str(name) for name in found.frame.columns], cells, output)
    else:
        with atomic_path(output) as temporary:
            found.frame.to_parquet(temporary, index=False)
    left_out = counted(list(found.exclusions))
    if as_json:
        told = {"rows": len(found.frame), "left_out": left_out}
        click.echo(json.dumps(told | {"columns_left_out": found.columns_left_out}, indent=1))
        return
    click.echo(f"{len(found.frame)} rows, {len(found.exclusions)} left out")
    for reason, count in left_out.items():
        click.echo(f"  {count:>7}  {reason}")
    click.echo(f"columns left out: {', '.join(found.columns_left_out) or 'none'}")


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise TableError(f"{path} cannot be read: {error}") from error
    return text_frame(open_sheet(path))
