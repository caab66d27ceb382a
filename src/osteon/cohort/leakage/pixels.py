"""Copies of films across subsets and ids, and words burned into films."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.cohort.leakage.finding import Finding
from osteon.pixels.copies import CopyPair

__all__ = ["copied_patients", "copy_findings", "films_of", "word_findings"]


def films_of(cases: pd.DataFrame) -> pd.DataFrame:
    """Films of a table of cases, one row each, in the order of their SOP Instance UIDs."""
    columns = ["sop_instance_uid", "patient_id", "content_hash"]
    films = cases[columns].drop_duplicates("sop_instance_uid")
    return films.sort_values("sop_instance_uid").reset_index(drop=True)


def copied_patients(
    films: pd.DataFrame, copies: Sequence[CopyPair]
) -> list[tuple[str, str, CopyPair]]:
    """Pairs of patient ids that own copies of one film, with the first such pair of films."""
    found: dict[tuple[str, str], CopyPair] = {}
    owners = films["patient_id"].astype(str).to_list()
    for pair in copies:
        one, two = sorted((owners[pair.first], owners[pair.second]))
        if one != two:
            found.setdefault((one, two), pair)
    return [(one, two, pair) for (one, two), pair in sorted(found.items())]


def copy_findings(
    films: pd.DataFrame, copies: Sequence[CopyPair], splits: pd.DataFrame
) -> Iterator[Finding]:
    """Say which copies are in two subsets, and which have two patient ids."""
    uids = films["sop_instance_uid"].astype(str).to_list()
    owners = films["patient_id"].astype(str).to_list()
    for fold, own in splits.groupby("fold", sort=True):
        subset_of = dict(zip(own["patient_id"].astype(str), own["subset"].astype(str), strict=True))
        for pair in copies:
            here, there = subset_of.get(owners[pair.first]), subset_of.get(owners[pair.second])
            if here is not None and there is not None and here != there:
                yield Finding(
                    "near_duplicate_pixels", "leakage", uids[pair.first], uids[pair.second],
                    f"film {uids[pair.first]} ({here}) and film {uids[pair.second]} ({there}) show "
                    f"one exposure{_how(pair)}",
                    here, there, pair.agreement, int(str(fold)),
                )  # fmt: skip
    for one, two, pair in copied_patients(films, copies):
        detail = (
            f"patient ids {one} and {two} own copies of one film ({uids[pair.first]}, "
            f"{uids[pair.second]}{_how(pair)}): one person, or a film filed wrongly"
        )
        yield Finding("same_person_two_ids", "warning", one, two, detail, strength=pair.agreement)


def _how(pair: CopyPair) -> str:
    words = [word for word, is_so in (("mirrored", pair.is_mirrored),
                                      ("inverted", pair.agreement < 0)) if is_so]  # fmt: skip
    return f", {' and '.join(words)}" if words else ""


def word_findings(films: pd.DataFrame, in_words: NDArray[np.int32]) -> Iterator[Finding]:
    """Name the films with words burned in."""
    for uid, letters in zip(films["sop_instance_uid"].astype(str), in_words, strict=True):
        if letters:
            detail = f"film {uid} shows about {letters} letters in words: they may tell the label"
            yield Finding("words_in_pixels", "warning", uid, uid, detail)
