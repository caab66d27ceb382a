import json

import numpy as np
import pandas as pd
import pytest
import torch

from osteon.core.schemas import CASES, SPLITS
from osteon.models.gate import build_gate
from osteon.models.gate_spec import VIEWS, GateSpec
from osteon.phantom.other_parts import OTHER_PARTS, draw_other_part
from osteon.prediction.gate import ask_gate
from osteon.prediction.run_folder import load_gate
from osteon.prediction.runtime import runner
from osteon.training.augmentation import FilmAugmentation
from osteon.training.gate import GateTask, middle_threshold, train_gate
from osteon.training.gate_films import gate_films
from osteon.training.gate_settings import GateFit

SPEC = GateSpec(image_size_px=32, width=4)
FIT = GateFit(epochs=2, batch_size=8, precision="fp32")


class Films:
    """Crossed bright bars: nothing that is drawn as another body part looks like it."""

    def load(self, content_hash):
        rng = np.random.default_rng(int(content_hash, 16))
        film = rng.normal(0.3, 0.03, (90, 80))
        film[30:50] += 0.5
        film[:, 30:45] += 0.2
        return np.clip(film, 0, 1).astype(np.float32), 0.5


def make_tables(n=24):
    rows = []
    for i in range(n):
        for side, x in (("R", 10), ("L", 90)):
            rows.append(
                {
                    "case_id": f"f{i}:{side}",
                    "patient_id": f"p{i}",
                    "sop_instance_uid": f"f{i}",
                    "laterality": side,
                    "x_min_px": x,
                    "y_min_px": 50,
                    "x_max_px": x + 60,
                    "y_max_px": 120,
                    "label": "arthroplasty" if side == "L" and i % 2 else "no_fracture",
                    "label_source": "phantom",
                    "content_hash": f"{i:064x}",
                    "path": "x",
                    "view": VIEWS[i % 4] if i else None,
                }
            )
    frame = pd.DataFrame(rows)
    cases = frame.assign(**{name: None for name in CASES.names if name not in frame})
    subsets = ["training" if i % 3 else "tuning" for i in range(n)]
    splits = pd.DataFrame({"patient_id": [f"p{i}" for i in range(n)], "fold": 0, "subset": subsets})
    return CASES.checked(cases), SPLITS.checked(splits)


@pytest.fixture
def task():
    cases, _ = make_tables()
    items = gate_films(cases, Films(), SPEC)
    return GateTask(items[:16], items[16:], SPEC, FIT, seed=0)


def test_half_of_an_epoch_is_other_films_and_they_change_with_the_epoch(task):
    assert task.training_size == 32
    hips = [int(task.load(i, 0)[1]) for i in range(32)]
    assert hips == [1] * 16 + [0] * 16
    assert torch.equal(task.load(20, 0)[0], task.load(20, 0)[0])
    assert not torch.equal(task.load(20, 0)[0], task.load(20, 1)[0])


def test_other_films_can_be_drawn_anew_in_each_epoch(task):
    """Without variation the same film comes back when drawn once, another one otherwise."""
    plain = FIT.changed({"augmentation": FilmAugmentation(crop=False).resolved()})
    for drawn, is_same in (("once", True), ("each_epoch", False)):
        settings = plain.changed({"others_drawn": drawn})
        own = GateTask(task.training, task.training, SPEC, settings, seed=0)
        assert own.training_size == task.training_size
        one, two = own.load(20, 0)[0], own.load(20, 1)[0]
        assert torch.equal(one, two) == is_same
        assert torch.equal(own.load(20, 1)[0], two)


def test_targets_follow_the_cases(task):
    seen = [task.load(i, epoch) for i in range(16) for epoch in range(6)]
    assert {int(hardware) for _, _, _, hardware in seen} == {0, 1}
    image, _, view, hardware = task.load(20, 0)
    assert image.shape == (1, 32, 32)
    assert (int(view), int(hardware)) == (VIEWS.index("other"), -1)


def test_metal_counts_only_while_its_hip_is_in_the_window(task):
    """Film 1 has metal on one side: windows without that hip are taught as free of metal."""
    values = {int(task.load(1, epoch)[3]) for epoch in range(40)}
    assert 1 in values
    clean = {int(task.load(2, epoch)[3]) for epoch in range(20)}
    assert clean == {0}


def test_an_unnamed_view_is_not_taught(task):
    assert {int(task.load(0, epoch)[2]) for epoch in range(5)} == {-100}


def test_training_writes_weights_spec_and_thresholds_and_is_not_repeated(tmp_path):
    cases, splits = make_tables()
    one = train_gate(cases, splits, Films(), SPEC, FIT, tmp_path, 3)
    assert {"loss", "tuning_loss"} & set(one.history[-1])
    thresholds = json.loads((tmp_path / "thresholds.json").read_text())
    assert set(thresholds) == {"hip", "hardware", "cross_table_lateral"}
    assert all(0.05 <= value <= 0.95 for value in thresholds.values())
    assert len(json.loads((tmp_path / "films.json").read_text())) == 24
    stamp = (tmp_path / "model.safetensors").stat().st_mtime_ns
    again = train_gate(cases, splits, Films(), SPEC, FIT, tmp_path, 3)
    assert again.best == one.best
    assert (tmp_path / "model.safetensors").stat().st_mtime_ns == stamp
    assert load_gate(tmp_path).spec == SPEC


def test_the_gate_learns_to_tell_its_films_from_others(tmp_path):
    cases, splits = make_tables()
    plain = FilmAugmentation(crop=False)
    fit = FIT.changed({"epochs": 15, "learning_rate": 1e-2, "augmentation": plain.resolved()})
    train_gate(cases, splits, Films(), SPEC, fit, tmp_path, 3)
    model = load_gate(tmp_path)
    films = [Films().load(f"{seed:064x}")[0] for seed in range(200, 220)]
    rng = np.random.default_rng(99)
    others = [draw_other_part(name, rng) for name in sorted(OTHER_PARTS) for _ in range(2)]
    answers = ask_gate([*films, *others], runner("torch", model), SPEC)
    said = np.array([answer.hip_probability > 0.5 for answer in answers])
    assert said[:20].mean() >= 0.9
    assert said[20:].mean() <= 0.3


def test_the_threshold_is_halfway_between_the_two_sides():
    logits = np.concatenate([np.full(100, 3.0), np.full(100, -1.0)])
    truth = np.arange(200) < 100
    assert middle_threshold(logits, truth) == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert middle_threshold(logits * 100, truth) == 0.95
    assert middle_threshold(logits, truth, highest=0.5) == 0.5
    assert middle_threshold(-logits, ~truth, lowest=0.5) == 0.5
    assert middle_threshold(logits, np.ones(200, bool)) == 0.5


def test_the_network_is_blind_to_brightness_and_contrast():
    model = build_gate(SPEC, 0).eval()
    film = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(model(film), model(0.3 + 0.5 * film), atol=0.02, rtol=0.05)
