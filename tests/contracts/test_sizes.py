"""Modules and functions stay small enough to read."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "osteon"
MODULES = sorted(SOURCE.rglob("*.py"))
MODULE_LINES, MODULE_LINES_WITHOUT_REASON, FUNCTION_LINES = 700, 500, 80


def name(path):
    return str(path.relative_to(SOURCE))


def docstring_lines(node):
    first = node.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return first.end_lineno - first.lineno + 1 if is_text else 0


def long_functions(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1 - docstring_lines(node)
            if lines > FUNCTION_LINES:
                yield f"{node.name}: {lines} lines"


def too_long(source):
    lines = len(source.splitlines())
    excused = "lines because" in (ast.get_docstring(ast.parse(source)) or "")
    return lines > MODULE_LINES or (lines > MODULE_LINES_WITHOUT_REASON and not excused)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_and_functions_are_small(path):
    source = path.read_text("utf-8")
    assert not too_long(source), f"{len(source.splitlines())} lines: cut it, or say why"
    assert not list(long_functions(source))


def test_the_measures_can_fail():
    body = "\n".join("    x = 1" for _ in range(FUNCTION_LINES + 1))
    assert list(long_functions(f"def f():\n{body}\n"))
    assert too_long("x = 1\n" * (MODULE_LINES_WITHOUT_REASON + 1))
    assert not too_long('"""600 lines because tables."""\n' + "x = 1\n" * 550)


def test_there_is_no_room_for_leftovers():
    parts = {part for path in MODULES for part in path.relative_to(SOURCE).with_suffix("").parts}
    assert not parts & {"utils", "util", "helpers", "misc", "common"}
