import pytest
import torch
from safetensors.torch import save_file

from osteon.errors import PackageError, SettingsError, StorageError
from osteon.models import pretrained
from osteon.models.build import build
from osteon.models.encoders import names
from osteon.models.pretrained import DOWNLOADS, download, initialise
from osteon.models.spec import ClassifierSpec, DetectorSpec

CLASSIFIER = ClassifierSpec(encoder="resnet18", image_size_px=64)
DETECTOR = DetectorSpec(encoder="resnet18", image_size_px=64, normalisation="frozen")


@pytest.fixture
def imagenet(tmp_path):
    from torchvision.models import resnet18  # importable once osteon.models.encoders is

    model = resnet18()
    path = tmp_path / "resnet18.safetensors"
    save_file(model.state_dict(), path)
    return model.eval(), path


def test_published_names_fit_the_classifiers_encoder(imagenet):
    published, path = imagenet
    model = build(CLASSIFIER, seed=1).eval()
    head = model.linear.weight.clone()
    initialise(model, CLASSIFIER, "file", path)
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        features = published.layer4(
            published.layer3(
                published.layer2(
                    published.layer1(
                        published.maxpool(published.relu(published.bn1(published.conv1(image))))
                    )
                )
            )
        )
        assert torch.equal(model.encoder(image), features)
    assert torch.equal(model.linear.weight, head)


def test_published_names_fit_the_detectors_trunk_with_frozen_statistics(imagenet):
    published, path = imagenet
    model = build(DETECTOR, seed=1)
    initialise(model, DETECTOR, "file", path)
    assert torch.equal(model.backbone.body.layer4[1].bn2.weight, published.layer4[1].bn2.weight)
    assert torch.equal(model.backbone.body.conv1.weight, published.conv1.weight)


def test_our_own_detector_is_a_start_too(tmp_path):
    one, other = build(DETECTOR, seed=1), build(DETECTOR, seed=2)
    save_file(one.state_dict(), tmp_path / "own.safetensors")
    initialise(other, DETECTOR, "file", tmp_path / "own.safetensors")
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def test_half_an_encoder_is_refused(imagenet, tmp_path):
    published, _ = imagenet
    half = {n: t for n, t in published.state_dict().items() if not n.startswith("layer4")}
    save_file(half, tmp_path / "half.safetensors")
    with pytest.raises(PackageError, match=r"does not hold the encoder: .*layer4"):
        initialise(build(CLASSIFIER), CLASSIFIER, "file", tmp_path / "half.safetensors")


def test_a_pickle_is_refused(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(PackageError, match="cannot be read as safetensors"):
        initialise(build(CLASSIFIER), CLASSIFIER, "file", path)


def test_scratch_changes_nothing_and_fetches_nothing(monkeypatch):
    monkeypatch.setattr(pretrained, "download", lambda encoder: pytest.fail("fetched"))
    model = build(CLASSIFIER, seed=1)
    before = model.linear.weight.clone()
    initialise(model, CLASSIFIER, "scratch", None)
    assert torch.equal(before, model.linear.weight)


def test_a_download_is_safetensors_or_nothing(monkeypatch, imagenet):
    asked = []

    class Hub:
        @staticmethod
        def hf_hub_download(repository, name):
            asked.append((repository, name))
            return str(imagenet[1])

    monkeypatch.setattr(pretrained, "require", lambda module, purpose: Hub)
    model = build(CLASSIFIER)
    initialise(model, CLASSIFIER, "download", None)
    assert asked == [("timm/resnet18.tv_in1k", "model.safetensors")]
    assert torch.equal(model.encoder.network.conv1.weight, imagenet[0].conv1.weight)


def test_a_failed_download_says_what_to_do(monkeypatch):
    class Hub:
        @staticmethod
        def hf_hub_download(repository, name):
            raise OSError("no route")

    monkeypatch.setattr(pretrained, "require", lambda module, purpose: Hub)
    with pytest.raises(StorageError, match=r"initial\.source=file"):
        download("resnet18")
    with pytest.raises(SettingsError, match="no download for 'resnet10_w16'"):
        download("resnet10_w16")
    assert set(DOWNLOADS) <= set(names())


def test_torchvisions_retinanet_fits_but_for_its_ninety_one_classes():
    from torchvision.models.detection import retinanet_resnet50_fpn

    published = retinanet_resnet50_fpn(weights=None, weights_backbone=None).state_dict()
    spec = DetectorSpec(encoder="resnet50", image_size_px=64, normalisation="frozen")
    own = build(spec).state_dict()
    differ = {
        name for name in own if name not in published or own[name].shape != published[name].shape
    }
    assert differ == {
        "head.classification_head.cls_logits.weight",
        "head.classification_head.cls_logits.bias",
    }
