"""Archives that are damaged or hostile end in a reason."""

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.dicom.archive import (
    ArchiveLimits,
    is_zip,
    list_members,
    open_zip,
    read_archived,
    read_member,
)
from osteon.errors import DicomError

LIMITS = ArchiveLimits()


def archive_of(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


WHOLE = archive_of({"a": b"first" * 50, "b/c": b"second" * 80, "d/": b""})


def contents(data):
    with open_zip(data) as archive:
        return {
            member.name: read_member(archive, member.name, LIMITS)
            for member in list_members(archive, len(data), LIMITS)
            if member.problem is None
        }


def test_files_are_listed_and_read_and_folders_are_not():
    assert is_zip(WHOLE[:132])
    assert contents(WHOLE) == {"a": b"first" * 50, "b/c": b"second" * 80}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_ends_in_an_error_of_ours(data):
    damaged = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    with suppress(DicomError):  # anything else fails the test
        contents(bytes(damaged[:cut]))


def test_a_member_larger_than_allowed_is_not_inflated():
    data = archive_of({"large": bytes(10_000)})
    small = ArchiveLimits(max_member_bytes=5_000)
    with open_zip(data) as archive:
        assert list_members(archive, len(data), small)[0].problem[0] == "too_large"
        with pytest.raises(DicomError, match="wanted at most 0 MiB"):
            read_member(archive, "large", small)


def test_too_many_members_and_links_are_refused():
    with open_zip(WHOLE) as archive, pytest.raises(DicomError, match="at most 1"):
        list_members(archive, len(WHOLE), ArchiveLimits(max_members=1))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with open_zip(stream.getvalue()) as archive:
        assert list_members(archive, 100, LIMITS)[0].problem[0] == "archive_link"


def test_a_member_is_found_by_its_table_name(tmp_path):
    path = tmp_path / "outer.zip"
    path.write_bytes(archive_of({"in.zip": archive_of({"x/IM": b"film"})}))
    assert read_archived(path, "in.zip!/x/IM") == b"film"
    with pytest.raises(DicomError, match="archives deep"):
        read_archived(path, "a!/b!/c!/d")
