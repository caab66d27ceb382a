import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_script_prints():
    place = DOCS / "examples" / "reader_study.py"
    spec = importlib.util.spec_from_file_location("reader_study_example", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    printed = module.page()
    assert "simulated" in printed.splitlines()[0]
    kept = (DOCS / "reader-study-example.md").read_text("utf-8")
    assert printed == kept, (
        "run python docs/examples/reader_study.py > docs/reader-study-example.md"
    )
