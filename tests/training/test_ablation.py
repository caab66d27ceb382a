import pandas as pd
import pytest

from osteon.core.labels import LabelSet
from osteon.models.spec import ClassifierSpec
from osteon.training.ablation import ablate, design
from osteon.training.augmentation import VARIATIONS
from osteon.training.presets import classifier_preset
from osteon.training.settings import ClassifierFit, ClassifierTraining

CLASSES = ("no_fracture", "displaced_femoral_neck")
LABELS = LabelSet("two", CLASSES, frozenset({CLASSES[1]}), ("No", "Yes"))
TINY = ClassifierTraining(
    model=ClassifierSpec(encoder="resnet10_w16", image_size_px=32, classes=CLASSES),
    fit=ClassifierFit(learning_rate=3e-3, batch_size=8, epochs=1, device="cpu"),
)


def test_the_papers_design():
    variants = design(classifier_preset("paper"), is_small=False)
    rows = {table: [v.name for v in variants if v.table == table] for table in ("E1", "E2", "size")}
    assert rows["E1"][0] == "full"
    assert {f"without {name}" for name in (*VARIATIONS, "attention")} <= set(rows["E1"])
    assert rows["E2"] == ["densenet169", "vgg19", "inception_v3", "inception_resnet_v2"]
    assert rows["size"] == ["224 px", "500 px", "1000 px"]
    assert len({v.folder_name for v in variants}) == len(variants)


@pytest.mark.parametrize("preset", ["paper", "demo"])
def test_every_variant_changes_one_thing(preset):
    base = classifier_preset(preset)
    for variant in design(base, is_small=preset == "demo"):
        changed = base.changed(variant.changes)
        off = len(base.fit.augmentation.switched_on) - len(changed.fit.augmentation.switched_on)
        differs = [
            changed.model.encoder != base.model.encoder,
            changed.model.image_size_px != base.model.image_size_px,
            changed.model.squeeze_excitation != base.model.squeeze_excitation,
            off > 0,
        ]
        assert sum(differs) == (changed != base), variant.name
        if variant.name.startswith("without") and variant.name != "without any":
            assert off == (variant.name != "without attention")


def test_the_table_and_going_on_where_it_stopped(tmp_path, drawn_study):
    cases, splits, films = drawn_study(patients=12)
    variants = [v for v in design(TINY, is_small=True) if v.name in {"full", "without cutout"}]
    variants.append(variants[0].__class__("E2", "resnet10_w16", {}))

    def run():
        return list(ablate((cases, splits), films, TINY, variants, LABELS, tmp_path, seed=1))

    tables = run()
    assert [len(table) for table in tables] == [2, 4, 6]
    last = tables[-1]
    assert list(last["subset"][:2]) == ["tuning", "internal_test"]
    for name in ("accuracy", "binary_accuracy", "auroc"):
        defined = last[last[name].notna()]
        assert (defined[f"{name}_low"] <= defined[name]).all()
        assert (defined[name] <= defined[f"{name}_high"]).all()
    assert last.loc[last["variant"] == "full", "accuracy"].tolist() == (
        last.loc[last["variant"] == "resnet10_w16", "accuracy"].tolist()
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["E1-full", "E1-without-cutout"]
    (tmp_path / "E1-without-cutout" / "manifest.json").unlink()  # as if killed before the end
    again = run()[-1]
    timeless = [name for name in last if name != "training_s"]
    pd.testing.assert_frame_equal(last[timeless], again[timeless])
