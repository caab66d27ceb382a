"""Run any statistic on the columns of a spreadsheet."""

import csv
import dataclasses
import difflib
import inspect
import io
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from osteon import statistics
from osteon.core.rng import generator
from osteon.errors import TableError, UsageError

__all__ = ["command"]


@click.command(epilog="Example: osteon stats reads.csv auroc reference_standard=truth score=p")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("statistic", required=False)
@click.argument("arguments", nargs=-1)
@click.option("--seed", default=0, show_default=True, help="For statistics that resample.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How the answer is written.",
)
def command(
    file: Path, statistic: str | None, arguments: tuple[str, ...], seed: int, form: str
) -> None:
    """Run any statistic on the columns of a spreadsheet.

    FILE is CSV or Parquet. STATISTIC is a function of osteon.statistics; without one they are
    listed. ARGUMENTS are name=column, name=column,column for a table of several,
    name=column==label for yes or no, or name=value.
    """
    functions = _functions()
    if statistic is None:
        for name, function in functions.items():
            click.echo(f"{name}{inspect.signature(function)}".split(" ->")[0])
        return
    if statistic not in functions:
        near = difflib.get_close_matches(statistic, functions, n=1)
        raise UsageError(
            f"no statistic {statistic}", remedy=f"did you mean {near[0]}?" if near else None
        )
    table = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    function = functions[statistic]
    values = _arguments(function, arguments, table, seed)
    rows = _rows(function(**values))
    click.echo(_written(rows, form), nl=False)


def _functions() -> dict[str, Callable[..., Any]]:
    named = {name: getattr(statistics, name) for name in statistics.__all__}
    return {name: item for name, item in sorted(named.items()) if inspect.isfunction(item)}


def _arguments(
    function: Callable[..., Any], arguments: tuple[str, ...], table: pd.DataFrame, seed: int
) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    values: dict[str, Any] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals:
            raise UsageError(f"got {argument!r}, wanted name=column or name=value")
        if name not in parameters:
            raise UsageError(f"{name} is no argument: wanted one of {', '.join(parameters)}")
        values[name] = _value(text, table)
    missing = [
        name
        for name, item in parameters.items()
        if item.default is item.empty and name not in values and name != "rng"
    ]
    if missing:
        raise UsageError(f"missing {', '.join(missing)}", remedy=f"add {missing[0]}=COLUMN")
    if "rng" in parameters:
        values["rng"] = generator(seed, "stats")
    return values


def _value(text: str, table: pd.DataFrame) -> Any:
    column, compared, label = text.partition("==")
    if compared and column in table.columns:
        return (table[column].astype(str) == label).to_numpy()
    names = text.split(",")
    if all(name in table.columns for name in names):
        columns = [_column(table[name]) for name in names]
        return columns[0] if len(columns) == 1 else np.column_stack(columns)
    if any(name in table.columns for name in names):
        unknown = [name for name in names if name not in table.columns]
        raise TableError(f"no column {', '.join(unknown)}: there are {', '.join(table.columns)}")
    return yaml.safe_load(text)


def _column(series: "pd.Series[Any]") -> NDArray[Any]:
    return series.to_numpy() if series.dtype.kind in "fiub" else series.astype(str).to_numpy()


def _rows(result: Any) -> list[dict[str, Any]]:
    """Flatten an answer: curves point by point, records field by field."""
    if isinstance(result, statistics.Curve):
        names = {"x": result.x_name, "y": result.y_name, "low": "low", "high": "high"}
        columns = {told: getattr(result, field) for field, told in names.items()}
        if result.threshold is not None:
            columns["threshold"] = result.threshold
        points = zip(*columns.values(), strict=True)
        return [dict(zip(columns, map(_plain, point), strict=True)) for point in points]
    if isinstance(result, tuple | list):
        return [row for item in result for row in _rows(item)]
    if isinstance(result, np.ndarray):
        return [{"value": _plain(item)} for item in result.ravel()]
    return [_flat(result)]


def _flat(result: Any, prefix: str = "") -> dict[str, Any]:
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        fields: Mapping[str, Any] = {
            field.name: getattr(result, field.name) for field in dataclasses.fields(result)
        }
    elif isinstance(result, dict):
        fields = {str(key): value for key, value in result.items()}
    else:
        value = result.tolist() if isinstance(result, np.ndarray) else _plain(result)
        return {prefix.rstrip(".") or "value": value}
    row: dict[str, Any] = {}
    for name, value in fields.items():
        row |= _flat(value, f"{prefix}{name}.")
    return row


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and math.isnan(value) else value


def _written(rows: list[dict[str, Any]], form: str) -> str:
    if form == "json":
        return json.dumps(rows[0] if len(rows) == 1 else rows, indent=1, default=str) + "\n"
    names = list(dict.fromkeys(name for row in rows for name in row))
    if form == "csv":
        stream = io.StringIO()
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return stream.getvalue()
    if len(rows) == 1:
        width = max(map(len, names))
        shown = {name: value for name, value in rows[0].items() if value is not None}
        return "".join(f"{name:<{width}}  {_short(value)}\n" for name, value in shown.items())
    lines = ["  ".join(f"{name:>12}" for name in names)]
    lines += ["  ".join(f"{_short(row.get(name)):>12}" for name in names) for row in rows]
    return "\n".join(lines) + "\n"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "–" if value is None else str(value)
