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
from osteon.core.spreadsheets import open_sheet, typed_frame
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

    FILE is CSV, Excel, Parquet or iMRMC's list of readings (columns treatment, reader, case, truth,
    rating). STATISTIC is a function of osteon.statistics; without one they are listed. ARGUMENTS
    are name=column, name=column,column for one column each, name=column+column for one row each,
    name=column==label for yes or no, name=column@axis,axis for a list of readings turned into an
    array with these axes (each sorted, NaN where there is no row), or name=value.
    """
    functions = _functions()
    if statistic is None:
        for name, function in functions.items():
            click.echo(_shown(name, function))
        return
    if statistic not in functions:
        near = difflib.get_close_matches(statistic, functions, n=1)
        raise UsageError(
            f"no statistic {statistic}", remedy=f"did you mean {near[0]}?" if near else None
        )
    table = _table(file)
    function = functions[statistic]
    values = _arguments(function, arguments, table, seed)
    rows = _rows(function(**values))
    click.echo(_written(rows, form), nl=False)


def _table(file: Path) -> pd.DataFrame:
    if file.suffix == ".imrmc":
        return pd.DataFrame(statistics.read_imrmc(file).rows())
    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    return typed_frame(open_sheet(file, lower_names=False))


def _functions() -> dict[str, Callable[..., Any]]:
    named = {name: getattr(statistics, name) for name in statistics.__all__}
    return {name: item for name, item in sorted(named.items()) if _takes_columns(item)}


def _shown(name: str, function: Callable[..., Any]) -> str:
    """Write a function's arguments: needed ones by name, others with their default."""
    parameters = inspect.signature(function).parameters.values()
    told = [
        p.name if p.default is p.empty else f"{p.name}={p.default!r}"
        for p in parameters if p.name != "rng"
    ]  # fmt: skip
    return f"{name}({', '.join(told)})"


def _takes_columns(item: Any) -> bool:
    """Whether it is a function whose arguments a spreadsheet and a command line can give."""
    if not inspect.isfunction(item):
        return False
    wanted = [p.annotation for p in inspect.signature(item).parameters.values()
              if p.default is p.empty and p.name != "rng"]  # fmt: skip
    return not any(
        dataclasses.is_dataclass(kind) or kind is Path or "Callable" in str(kind) for kind in wanted
    )


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
    column, spread, axes = text.partition("@")
    if spread and column in table.columns:
        return _spread(table, column, axes.split(","))
    rows = text.split("+")
    if len(rows) > 1 and all(name in table.columns for name in rows):
        return np.stack([_column(table[name]) for name in rows])
    names = text.split(",")
    if all(name in table.columns for name in names):
        columns = [_column(table[name]) for name in names]
        return columns[0] if len(columns) == 1 else np.column_stack(columns)
    if any(name in table.columns for name in names):
        unknown = [name for name in names if name not in table.columns]
        raise TableError(f"no column {', '.join(unknown)}: there are {', '.join(table.columns)}")
    return yaml.safe_load(text)


def _spread(table: pd.DataFrame, column: str, axes: list[str]) -> NDArray[Any]:
    """Turn a list into an array with one axis for each named column."""
    unknown = [name for name in axes if name not in table.columns]
    if unknown:
        raise TableError(f"no column {', '.join(unknown)}: there are {', '.join(table.columns)}")
    unnamed = table[axes].isna().any(axis=1)
    if unnamed.any():
        raise TableError(
            f"{int(unnamed.sum())} rows have no {' or '.join(axes)}, the first is row "
            f"{int(unnamed.to_numpy().argmax())}",
            remedy="leave these rows out, and say how many",
        )
    groups = table.groupby(axes, sort=True)[column]
    mixed = groups.nunique(dropna=False) > 1
    if mixed.any():
        where = mixed[mixed].index[0]
        raise TableError(
            f"{column} has several values at {', '.join(axes)} = {where}, wanted one",
            remedy="name every column that tells them apart",
        )
    first = groups.first()
    levels = [pd.Index(np.unique(table[name])) for name in axes]
    index = pd.MultiIndex.from_product(levels) if len(levels) > 1 else levels[0]
    return _column(first.reindex(index)).reshape([len(level) for level in levels])


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
        fields = {_named(key): value for key, value in result.items()}
    elif isinstance(result, tuple | list) and any(map(dataclasses.is_dataclass, result)):
        fields = {str(place): value for place, value in enumerate(result)}
    else:
        value = result.tolist() if isinstance(result, np.ndarray) else _plain(result)
        return {prefix.rstrip(".") or "value": value}
    row: dict[str, Any] = {}
    for name, value in fields.items():
        row |= _flat(value, f"{prefix}{name}.")
    return row


def _named(key: Any) -> str:
    return "-".join(map(str, key)) if isinstance(key, tuple) else str(key)


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
