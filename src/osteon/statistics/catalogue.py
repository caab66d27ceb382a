"""A list of every statistic, found by looking: for the documentation and for contract tests.

Sources: the docstrings of this package.
"""

import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass

import osteon.statistics
from osteon.statistics.twins import Twin, twin_of

__all__ = ["CatalogueEntry", "as_markdown", "catalogue"]

NOT_STATISTICS = frozenset({"catalogue", "checks", "limits", "twins"})


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One public function.

    Parameters
    ----------
    name, module
        Where it is: ``osteon.statistics.<module>.<name>``.
    summary
        First line of its docstring.
    estimand
        What it estimates, where the docstring says so; else empty.
    sources
        The module's sources.
    twin
        Who else computes it and where that is compared; ``None`` for parts of other functions.
    """

    name: str
    module: str
    summary: str
    estimand: str
    sources: str
    twin: Twin | None


def catalogue() -> tuple[CatalogueEntry, ...]:
    """List every public function of every module of ``osteon.statistics``, by module and name.

    Examples
    --------
    >>> "auroc" in {entry.name for entry in catalogue()}
    True
    """
    entries = []
    for found in sorted(pkgutil.iter_modules(osteon.statistics.__path__), key=lambda m: m.name):
        if found.name in NOT_STATISTICS:
            continue
        module = importlib.import_module(f"osteon.statistics.{found.name}")
        sources = _sources(inspect.getdoc(module) or "")
        for name in sorted(module.__all__):
            item = getattr(module, name)
            if not inspect.isfunction(item) or item.__module__ != module.__name__:
                continue
            text = inspect.getdoc(item) or ""
            summary = text.split("\n", maxsplit=1)[0]
            twin = twin_of(found.name, name)
            entries.append(
                CatalogueEntry(name, found.name, summary, _estimand(text), sources, twin)
            )
    return tuple(entries)


def _sources(text: str) -> str:
    match = re.search(r"Sources?:\s+(.*)", text, flags=re.DOTALL)
    return " ".join(match.group(1).split()) if match else ""


def _estimand(text: str) -> str:
    match = re.search(r"Estimand(?: of [^:]*)?: (.*?)(?:\n\n|\Z)", text, flags=re.DOTALL)
    return " ".join(match.group(1).split()) if match else ""


def _twin_cells(twin: Twin | None) -> list[str]:
    return ["", "", ""] if twin is None else [twin.who, twin.tolerance, f"`{twin.test}`"]


def as_markdown() -> str:
    """Write the catalogue as Markdown: a heading and a table for each module."""
    lines: list[str] = []
    module = ""
    for entry in catalogue():
        if entry.module != module:
            module = entry.module
            lines += [
                "",
                f"## `{module}`",
                "",
                entry.sources,
                "",
                "| function | what | compared with | tolerance | test |",
                "|---|---|---|---|---|",
            ]
        what = entry.summary if not entry.estimand else f"{entry.summary} *{entry.estimand}*"
        cells = [f"`{entry.name}`", what.replace("|", "\\|"), *_twin_cells(entry.twin)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines).strip() + "\n"
