"""From cases to the tables of predictions and of automatic boxes; misses are rows.

Work is done in chunks of films. With a folder to keep them in, a finished chunk is never done
again: its name holds the networks, the settings and the cases.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.core.geometry import Box, Laterality
from osteon.core.manifest import fingerprint
from osteon.core.progress import track
from osteon.core.schemas import BOX_COLUMNS, DETECTIONS, PREDICTIONS, SUBSETS
from osteon.core.tables import read_table, write_table
from osteon.errors import DataError
from osteon.models.detector import HipDetection
from osteon.pixels.cache import PixelCache
from osteon.pixels.resample import spacing_after
from osteon.prediction.calibration import with_probabilities
from osteon.prediction.ensemble import mean_logits
from osteon.prediction.networks import Networks
from osteon.prediction.settings import BoxSource, PredictSettings
from osteon.prediction.tuning import LOGIT_PREFIX

__all__ = ["CasePredictions", "predict_cases"]


@dataclass(frozen=True, slots=True, eq=False)
class CasePredictions:
    """What the networks said.

    Parameters
    ----------
    predictions
        Table PREDICTIONS: one row per case and box source, with ``logit_<class>`` and
        ``probability_<class>`` (uncalibrated: see ``calibration.with_probabilities``). A hip the
        detector missed is a row with empty box and probabilities.
    detections
        Table DETECTIONS: every automatic box on the cases' films, those without a labelled hip
        included.
    """

    predictions: pd.DataFrame
    detections: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Hip:
    """One row to be: the case, whose box, the box in the stored image, the detector's score."""

    case: Any
    box_source: BoxSource
    reference: Box
    box: Box | None
    score: float | None


def predict_cases(
    cases: pd.DataFrame,
    splits: pd.DataFrame,
    cache: PixelCache,
    networks: Networks,
    *,
    subsets: Sequence[str] = SUBSETS,
    fold: int = 0,
    settings: PredictSettings | None = None,
    keep_in: Path | None = None,
) -> CasePredictions:
    """Predict every case of some subsets.

    Parameters
    ----------
    cases, splits
        Tables CASES and SPLITS.
    cache
        Prepared films, their longer side as the networks' preprocessing says.
    networks
        Detector and classifiers.
    subsets
        Which patients, by subset.
    fold
        The fold whose split counts.
    settings
        Box sources, averaging, chunk size.
    keep_in
        Folder for finished chunks; a second call with the same arguments goes on from there.

    Returns
    -------
    CasePredictions
        Both tables.

    Raises
    ------
    DataError
        If the films were prepared at another size than the networks were made for.
    """
    settings = settings or PredictSettings()
    if cache.max_side_px != networks.preprocessing.film_side_px:
        raise DataError(
            f"films are prepared at {cache.max_side_px} px,"
            f" the networks want {networks.preprocessing.film_side_px} px"
        )
    rows = _with_subset(cases, splits, fold)
    rows = rows[rows["subset"].isin(list(subsets))].sort_values("case_id", kind="stable")
    chunks = _chunks(rows, settings.films_per_chunk)
    parts = [
        _kept_chunk(chunk, cache, networks, settings, keep_in)
        for chunk in track(chunks, "predicting films", total=len(chunks))
    ]
    if not parts:
        return CasePredictions(_empty(networks), DETECTIONS.empty())
    return CasePredictions(
        PREDICTIONS.checked(pd.concat([part.predictions for part in parts], ignore_index=True)),
        DETECTIONS.checked(pd.concat([part.detections for part in parts], ignore_index=True)),
    )


def _with_subset(cases: pd.DataFrame, splits: pd.DataFrame, fold: int) -> pd.DataFrame:
    mine = splits.loc[splits["fold"] == fold, ["patient_id", "subset", "fold"]]
    return cases.drop(columns=["subset", "fold"], errors="ignore").merge(
        mine, on="patient_id", how="inner", validate="many_to_one"
    )


def _chunks(rows: pd.DataFrame, films_per_chunk: int) -> list[pd.DataFrame]:
    films = rows["content_hash"].drop_duplicates().to_list()
    groups = [films[i : i + films_per_chunk] for i in range(0, len(films), films_per_chunk)]
    return [rows[rows["content_hash"].isin(group)] for group in groups]


def _kept_chunk(
    rows: pd.DataFrame,
    cache: PixelCache,
    networks: Networks,
    settings: PredictSettings,
    keep_in: Path | None,
) -> CasePredictions:
    if keep_in is None:
        return _predicted(rows, cache, networks, settings)
    wanted = rows[["case_id", "content_hash", "subset", "fold", "label", *BOX_COLUMNS]]
    key = fingerprint([networks.digest, settings.resolved(), wanted.to_json(orient="values")])
    name = f"{key[:24]}.parquet"
    path, boxes = keep_in / name, keep_in / "boxes" / name
    if path.exists() and boxes.exists():
        return CasePredictions(read_table(PREDICTIONS, path), read_table(DETECTIONS, boxes))
    made = _predicted(rows, cache, networks, settings)
    return CasePredictions(
        write_table(made.predictions, PREDICTIONS, path),
        write_table(made.detections, DETECTIONS, boxes),
    )


def _predicted(
    rows: pd.DataFrame, cache: PixelCache, networks: Networks, settings: PredictSettings
) -> CasePredictions:
    hashes = rows["content_hash"].drop_duplicates().to_list()
    films = {name: cache.load(str(name)) for name in hashes}
    found: dict[Any, tuple[HipDetection, ...]] = {}
    if "automatic" in settings.box_sources:
        greys = [films[name][0] for name in hashes]
        spacings = [
            spacing_after(cache.pixel_spacing_mm(str(name)), films[name][1]) for name in hashes
        ]
        answers = networks.find(greys, spacings, search=settings.search)
        found = {name: answer.hips for name, answer in zip(hashes, answers, strict=True)}
    hips: list[_Hip] = []
    crops: list[list[NDArray[np.float32]]] = []
    for case in rows.itertuples(index=False):
        grey, factor = films[case.content_hash]
        for hip in _hips(case, settings.box_sources, found.get(case.content_hash, ()), factor):
            hips.append(hip)
            crops.append(_views(networks, grey, hip, factor))
    factors = {name: factor for name, (_, factor) in films.items()}
    return CasePredictions(
        _table(hips, _logits(networks, crops), networks), _detections(rows, found, factors)
    )


def _detections(
    rows: pd.DataFrame,
    found: Mapping[Any, tuple[HipDetection, ...]],
    factors: Mapping[Any, float],
) -> pd.DataFrame:
    """List every box, each with the labelled hip of its film and side, if there is one."""
    labelled = {(row.content_hash, row.laterality): row.case_id for row in rows.itertuples()}
    films = rows.drop_duplicates("content_hash").itertuples(index=False)
    records = [
        {
            "sop_instance_uid": film.sop_instance_uid,
            "laterality": str(item.laterality),
            "patient_id": film.patient_id,
            "subset": film.subset,
            "fold": film.fold,
            **dict(
                zip(
                    BOX_COLUMNS,
                    item.box.scaled(1 / factors[film.content_hash]).as_tuple(),
                    strict=True,
                )
            ),
            "detection_score": item.score,
            "case_id": labelled.get((film.content_hash, str(item.laterality))),
        }
        for film in films
        for item in found.get(film.content_hash, ())
    ]
    return DETECTIONS.checked(pd.DataFrame(records, columns=list(DETECTIONS.names)))


def _hips(
    case: Any,
    sources: Sequence[BoxSource],
    detections: tuple[HipDetection, ...],
    factor: float,
) -> Iterator[_Hip]:
    reference = Box(*(float(getattr(case, name)) for name in BOX_COLUMNS))
    for source in sources:
        if source == "manual":
            yield _Hip(case, source, reference, reference, None)
            continue
        mine = next((item for item in detections if item.laterality == case.laterality), None)
        if mine is None:
            yield _Hip(case, source, reference, None, None)
        else:
            yield _Hip(case, source, reference, mine.box.scaled(1 / factor), mine.score)


def _views(
    networks: Networks,
    grey: NDArray[np.float32],
    hip: _Hip,
    factor: float,
) -> list[NDArray[np.float32]]:
    if hip.box is None:
        return []
    return networks.views(grey, hip.box.scaled(factor), Laterality(hip.case.laterality))


def _logits(networks: Networks, crops: list[list[NDArray[np.float32]]]) -> NDArray[np.float64]:
    """One row for each hip, NaN where there is no crop; several crops of a hip are averaged."""
    flat = networks.logits([crop for views in crops for crop in views])
    result = np.full((len(crops), len(networks.label_set)), np.nan)
    start = 0
    for index, views in enumerate(crops):
        mine = flat[start : start + len(views)]
        start += len(views)
        if len(views) == 1:
            result[index] = mine[0]
        elif views:
            result[index] = mean_logits([row[None] for row in mine])[0]
    return result


def _table(hips: list[_Hip], logits: NDArray[np.float64], networks: Networks) -> pd.DataFrame:
    records: list[dict[str, Any]] = []
    for hip, row in zip(hips, logits, strict=True):
        box = hip.box.as_tuple() if hip.box is not None else (None,) * 4
        names = ("case_id", "patient_id", "sop_instance_uid", "laterality", "subset", "fold")
        records.append(
            {
                **{name: getattr(hip.case, name) for name in names},
                "box_source": hip.box_source,
                **dict(zip(BOX_COLUMNS, box, strict=True)),
                "detection_score": hip.score,
                "iou": None if hip.box is None else hip.box.iou(hip.reference),
                "label": hip.case.label,
                "predicted_label": None,
                "probability_fracture": None,
                **_logit_columns(row, networks),
            }
        )
    frame = PREDICTIONS.checked(pd.DataFrame.from_records(records))
    return with_probabilities(frame, None, networks.label_set)


def _logit_columns(row: NDArray[np.float64], networks: Networks) -> dict[str, float | None]:
    names = [LOGIT_PREFIX + name for name in networks.label_set.classes]
    return {
        name: None if np.isnan(value) else float(value)
        for name, value in zip(names, row, strict=True)
    }


def _empty(networks: Networks) -> pd.DataFrame:
    frame = PREDICTIONS.empty()
    for name in networks.label_set.classes:
        frame[LOGIT_PREFIX + name] = pd.array([], dtype="Float64")
    return with_probabilities(frame, None, networks.label_set)
