"""The table of docs/coverage.md, and its verdict."""

import math
from collections.abc import Sequence

from osteon.workflow.coverage.simulate import HALF, LEVEL, Coverage, Design

__all__ = ["as_markdown", "dishonest", "table"]

_FOOT = """`!` too often outside, which the interval says in its `method` ("may be too narrow").
`x` too often outside without saying so: allowed only in *italics*, for methods that are no default.
`*` some studies had no interval (a class, or an event, was missing); they are left out.
Otherwise the share is at least {level} less three Monte Carlo standard errors."""


def dishonest(rows: Sequence[Coverage]) -> list[Coverage]:
    """Find default intervals that hold less often than they say, and do not say so."""
    return [row for row in rows if not row.is_honest]


def table(rows: Sequence[Coverage], designs: Sequence[Design]) -> str:
    """Write one row for each interval, one column for each design."""
    found = {(row.name, row.design): row for row in rows}
    names = {row.name: row for row in rows}
    heads = [f"{design.n}, {design.prevalence:g}" for design in designs]
    lines = ["| interval | " + " | ".join(heads) + " |", "|---" * (len(designs) + 1) + "|"]
    for name, row in names.items():
        if (name, designs[0]) not in found:
            continue
        told = name if row.is_default else f"*{name}*"
        cells = [_cell(found[name, design]) for design in designs]
        lines.append(f"| {told} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(row: Coverage) -> str:
    if math.isnan(row.share):
        return "–"
    mark = "" if row.holds else ("!" if row.warned > HALF else "x")
    return f"{row.share:.3f}{mark}" + ("*" if row.undefined > 0.005 else "")


def as_markdown(rows: Sequence[Coverage]) -> str:
    """Write the two tables, one row for each patient and two rows for each, with their legend."""
    designs = list(dict.fromkeys(row.design for row in rows))
    parts = []
    for clustered, title in ((False, "One row for each patient"), (True, "Two rows for each")):
        chosen = [design for design in designs if design.clustered == clustered]
        if chosen:
            parts += [f"## {title}", "", table(rows, chosen), ""]
    return "\n".join([*parts, _FOOT.format(level=f"{LEVEL:g}"), ""])
