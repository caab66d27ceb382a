import numpy as np
import pytest
from tests.prediction.conftest import TINY_CLASSIFIER, TINY_DETECTOR, TINY_GATE

from osteon.core.optional import is_installed
from osteon.errors import MissingExtraError, PackageError
from osteon.models.build import build
from osteon.models.gate import build_gate
from osteon.models.package import open_package
from osteon.prediction.networks import networks_from_package
from osteon.prediction.runtime import export_onnx, parity, runner

IMAGES = np.random.default_rng(0).random((3, 1, 64, 64)).astype(np.float32)
MODELS = {
    "detector": lambda: build(TINY_DETECTOR, 1),
    "classifier": lambda: build(TINY_CLASSIFIER, 2),
    "gate": lambda: build_gate(TINY_GATE, 3),
}
INSTALLED = [
    pytest.param(
        name, marks=pytest.mark.skipif(not is_installed(library), reason=f"{library} is absent")
    )
    for name, library in (("onnx", "onnxruntime"), ("openvino", "openvino"))
]


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize("part", MODELS)
def test_other_runtimes_agree_with_torch(part, name):
    model = MODELS[part]().eval()
    onnx = export_onnx(model, 64)
    torch_run, other = runner("torch", model), runner(name, None, onnx)
    assert parity(torch_run, other, IMAGES) < 1e-3
    assert parity(torch_run, other, IMAGES[:1]) < 1e-3
    assert len(torch_run(IMAGES)) == (2 if part == "detector" else 1)


def test_parity_sees_a_difference():
    one, other = (
        runner("torch", build(TINY_CLASSIFIER, 1)),
        runner("torch", build(TINY_CLASSIFIER, 2)),
    )
    assert parity(one, one, IMAGES) == 0
    assert parity(one, other, IMAGES) > 1e-3


def test_a_whole_package_answers_alike_in_both_runtimes(tiny_package):
    package = open_package(tiny_package)
    one, other = networks_from_package(package), networks_from_package(package, runtime="onnx")
    crops = list(IMAGES[:, 0])
    np.testing.assert_allclose(one.logits(crops), other.logits(crops), atol=1e-4)
    films = [np.random.default_rng(1).random((100, 70)).astype(np.float32)]
    for a, b in zip(one.find(films)[0].hips, other.find(films)[0].hips, strict=True):
        assert a.score == pytest.approx(b.score, abs=1e-4)  # boxes of an untrained one are ties


def test_what_is_missing_is_said():
    with pytest.raises(PackageError, match="no ONNX model of its classifier"):
        runner("onnx", None, None, part="classifier")
    if not is_installed("openvino"):
        with pytest.raises(MissingExtraError, match="openvino"):
            runner("openvino", None, b"x")
