"""Functions are compiled by core.compiled, which knows when kept code is out of date."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "osteon"
OWN = SOURCE / "core" / "compiled.py"
MODULES = [path for path in sorted(SOURCE.rglob("*.py")) if path != OWN]
COMPILERS = {"njit", "jit", "guvectorize", "cfunc", "stencil"}
VECTORISED = (
    "import numba\nfrom osteon.a import k\n@numba.vectorize(cache=True)\ndef f(x):\n    return "
)


def compilers(source):
    """Names by which a module compiles itself, where numba may miss that code has changed."""
    tree = ast.parse(source)
    ours = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "numba":
            yield from COMPILERS & {item.name for item in node.names}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("osteon"):
            ours |= {item.asname or item.name for item in node.names}
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "numba":
            yield from COMPILERS & {node.attr}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(
            "vectorize" in ast.unparse(item) for item in node.decorator_list
        ):
            used = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
            yield from used & ours


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_other_module_compiles_by_itself(path):
    found = sorted(set(compilers(path.read_text("utf-8"))))
    assert not found, f"{found}: decorate it with osteon.core.compiled.compiled"


@pytest.mark.parametrize(
    "source",
    [
        "from numba import njit",
        "import numba\n@numba.njit(cache=True)\ndef f(): ...",
        VECTORISED + "k * x",
    ],
)
def test_the_contract_can_find(source):
    assert list(compilers(source))


def test_code_of_one_file_may_be_vectorised():
    assert not list(compilers(VECTORISED + "2 * x"))
    assert list(compilers(OWN.read_text("utf-8")))
