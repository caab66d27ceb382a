import pandas as pd
import pytest

from osteon.core.synthetic import has_synthetic


@pytest.mark.parametrize(
    ("makers", "expected"),
    [
        ([], False),
        ([None], False),
        (["Siemens", "(synthetic) Ltd"], False),
        (["Siemens", "Birch (synthetic)"], True),
        ([None, "Osteon (synthetic)"], True),
    ],
)
def test_one_phantom_among_real_makers_is_enough(makers, expected):
    assert has_synthetic(pd.Series(makers, dtype="string")) is expected
    assert has_synthetic(pd.Series(makers, dtype=object)) is expected
