"""Which wrong films to look at, and how they are told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.core.files import read_json, write_bytes, write_json
from osteon.core.labels import LabelSet
from osteon.reports.html import GalleryItem
from osteon.reports.scored import checked_predictions
from osteon.reports.task import TEST_SUBSETS
from osteon.reports.wording import SUBSET_TITLES

__all__ = ["GALLERY_NOTE", "choose_errors", "gallery_item", "read_gallery", "write_gallery"]

_LIST_NAME = "gallery.json"

GALLERY_NOTE = (
    "The errors the model was surest of: for every pair of reference standard and wrong class the"
    " hip with the highest wrong probability, the surest first. The colours show which pixels"
    " spoke for the class called; they do not prove why."
)


def choose_errors(
    predictions: pd.DataFrame, label_set: LabelSet, *, box_source: str = "manual", limit: int = 12
) -> pd.DataFrame:
    """Choose test cases that were called wrong, one of every pair of classes, the surest first.

    Parameters
    ----------
    predictions
        Table PREDICTIONS with its probability columns.
    limit
        Most cases to give.

    Returns
    -------
    Rows of the table, with a column ``probability_called``.
    """
    frame = checked_predictions(predictions, label_set)
    is_wanted = frame["subset"].isin(TEST_SUBSETS) & (frame["box_source"] == box_source)
    is_wrong = frame["predicted_label"].notna() & (frame["predicted_label"] != frame["label"])
    rows = frame[(is_wanted & is_wrong).to_numpy(bool)].copy()
    names = [f"probability_{name}" for name in label_set.classes]
    rows["probability_called"] = rows[names].max(axis=1)
    ordered = rows.sort_values(["probability_called", "case_id"], ascending=[False, True])
    first = ordered.drop_duplicates(["label", "predicted_label"])
    return first.head(limit).reset_index(drop=True)


def gallery_item(case: "pd.Series[Any]", png: bytes, label_set: LabelSet) -> GalleryItem:
    """Tell a case of :func:`choose_errors` beside its picture."""
    label, called = str(case["label"]), str(case["predicted_label"])
    title = f"{label_set.title(label)}, called {label_set.title(called).lower()}"
    given = float(case[f"probability_{called}"]) * 100
    true = float(case[f"probability_{label}"]) * 100
    subset = SUBSET_TITLES[str(case["subset"])]
    caption = (
        f"Probability of the class called {given:.0f} %, of the reference standard {true:.0f} %."
        f" {subset}, case {case['case_id']}."
    )
    alt = f"Film of a hip with a heat map. {title}."
    return GalleryItem(title, png, caption, alt)


def write_gallery(items: Sequence[GalleryItem], folder: Path) -> None:
    """Keep a gallery, so that a report can be made again without the model."""
    entries = []
    for number, item in enumerate(items, start=1):
        name = f"{number:03d}.png"
        write_bytes(folder / name, item.png)
        words = {"title": item.title, "caption": item.caption, "alt": item.alt}
        entries.append({"picture": name, **words})
    write_json(folder / _LIST_NAME, entries)


def read_gallery(folder: Path) -> tuple[GalleryItem, ...]:
    """Read a gallery that was kept; empty when there is none."""
    path = folder / _LIST_NAME
    entries = read_json(path) if path.exists() else []
    return tuple(
        GalleryItem(
            entry["title"], (folder / entry["picture"]).read_bytes(), entry["caption"], entry["alt"]
        )
        for entry in entries
    )
