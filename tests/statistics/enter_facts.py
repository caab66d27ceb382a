"""Enter the expected values behind the twins into tests/reference, with their source.

Run from the repository root: ``python -m tests.statistics.enter_facts REFERENCE_FOLDER STEM...``
"""

import json
import sys
from pathlib import Path

from tests.statistics.conftest import FACTS
from tests.statistics.test_twins import answers, flat, reason_not_ours


def enter(folder, stem):
    """Write the facts of one file; returns how many are ours, not ours, and unmapped."""
    document = json.loads((folder / f"statistics/expected/{stem}.json").read_text())
    found = answers(stem, folder / "statistics/data")
    expected = dict(flat(document["values"]))
    unknown = sorted(set(found) - set(expected))
    if unknown:
        raise SystemExit(f"{stem}: not in the reference: {unknown[:10]}")
    ours = {path: expected[path] for path in expected if path in found}
    target = FACTS / f"r_{stem}.json"
    facts = {"source": document["source"], "values": ours}
    target.write_text(json.dumps(facts, indent=1) + "\n")
    rest = [path for path in expected if path not in found]
    unmapped = [path for path in rest if reason_not_ours(stem, path) is None]
    print(
        f"{stem}: {len(ours)} ours, {len(rest) - len(unmapped)} not ours, {len(unmapped)} unmapped"
    )
    print(*unmapped[:40], sep="\n")


if __name__ == "__main__":
    for name in sys.argv[2:]:
        enter(Path(sys.argv[1]), name)
