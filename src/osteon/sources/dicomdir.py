"""What a DICOMDIR lists, and what of it is not there.

The files of a medium are found by walking it, listed or not; the index is read to say which files
it promises that are absent.
"""

import io
import os
from collections.abc import Callable, Iterable, Iterator

from pydicom import dcmread

from osteon.core.records import Exclusion
from osteon.dicom.scan import Buffer

__all__ = ["missing_references", "references"]


def references(data: Buffer) -> list[tuple[str, ...]]:
    """File IDs of a DICOMDIR: the parts of each path, from the folder of the index.

    An index that cannot be parsed lists nothing.
    """
    try:
        dataset = dcmread(io.BytesIO(data), force=True)
        records = dataset.get("DirectoryRecordSequence") or []
        listed = [record.get("ReferencedFileID") for record in records]
    except Exception:  # a damaged index costs nothing: the folder is walked anyway
        return []
    found = set()
    for item in listed:
        if item:
            found.add((item,) if isinstance(item, str) else tuple(str(part) for part in item))
    return sorted(found)


def missing_references(
    key: str, listed: Iterable[tuple[str, ...]], exists: Callable[[tuple[str, ...]], bool]
) -> Iterator[Exclusion]:
    """Say which listed files are absent, or lead out of the medium."""
    for parts in listed:
        name = "/".join(parts)
        if any(part in ("..", "", ".") or os.sep in part for part in parts):
            yield Exclusion(
                "file", f"{key}#{name}", "ingest", "dicomdir_reference_climbs",
                "the DICOMDIR lists a file outside its medium",
            )  # fmt: skip
        elif not exists(parts):
            yield Exclusion(
                "file", f"{key}#{name}", "ingest", "dicomdir_reference_missing",
                "the DICOMDIR lists this file, and it is not there",
            )  # fmt: skip
