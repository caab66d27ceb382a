import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import softmax

from osteon.prediction.ensemble import mean_logits


@given(hnp.arrays(np.float64, (3, 4, 6), elements=st.floats(-50, 50)))
def test_the_softmax_is_the_mean_of_the_members(members):
    wanted = softmax(members, axis=2).mean(axis=0)
    np.testing.assert_allclose(softmax(mean_logits(list(members)), axis=1), wanted, atol=1e-12)


def test_no_members_is_an_error():
    with pytest.raises(ValueError, match="no members"):
        mean_logits([])
