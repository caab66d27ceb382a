"""Ids that are one person are one, whoever says so and in whatever order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.cohort.persons import joined_persons, read_links
from osteon.errors import TableError

ids = st.sampled_from("ABCDEFGH")


@given(
    st.sets(ids),
    st.dictionaries(ids, st.sampled_from("xyz")),
    st.lists(st.tuples(ids, ids), max_size=6),
    st.randoms(),
)
def test_joining_is_an_equivalence(patients, persons, pairs, random):
    found = joined_persons(patients, persons, pairs)
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert found == joined_persons(sorted(patients, reverse=True), persons, shuffled)
    assert set(found) == set(patients)
    for patient, person in found.items():
        assert found[person] == person
        assert person <= patient
    for one, two in pairs:
        if one in found and two in found:
            assert found[one] == found[two]
    for one in found:
        for two in found:
            if one in persons and persons.get(one) == persons.get(two):
                assert found[one] == found[two]


def test_a_link_table_is_checked(tmp_path):
    path = tmp_path / "links.csv"
    path.write_text("patient_id,person_id\n007,x\n8,x\n")
    assert list(read_links(path)["patient_id"]) == ["007", "8"]
    path.write_text("patient_id,person_id\nA,x\nA,y\n")
    with pytest.raises(TableError, match="two rows have the key"):
        read_links(path)
    with pytest.raises(TableError, match="cannot be read"):
        read_links(tmp_path / "absent.csv")
