"""The table of docs/coverage.md, and its verdict."""

import math
from collections.abc import Sequence

from osteon.workflow.coverage.simulate import LEVEL, Coverage, Design

__all__ = ["as_markdown", "failing", "table"]

HALF, SHOWN = 0.5, 0.005  # of the studies
_FOOT = """`!` too often outside, and says so in its `method` ("may be too narrow"); `x` too often
outside without a word. Both are for methods in *italics*, which a caller has to name.
`(12 %)` so many of the studies had no interval: a class or an event was missing, or there were
fewer events or patients than the default asks for, and its `reason` says so; the share is of the
others. Otherwise the share is at least {level} less three Monte Carlo standard errors. An empty
cell was not simulated, as it takes long."""


def failing(rows: Sequence[Coverage]) -> list[Coverage]:
    """Find default intervals that hold less often than their level."""
    return [row for row in rows if not row.passes]


def table(rows: Sequence[Coverage], designs: Sequence[Design]) -> str:
    """Write one row for each interval, one column for each design."""
    found = {(row.name, row.design): row for row in rows}
    names = {row.name: row for row in rows}
    heads = [f"{design.n}, {design.prevalence:g}" for design in designs]
    lines = ["| interval | " + " | ".join(heads) + " |", "|---" * (len(designs) + 1) + "|"]
    for name, row in names.items():
        if not any((name, design) in found for design in designs):
            continue
        told = name if row.is_default else f"*{name}*"
        cells = [_cell(found.get((name, design))) for design in designs]
        lines.append(f"| {told} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(row: Coverage | None) -> str:
    if row is None:
        return ""
    if math.isnan(row.share):
        return "–"
    mark = "" if row.holds else ("!" if row.warned > HALF else "x")
    left = f" ({row.withheld:.0%})".replace("%", " %") if row.withheld > SHOWN else ""
    return f"{row.share:.3f}{mark}{left}"


def as_markdown(rows: Sequence[Coverage]) -> str:
    """Write the two tables, one row for each patient and two rows for each, with their legend."""
    designs = list(dict.fromkeys(row.design for row in rows))
    parts = []
    for clustered, title in ((False, "One row for each patient"), (True, "Two rows for each")):
        chosen = [design for design in designs if design.clustered == clustered]
        if chosen:
            parts += [f"## {title}", "", table(rows, chosen), ""]
    return "\n".join([*parts, _FOOT.format(level=f"{LEVEL:g}"), ""])
