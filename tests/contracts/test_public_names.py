"""What a module says is public is what is public."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "osteon"
MODULES = [
    path
    for path in sorted(SOURCE.rglob("*.py"))
    if path.name not in ("__init__.py", "__main__.py", "_version.py")
    and not path.name.startswith("_")
]


def defined_names(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def declared_names(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    return None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_all_lists_the_public_names(path):
    tree = ast.parse(path.read_text("utf-8"))
    declared = declared_names(tree)
    assert declared is not None, "no __all__"
    assert len(declared) == len(set(declared))
    if path.parent.name == "cli":
        assert "command" in declared
        return
    public = {name for name in defined_names(tree) if not name.startswith("_")}
    assert public <= set(declared), f"public but not declared: {sorted(public - set(declared))}"
