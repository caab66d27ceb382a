"""What the new object says of its de-identification, and its new file meta information."""

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from osteon._version import __version__
from osteon.dicom.codes import Code
from osteon.dicom.uids import uid_for
from osteon.sources.deidentify.options import Option, method_codes

__all__ = ["add_marks", "is_modified_by_us", "renew_meta"]

_METHOD = f"Osteon {__version__}"
_PROFILE = "PS3.15 2024b Table E.1-1"


def add_marks(dataset: Dataset, options: tuple[Option, ...], *, pixels_are_clean: bool) -> None:
    """Write that the patient's identity was removed, and how (PS3.15 E.1.1, CID 7050).

    Parameters
    ----------
    dataset
        The cleaned object.
    options
        Options that were followed.
    pixels_are_clean
        Whether the pixels were searched and cleaned; then Burned In Annotation is NO.
    """
    codes = method_codes(
        tuple(
            option
            for option in options
            if option is not Option.CLEAN_PIXEL_DATA or pixels_are_clean
        )
    )
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = [_METHOD, _PROFILE, *(f"DCM {value}" for value, _ in codes)]
    dataset.DeidentificationMethodCodeSequence = Sequence(
        [Code(value, "DCM", meaning).item() for value, meaning in codes]
    )
    dataset.LongitudinalTemporalInformationModified = _temporal(options)
    if pixels_are_clean:
        dataset.BurnedInAnnotation = "NO"


def _temporal(options: tuple[Option, ...]) -> str:
    if Option.RETAIN_FULL_DATES in options:
        return "UNMODIFIED"
    return "MODIFIED" if Option.RETAIN_MODIFIED_DATES in options else "REMOVED"


def is_modified_by_us(dataset: Dataset) -> bool:
    """Whether an object says that its dates were moved by Osteon already."""
    method = dataset.get("DeidentificationMethod")
    said = [method] if isinstance(method, str) else list(method or ())
    is_moved = dataset.get("LongitudinalTemporalInformationModified") == "MODIFIED"
    return is_moved and any(str(item).startswith("Osteon ") for item in said)


def renew_meta(dataset: FileDataset, transfer_syntax: UID) -> None:
    """Make preamble and file meta information new: no source, no application entity titles."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = uid_for("osteon", "implementation")  # type: ignore[assignment]
    meta.ImplementationVersionName = f"OSTEON_{__version__}"[:16]
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128
