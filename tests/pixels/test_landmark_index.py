"""Lots change no answer; hashes far apart are no agreement, near ones are, mirrored or not."""

import numpy as np
from tests.pixels.copied_films import CHANGES, people

from osteon.pixels import landmark_index
from osteon.pixels.fingerprint import MIRROR, RECORD, film_fingerprint
from osteon.pixels.landmark_bands import NEAR_BITS, agreements, landmarks_of, sorted_in_bands
from osteon.pixels.landmark_index import find_candidates


def _records():
    films = people(12)
    rng = np.random.default_rng(4)
    copies = [change(films[place], rng) for place, change in enumerate(CHANGES.values())]
    return np.array([film_fingerprint(film) for film in (*films, *copies)], RECORD)


def test_the_size_of_a_lot_changes_no_pair(monkeypatch):
    records = _records()
    whole = find_candidates(records)
    monkeypatch.setattr(landmark_index, "_LOT", 5)
    monkeypatch.setattr(landmark_index, "_BLOCK", 3)
    in_lots = find_candidates(records)
    assert len(whole.first) >= len(CHANGES) - 1
    for name in ("first", "second", "shared", "is_mirrored", "transforms"):
        np.testing.assert_array_equal(getattr(in_lots, name), getattr(whole, name))


def test_agreements_are_those_within_the_bits_that_share_a_band():
    rng = np.random.default_rng(6)
    code = int(rng.integers(0, 2**63))
    apart = [0, 1, NEAR_BITS, NEAR_BITS + 1]
    records = np.zeros(len(apart) + 1, RECORD)
    records["count"] = 1
    records["hashes"][0, 0] = code
    for film, bits in enumerate(apart, start=1):
        records["hashes"][film, 0] = code ^ ((1 << bits) - 1)  # the upper bands stay equal
    lot = landmarks_of(records, 0, len(records))
    bands, room = sorted_in_bands(lot.codes), np.empty((16, 4), np.int32)
    count = agreements((0, 0, 0, np.uint64(code)), lot, bands, room, 0)
    assert sorted(room[:count, 0].tolist()) == [1, 2, 3]
    mirrored = agreements((0, 0, 1, np.uint64(code ^ MIRROR)), lot, bands, room, 0)
    assert mirrored == 0
