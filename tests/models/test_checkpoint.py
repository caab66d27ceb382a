import json

import pytest
import torch

from osteon.errors import PackageError
from osteon.models.build import build
from osteon.models.checkpoint import (
    load_checkpoint,
    load_weights,
    read_tensors,
    save_checkpoint,
    save_weights,
    write_tensors,
)
from osteon.models.spec import ClassifierSpec, DetectorSpec

SPEC = ClassifierSpec(encoder="resnet10_w16", image_size_px=32)


def test_weights_come_back_bit_for_bit(tmp_path):
    model = build(SPEC, seed=3)
    save_checkpoint(tmp_path, model, SPEC)
    again, spec = load_checkpoint(tmp_path)
    assert spec == SPEC
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


def test_float16_is_half_the_size_and_stable_after_the_first_rounding(tmp_path):
    model = build(SPEC, seed=3)
    save_weights(tmp_path / "full.safetensors", model)
    save_weights(tmp_path / "half.safetensors", model, storage="float16")
    full, half = ((tmp_path / f"{n}.safetensors").stat().st_size for n in ("full", "half"))
    assert half < 0.55 * full
    load_weights(tmp_path / "half.safetensors", model)
    assert model.linear.weight.dtype == torch.float32
    save_weights(tmp_path / "again.safetensors", model, storage="float16")
    assert (tmp_path / "again.safetensors").read_bytes() == (
        tmp_path / "half.safetensors"
    ).read_bytes()


def test_channels_last_weights_are_written_like_any_others(tmp_path):
    model = build(SPEC, seed=3)
    save_weights(tmp_path / "a.safetensors", model)
    save_weights(tmp_path / "b.safetensors", model.to(memory_format=torch.channels_last))
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_values_beyond_float16_are_refused_by_name(tmp_path):
    model = build(SPEC)
    with torch.no_grad():
        model.linear.bias[0] = 1e6
    with pytest.raises(PackageError, match=r"linear\.bias holds values that float16 cannot"):
        save_weights(tmp_path / "w.safetensors", model, storage="float16")


def test_wrong_shapes_are_refused_by_name(tmp_path):
    save_weights(tmp_path / "w.safetensors", build(SPEC))
    other = build(ClassifierSpec(encoder="resnet10_w16", classes=("a", "b")))
    with pytest.raises(
        PackageError, match=r"linear.weight has shape \(6, 128\), wanted \(2, 128\)"
    ):
        load_weights(tmp_path / "w.safetensors", other)


def test_missing_and_unknown_names_are_refused(tmp_path):
    save_weights(tmp_path / "w.safetensors", build(SPEC))
    plain = build(ClassifierSpec(encoder="resnet10_w16", squeeze_excitation=False))
    with pytest.raises(PackageError, match="but the model does not, attention"):
        load_weights(tmp_path / "w.safetensors", plain)
    save_weights(tmp_path / "p.safetensors", plain)
    with pytest.raises(PackageError, match="it lacks attention"):
        load_weights(tmp_path / "p.safetensors", build(SPEC))


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"\xff" * 40])
def test_damaged_files_are_refused(tmp_path, content):
    save_checkpoint(tmp_path, build(SPEC), SPEC)
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(PackageError, match="cannot be read as safetensors"):
        load_checkpoint(tmp_path)


def test_a_spec_that_is_not_ours_is_refused(tmp_path):
    save_checkpoint(tmp_path, build(SPEC), SPEC)
    (tmp_path / "spec.json").write_text(json.dumps({"kind": "classifier", "enkoder": "x"}))
    with pytest.raises(PackageError, match="did you mean encoder"):
        load_checkpoint(tmp_path)
    with pytest.raises(PackageError, match="cannot be used"):
        load_checkpoint(tmp_path / "absent")


def test_the_record_travels_with_the_tensors(tmp_path):
    record = {"epoch": 3, "lr": 0.1 + 0.2}
    write_tensors(tmp_path / "s.safetensors", {"a": torch.arange(3)}, record)
    tensors, back = read_tensors(tmp_path / "s.safetensors")
    assert back == record
    assert tensors["a"].tolist() == [0, 1, 2]


def test_a_detector_comes_back(tmp_path):
    spec = DetectorSpec(encoder="resnet10_w16", image_size_px=64, fpn_channels=16, levels=(3, 4))
    model = build(spec, seed=1).eval()
    save_checkpoint(tmp_path, model, spec)
    again, _ = load_checkpoint(tmp_path)
    image = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    for before, after in zip(model.raw(image), again.raw(image), strict=True):
        assert torch.equal(before, after)
