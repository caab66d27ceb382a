"""Tables of strangers are read in one place: core.spreadsheets, and nowhere else."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "osteon"
READER = SOURCE / "core" / "spreadsheets"
MODULES = [path for path in sorted(SOURCE.rglob("*.py")) if READER not in path.parents]
LIBRARIES = {"openpyxl", "xlrd", "odf", "clevercsv", "chardet", "charset_normalizer"}
CALLS = {
    "csv": {"reader", "DictReader", "Sniffer"},
    "pandas": {"read_csv", "read_table", "read_excel", "read_fwf", "ExcelFile"},
    "numpy": {"loadtxt", "genfromtxt", "fromregex"},
    "pyarrow.csv": {"read_csv", "open_csv"},
}


def readers(source):
    """Names by which a module reads tables itself, whatever it imports them as."""
    tree = ast.parse(source)
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                modules[item.asname or item.name] = item.name
        elif isinstance(node, ast.ImportFrom):
            for item in node.names:
                name = f"{node.module}.{item.name}"
                modules[item.asname or item.name] = name
                if item.name in CALLS.get(node.module or "", ()):
                    yield name
    for name in modules.values():
        if name.partition(".")[0] in LIBRARIES:
            yield name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id, "")
            if node.attr in CALLS.get(module, ()):
                yield f"{module}.{node.attr}"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
            yield from LIBRARIES & {getattr(item, "value", None) for item in node.args}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_other_module_reads_tables_itself(path):
    found = sorted(set(readers(path.read_text("utf-8"))))
    assert not found, f"{found}: read it with osteon.core.spreadsheets"


@pytest.mark.parametrize(
    "source",
    [
        "import csv\ncsv.reader([])",
        "from csv import DictReader as rows",
        "import pandas as pd\npd.read_csv('a')",
        "import numpy as np\nnp.loadtxt('a')",
        "import pyarrow.csv as arrow\narrow.read_csv('a')",
        "from openpyxl import load_workbook",
        "def f():\n    import openpyxl.utils",
        "openpyxl = require('openpyxl', purpose='x')",
    ],
)
def test_the_contract_can_find(source):
    assert list(readers(source))


def test_writing_is_no_reading():
    assert not list(
        readers("import csv\ncsv.writer(None)\nimport pandas as pd\npd.read_parquet(1)")
    )


def test_the_reader_itself_would_be_found():
    assert any(list(readers(path.read_text("utf-8"))) for path in READER.glob("*.py"))
