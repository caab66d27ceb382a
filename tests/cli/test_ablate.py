import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from osteon.cli.ablate import command
from osteon.core.schemas import CASES, SPLITS
from osteon.core.tables import write_table
from osteon.errors import SettingsError
from osteon.pixels.cache import PixelCache

SMALL = [
    "fit.epochs=1", "fit.device=cpu", "model.image_size_px=32", "model.encoder=resnet10_w16",
    "fit.precision=fp32",
]  # fmt: skip


@pytest.fixture
def study(tmp_path, monkeypatch):
    rows, splits = [], []
    for number in range(6):
        subset = ("training", "tuning", "internal_test")[number % 3]
        splits.append({"patient_id": f"P{number}", "fold": 0, "subset": subset})
        for side in "LR":
            label = "arthroplasty" if (number + (side == "L")) % 2 else "intertrochanteric"
            rows.append(
                {
                    "case_id": f"{number}:{side}", "patient_id": f"P{number}",
                    "sop_instance_uid": str(number), "laterality": side, "x_min_px": 5,
                    "y_min_px": 5, "x_max_px": 30, "y_max_px": 40, "label": label,
                    "label_source": "phantom", "content_hash": f"h{number}", "path": "x",
                }
            )  # fmt: skip
    cases = pd.DataFrame(rows)
    for name in CASES.names:
        cases[name] = cases.get(name)
    write_table(cases, CASES, tmp_path / "tables" / "cases.parquet")
    write_table(pd.DataFrame(splits), SPLITS, tmp_path / "tables" / "splits.parquet")
    grey = np.random.default_rng(0).uniform(0, 1, (64, 64)).astype(np.float32)
    monkeypatch.setattr(PixelCache, "prepare", lambda self, cases, workers: [])
    monkeypatch.setattr(PixelCache, "load", lambda self, content_hash: (grey, 1.0))
    return tmp_path


def run(study, *extra):
    sets = [part for assignment in SMALL for part in ("--set", assignment)]
    arguments = ["--study", str(study), "--preset", "demo", "--seed", "1", *sets, *extra]
    return CliRunner().invoke(command, arguments)


def test_it_writes_the_table(study):
    result = run(study, "--table", "size")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(study / "runs" / "ablation-demo-1" / "ablation.csv")
    assert table["variant"].tolist() == ["64 px"] * 2 + ["128 px"] * 2 + ["192 px"] * 2
    assert table["hips"].tolist() == [4] * 6
    assert "accuracy_low" in table
    assert "written to" in result.output


def test_a_wrong_setting_is_told_the_nearest(study):
    result = run(study, "--set", "fit.epoch=3")
    assert isinstance(result.exception, SettingsError)
    assert "did you mean epochs" in str(result.exception)
