"""Which numbers on file are compared, and why the others are not.

``python -m tests.statistics.reference_numbers REFERENCE_FOLDER [--write]`` prints every group that
is not compared with its count and reason, compares all others, and ends with ``0 unmapped`` or an
error. ``--write`` puts the groups into tests/reference/not_ours.json.
"""

import json
import math
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

from tests.statistics.conftest import FACTS
from tests.statistics.test_twins import DEFAULT_RTOL, STEMS, answers, flat, twin

NOT_OURS_FILE = "not_ours.json"


def pattern_of(stem, path):
    """The group a number belongs to that is not ours, or None."""
    for pattern in twin(stem).NOT_OURS:
        if fnmatch(path, pattern) or fnmatch(path, f"{pattern}.*"):
            return pattern
    return None


def expected_numbers(folder, stem):
    """Every number of a file, by its name."""
    document = json.loads((folder / f"statistics/expected/{stem}.json").read_text())
    return dict(flat(document["values"]))


def groups_not_ours(stem, expected):
    """Groups, counts and reasons of what is not compared; and what has no reason."""
    compared = json.loads((FACTS / f"r_{stem}.json").read_text())["values"]
    rest = [path for path in expected if path not in compared]
    counts = Counter(pattern_of(stem, path) for path in rest)
    unmapped = [path for path in rest if pattern_of(stem, path) is None]
    reasons = twin(stem).NOT_OURS
    groups = [
        {"file": stem, "group": pattern, "count": counts[pattern], "reason": reasons[pattern]}
        for pattern in reasons if counts[pattern]
    ]  # fmt: skip
    return groups, unmapped


def agrees(answer, value):
    """Whether an answer is within its tolerance; as judge.py, if it names none."""
    got, rtol, *atol = answer if isinstance(answer, tuple) else (answer, DEFAULT_RTOL)
    return math.isclose(got, value, rel_tol=rtol, abs_tol=atol[0] if atol else rtol * 1e-3)


def main(folder, *, write):
    """Print, compare, and say how many are left; True when none is, and all agree."""
    total = compared = wrong = 0
    groups, unmapped = [], []
    for stem in STEMS:
        expected = expected_numbers(folder, stem)
        found = answers(stem, folder / "statistics/data")
        total, compared = total + len(expected), compared + len(found)
        for path, answer in found.items():
            if not agrees(answer, expected[path]):
                print(f"WRONG {stem}:{path}: got {answer}, reference {expected[path]}")
                wrong += 1
        own, left = groups_not_ours(stem, expected)
        groups += own
        unmapped += [f"{stem}:{path}" for path in left]
    for group in groups:
        print(f"{group['count']:5d}  {group['file']}:{group['group']}: {group['reason']}")
    print(*unmapped, sep="\n", end="")
    rest = sum(group["count"] for group in groups)
    print(f"{total} numbers: {compared} compared ({wrong} wrong), {rest} not ours for a reason")
    print(f"{len(unmapped)} unmapped")
    if write:
        (FACTS / NOT_OURS_FILE).write_text(json.dumps(groups, indent=1) + "\n")
    return not unmapped and not wrong


if __name__ == "__main__":
    sys.exit(not main(Path(sys.argv[1]), write="--write" in sys.argv[2:]))
