"""Where pulled objects go: whole files, each once, only those that were asked for."""

import hashlib
import os
import tempfile
import threading
from pathlib import Path

import pydicom

from osteon.core.files import hash_file
from osteon.errors import DicomError, StorageError
from osteon.sources.pull_archive import is_uid
from osteon.sources.pull_journal import PullJournal

__all__ = ["IncomingFile", "PullStore"]

_SOP_INSTANCE_UID = 0x00080018


class PullStore:
    """A folder of pulled files, ``<study>/<series>/<instance>.dcm``, and its journal.

    Left-overs of a run that was killed are removed; files that were whole and not yet taken down
    are taken down.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path, journal: PullJournal) -> None:
        self._folder, self._journal = folder, journal
        self._incoming = folder / ".incoming"
        self._lock = threading.Lock()
        self.kept = 0
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            for left_over in self._incoming.iterdir():
                left_over.unlink()
        except OSError as error:
            raise _storage_error(folder, error) from error
        for item in journal.unrecorded():
            path = self._path(item.study_instance_uid, item.series_instance_uid,
                              item.sop_instance_uid)  # fmt: skip
            if path.exists():
                self._record(item.sop_instance_uid, path, hash_file(path))

    def receive(self) -> "IncomingFile":
        """Open a file for an object that is coming in."""
        return IncomingFile(self, self._incoming)

    def _path(self, study: str, series: str, instance: str) -> Path:
        return self._folder / study / series / f"{instance}.dcm"

    def _record(self, instance: str, path: Path, digest: str) -> None:
        name = str(path.relative_to(self._folder))
        self._journal.record(instance, name, path.stat().st_size, digest)

    def keep(self, temporary: Path, digest: str) -> str:
        """Move a whole file into place and take it down.

        Returns
        -------
        ``kept``; ``again`` when the same object came before; else why it was not kept:
        ``not_dicom``, ``not_asked_for``, ``same_uid_other_content`` (the first stays).
        """
        try:
            instance = _instance_uid(temporary)
        except DicomError as error:
            self._journal.remark("", "not_dicom", error.message)
            return "not_dicom"
        with self._lock:
            place = self._journal.place_of(instance) if is_uid(instance) else None
            if place is None:
                detail = "an object came that was not asked for"
                self._journal.remark(instance, "not_asked_for", detail)
                return "not_asked_for"
            before = self._journal.hash_of(instance)
            if before is not None:
                if before == digest:
                    return "again"
                detail = f"another content came under this UID, SHA-256 {digest[:16]}"
                self._journal.remark(instance, "same_uid_other_content", detail)
                return "same_uid_other_content"
            path = self._path(*place, instance)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(path)
            _sync_folder(path.parent)
            self._record(instance, path, digest)
            self.kept += 1
        return "kept"


class IncomingFile:
    """One object on its way: nothing is to be seen of it until it is whole.

    Raises
    ------
    StorageError
        If the disk is full or cannot be written.
    """

    def __init__(self, store: PullStore, folder: Path) -> None:
        self._store = store
        self._hash = hashlib.sha256()
        try:
            handle, name = tempfile.mkstemp(dir=folder, suffix=".dcm")
        except OSError as error:
            raise _storage_error(folder, error) from error
        self._path = Path(name)
        self._stream = os.fdopen(handle, "wb")

    def write(self, data: bytes) -> None:
        """Take a piece of the object."""
        try:
            self._stream.write(data)
        except OSError as error:
            raise _storage_error(self._path, error) from error
        self._hash.update(data)

    def finish(self) -> str:
        """Keep the object, or say why not; see :meth:`PullStore.keep`."""
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            return self._store.keep(self._path, self._hash.hexdigest())
        except OSError as error:
            raise _storage_error(self._path, error) from error
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Leave nothing behind; a file that was kept has moved."""
        self._stream.close()
        self._path.unlink(missing_ok=True)


def _instance_uid(path: Path) -> str:
    """UID of the object in a file whose end is there.

    Raises
    ------
    DicomError
        If the file is no DICOM object.
    """
    try:
        dataset = pydicom.dcmread(path, specific_tags=[_SOP_INSTANCE_UID], stop_before_pixels=True)
        raw = dataset.get_item(_SOP_INSTANCE_UID).value  # as it stands, so nothing is corrected
        return bytes(raw).decode("ascii").strip(" \0")
    except Exception as error:  # damaged bytes fail in the parser in any way
        raise DicomError(f"what came is no DICOM object: {error}") from error


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder last over a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _storage_error(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"could not write {path}: {error.strerror or error}",
        remedy="free some space or choose another folder, then run the same command again",
    )
