"""Copies are found however they were made, other people's films are not, order does not matter."""

import numpy as np
import pytest
from tests.pixels.copied_films import CHANGES, people

from osteon.pixels.copies import find_copies
from osteon.pixels.fingerprint import MIRROR, RECORD, film_fingerprint
from osteon.pixels.landmark_index import find_candidates
from osteon.pixels.resample import fit_within


@pytest.fixture(scope="module")
def films():
    return people(24)


@pytest.fixture(scope="module")
def originals(films):
    return [film_fingerprint(film) for film in films]


def pairs_of(records):
    return {
        (pair.first, pair.second): pair for pair in find_copies(np.array(records, RECORD)).copies
    }


def test_other_people_of_one_build_are_no_copies(originals):
    assert pairs_of(originals) == {}


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_found(films, originals, change):
    generator = np.random.default_rng(3)
    chosen = range(0, 24, 3)
    copies = [film_fingerprint(CHANGES[change](films[number], generator)) for number in chosen]
    found = pairs_of([*originals, *copies])
    wanted = {(number, 24 + place) for place, number in enumerate(chosen)}
    assert set(found) <= wanted
    assert len(found) >= len(wanted) - 1
    assert {pair.is_mirrored for pair in found.values()} == {change == "mirrored"}


def test_an_inverted_copy_has_a_negative_agreement(films, originals):
    found = pairs_of([*originals, film_fingerprint(1 - films[5])])
    assert found[(5, 24)].agreement < -0.99


def test_two_films_are_enough_and_the_order_does_not_matter(films):
    first, copy = film_fingerprint(films[0]), film_fingerprint(films[0][6:190, 4:150])
    one, two = pairs_of([first, copy]), pairs_of([copy, first])
    assert set(one) == set(two) == {(0, 1)}
    assert one[(0, 1)].agreement == pytest.approx(two[(0, 1)].agreement, abs=0.03)
    assert one[(0, 1)].overlap == pytest.approx(1.0, abs=0.05)


def test_mirroring_a_film_exchanges_the_odd_bits(films):
    plain, mirror = film_fingerprint(films[1]), film_fingerprint(films[1][:, ::-1])
    exchanged = set((mirror["hashes"] ^ np.uint64(MIRROR)).tolist())
    near = [
        min(int(code ^ np.uint64(other)).bit_count() for other in exchanged)
        for code in plain["hashes"].tolist()
    ]
    assert np.mean(np.array(near) <= 3) > 0.7


def test_a_copy_below_the_side_is_measured_alike(films):
    film = films[7]
    small = fit_within(film, 110)[0]
    one, two = film_fingerprint(film), film_fingerprint(small)
    near = [min(int(code ^ other).bit_count() for other in two["hashes"].tolist())
            for code in one["hashes"].tolist()]  # fmt: skip
    assert np.mean(np.array(near) <= 11) > 0.7
    assert (0, 1) in pairs_of([one, two])


def test_a_film_without_structure_or_size_has_no_landmarks():
    assert film_fingerprint(np.zeros((60, 40), np.float32))["count"] == 0
    assert film_fingerprint(np.random.default_rng(0).random((8, 9), np.float32))["count"] == 0
    nothing = find_copies(np.zeros(0, RECORD))
    assert (nothing.copies, nothing.candidates) == ((), 0)


def test_the_same_films_give_the_same_bits(films):
    assert film_fingerprint(films[2]).tobytes() == film_fingerprint(films[2].copy()).tobytes()


def test_candidates_name_the_turn_that_was_made(films):
    records = np.array([film_fingerprint(films[0]), film_fingerprint(np.rot90(films[0]))], RECORD)
    found = find_candidates(records)
    assert (found.first.tolist(), found.second.tolist()) == ([0], [1])
    turn = np.angle(complex(*found.transforms[0, :2]), deg=True)
    assert abs(abs(turn) - 90) < 2
    assert not found.is_mirrored[0]


@pytest.mark.parametrize("mode", ["r", "c"])
def test_a_mapped_file_answers_as_an_array_and_keeps_what_was_changed(films, tmp_path, mode):
    records = np.array([film_fingerprint(film) for film in (films[0], films[1])], RECORD)
    np.save(tmp_path / "films.npy", records)
    mapped = np.load(tmp_path / "films.npy", mmap_mode=mode)
    assert find_copies(mapped) == find_copies(records)
    if mode == "c":
        mapped[1] = records[0]
        first = find_copies(mapped)
        assert [(pair.first, pair.second) for pair in first.copies] == [(0, 1)]
        assert find_copies(mapped) == first
    assert not find_copies(records).copies
