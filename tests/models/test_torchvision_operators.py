import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from osteon.models import torchvision_operators as operators
from osteon.models.torchvision_operators import non_maximum_suppression
from osteon.models.torchvision_ready import OPERATORS

BOXES = st.lists(
    st.tuples(
        st.integers(0, 20), st.integers(0, 20), st.integers(1, 20), st.integers(1, 20),
        st.integers(0, 6),
    ),
    max_size=25,
)  # fmt: skip


def brute_force(boxes, scores, threshold):
    """Quadratic, box by box, in plain Python."""
    order = sorted(range(len(boxes)), key=lambda i: (-scores[i], i))
    kept = []
    for i in order:
        if all(iou(boxes[i], boxes[k]) <= threshold for k in kept):
            kept.append(i)
    return kept


def iou(a, b):
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return width * height / (sum(areas) - width * height)


@given(BOXES, st.sampled_from([0.0, 0.3, 0.45, 1.0]))
def test_suppression_equals_brute_force(drawn, threshold):
    boxes = [(x, y, x + w, y + h) for x, y, w, h, _ in drawn]
    scores = [score / 7 for *_, score in drawn]
    tensor = torch.tensor(boxes, dtype=torch.float64).reshape(-1, 4)
    found = non_maximum_suppression(tensor, torch.tensor(scores, dtype=torch.float64), threshold)
    assert found.dtype == torch.int64
    assert found.tolist() == brute_force(boxes, scores, threshold)


def test_torchvisions_own_call_reaches_a_kernel():
    from torchvision.ops import batched_nms, nms

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])
    scores = torch.tensor([0.8, 0.9, 0.7])
    assert nms(boxes, scores, 0.5).tolist() == [1, 2]
    assert batched_nms(boxes, scores, torch.tensor([0, 1, 0]), 0.5).tolist() == [1, 0, 2]


def test_operators_that_were_not_supplied_still_say_so():
    if OPERATORS == "native":
        pytest.skip("every operator is there")
    from torchvision.ops import deform_conv2d

    with pytest.raises(RuntimeError, match="Couldn't load custom C"):
        deform_conv2d(torch.ones(1, 1, 3, 3), torch.zeros(1, 2, 3, 3), torch.ones(1, 1, 1, 1))


def test_a_second_call_changes_nothing():
    assert operators.ensure() == operators.ensure() == OPERATORS


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "src", "OMP_NUM_THREADS": "1", "PATH": ""},
        check=False,
    )


def test_nothing_is_touched_where_the_operators_load():
    # a library that certainly loads into this torch stands for fitting operators
    any_good = next(Path(torch.__file__).parent.glob("lib/libtorch*.so"), None)
    if any_good is None:
        pytest.skip("no shared library of torch to stand for torchvision's")
    code = f"""
import sys, torch, importlib.util
from pathlib import Path
path = "src/osteon/models/torchvision_operators.py"
spec = importlib.util.spec_from_file_location("operators", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert module.ensure(Path({str(any_good)!r})) == "native"
assert "torchvision" not in sys.modules
assert not hasattr(torch.ops.torchvision, "nms")
"""
    result = run(code)
    assert result.returncode == 0, result.stderr


def test_substitute_takes_over_where_they_do_not_load(tmp_path):
    broken = tmp_path / "_C.so"
    broken.write_bytes(b"not a library")
    assert not operators.loads(broken)


def test_an_import_that_failed_before_is_repaired():
    code = """
try:
    import torchvision
except RuntimeError:
    pass
from osteon.models.encoders import build_encoder
import timm
build_encoder("resnet10_w16")
"""
    result = run(code)
    assert result.returncode == 0, result.stderr


def test_the_library_is_found_without_importing_torchvision():
    code = """
import sys, importlib.util
spec = importlib.util.spec_from_file_location("o", "src/osteon/models/torchvision_operators.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert module.compiled_library().name.startswith("_C")
assert "torchvision" not in sys.modules
"""
    result = run(code)
    assert result.returncode == 0, result.stderr
