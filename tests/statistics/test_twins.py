"""Every number that others computed too, against what they printed.

The data sets stay outside the project (``OSTEON_REFERENCE_DATA``); the expected values are facts
in ``tests/reference``. A number that is not ours is named with the reason in ``NOT_OURS``.
"""

import importlib
import json
import math
from fnmatch import fnmatch
from functools import cache

import pytest
from tests.statistics.conftest import FACTS

STEMS = sorted(path.stem.removeprefix("r_") for path in FACTS.glob("r_*.json"))
DEFAULT_RTOL = 1e-6  # R printed 15 digits; what is left is the optimiser's and the summation's


def flat(node, path=""):
    """Every number below a node, named as judge.py names it."""
    if isinstance(node, dict):
        items = [(k, v) for k, v in node.items() if k not in ("source", "published", "note")]
    elif isinstance(node, list):
        items = list(enumerate(node))
    else:
        if isinstance(node, int | float) and not isinstance(node, bool):
            yield path, float(node)
        return
    for key, child in items:
        yield from flat(child, f"{path}.{key}" if path else str(key))


@cache
def twin(stem):
    return importlib.import_module(f"tests.statistics.twins.{stem}")


@cache
def answers(stem, folder):
    return twin(stem).answers(folder)


def reason_not_ours(stem, path):
    for pattern, reason in twin(stem).NOT_OURS.items():
        if fnmatch(path, pattern) or fnmatch(path, f"{pattern}.*"):
            return reason
    return None


@pytest.mark.parametrize("stem", STEMS)
def test_numbers_agree(stem, reference_data, reference):
    expected = reference(f"r_{stem}.json")["values"]
    found = answers(stem, reference_data / "statistics/data")
    assert set(found) == set(expected)
    wrong = []
    for path, answer in found.items():
        value, rtol, *atol = answer if isinstance(answer, tuple) else (answer, DEFAULT_RTOL)
        atol = atol[0] if atol else rtol * 1e-3
        if not math.isclose(value, expected[path], rel_tol=rtol, abs_tol=atol):
            wrong.append(f"{path}: got {value}, wanted {expected[path]} (rtol {rtol}, atol {atol})")
    assert not wrong, f"{len(wrong)} of {len(found)}:\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("stem", STEMS)
def test_every_reference_number_is_ours_or_has_a_reason(stem, reference_data):
    document = json.loads((reference_data / f"statistics/expected/{stem}.json").read_text())
    found = answers(stem, reference_data / "statistics/data")
    paths = [path for path, _ in flat(document["values"])]
    unmapped = [p for p in paths if p not in found and reason_not_ours(stem, p) is None]
    assert not unmapped, f"{len(unmapped)} unmapped: {unmapped[:20]}"
