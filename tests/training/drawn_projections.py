"""Drawn projections whose blobs' density drives the hazard, with a known best concordance."""

import numpy as np
import pandas as pd

from osteon.core.schemas import FOLLOW_UP, PROJECTED_VIEWS, PROJECTIONS, SPLITS

SUBSETS = ("training", "training", "training", "tuning", "internal_test")
FOLLOW_UP_COLUMNS = ("patient_id", "entry_days", "time_days", "cause")


class DrawnCohort:
    """Tables of made-up patients and, in a folder, their pictures.

    The log hazard of a fracture is ``strength`` times a standard normal ``weakness``; blobs get
    thinner with it. Each view shows the weakness with an error of its own, so views add up.
    """

    def __init__(self, folder, patients=60, size=48, seed=0, strength=1.5, subsets=SUBSETS):
        rng = np.random.default_rng(seed)
        self.weakness = rng.normal(size=patients)
        hazard = 1 / 2500 * np.exp(strength * self.weakness)
        fracture = rng.exponential(1 / hazard)
        death = rng.exponential(6000, patients)
        lost = rng.uniform(200, 4000, patients)
        times = np.stack([lost, fracture, death], axis=1)
        self.subset = np.array([subsets[number % len(subsets)] for number in range(patients)])
        ids = [f"P{number:04d}" for number in range(patients)]
        self.time, self.cause = np.ceil(times.min(axis=1)), times.argmin(axis=1)
        self.follow_up = FOLLOW_UP.checked(
            pd.DataFrame(
                {
                    "patient_id": ids, "index_date": "2010-01-01", "entry_days": 0.0,
                    "time_days": self.time, "cause": self.cause, "end_date": "2015-01-01",
                    "end_reason": np.array(["lost", "subsequent_fracture", "death"])[self.cause],
                }
            )
        )  # fmt: skip
        self.splits = SPLITS.checked(
            pd.DataFrame({"patient_id": ids, "fold": 0, "subset": self.subset})
        )
        rows = []
        (folder / "cache").mkdir(parents=True, exist_ok=True)
        for view in PROJECTED_VIEWS:
            for patient, weakness in zip(ids, self.weakness, strict=True):
                seen = weakness + rng.normal(0, 0.5)
                path = f"cache/{patient}-{view}.npy"
                np.save(folder / path, draw(seen, size, rng))
                rows.append(
                    {
                        "case_id": f"CT-{patient}", "patient_id": patient, "view": view,
                        "rows": size, "columns": size, "row_spacing_mm": 4.0,
                        "column_spacing_mm": 4.0, "path": path, "content_hash": f"hash-{patient}",
                    }
                )  # fmt: skip
        self.projections = PROJECTIONS.checked(pd.DataFrame(rows))
        self.folder = folder


def draw(weakness, size, rng):
    """A body of random thickness with two blobs, thinner in weak patients."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    thickness = rng.uniform(4, 7)
    body = ((x - 0.5) / 0.45) ** 2 + ((y - 0.5) / 0.4) ** 2
    picture = thickness * np.sqrt(np.clip(1 - body, 0, None))
    for middle in (0.28, 0.72):
        cx, cy = middle + rng.uniform(-0.04, 0.04), 0.55 + rng.uniform(-0.05, 0.05)
        blob = ((x - cx) ** 2 + (y - cy) ** 2) / 0.07**2
        picture += 2.0 * np.exp(-0.25 * weakness) * np.exp(-blob)
    return (picture + np.abs(rng.normal(0, 0.05, picture.shape))).astype(np.float32)
