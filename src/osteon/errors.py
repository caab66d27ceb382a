"""The exception tree and the exit codes it maps to.

::

    OsteonError                 1   anything Osteon raises on purpose
    ├── UsageError              2   the call or the settings are wrong
    │   ├── SettingsError           unknown key, value out of range
    │   └── MissingExtraError       an optional library is not installed
    ├── DataError               3   the data cannot be used as asked
    │   ├── DicomError              not DICOM, truncated, tag missing or impossible
    │   ├── DecodeError             pixels cannot be decoded
    │   ├── GeometryError           spacing, orientation or slices do not fit
    │   ├── TableError              a table lacks a column or holds a wrong value
    │   └── AnnotationError         labels that do not fit the images
    ├── StudyError              4   a stage is missing, stale or was refused
    ├── PackageError            5   a model package is refused
    ├── StorageError            6   disk full, not writable, lock held
    └── WorkerError             7   a worker process died, usually for want of memory

Expected trouble with single cases is not an exception: it is an
:class:`osteon.core.records.Exclusion`, which is counted and travels with the tables.
"""

__all__ = [
    "AnnotationError",
    "DataError",
    "DecodeError",
    "DicomError",
    "GeometryError",
    "MissingExtraError",
    "OsteonError",
    "PackageError",
    "SettingsError",
    "StorageError",
    "StudyError",
    "TableError",
    "UsageError",
    "WorkerError",
]


class OsteonError(Exception):
    """Base of everything Osteon raises on purpose.

    Parameters
    ----------
    message
        One sentence: what was got and what was wanted; names the case and tag.
    remedy
        What the user can do about it; printed on its own line.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(message, remedy)

    def __str__(self) -> str:
        return self.message if self.remedy is None else f"{self.message}\n  remedy: {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.remedy)


def _rebuild(kind: type[OsteonError], message: str, remedy: str | None) -> OsteonError:
    return kind(message, remedy=remedy)


class UsageError(OsteonError):
    """The call is wrong: arguments that do not exist or contradict each other."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting is unknown or its value is not allowed."""


class MissingExtraError(UsageError):
    """A verb needs an optional library that is not installed."""


class DataError(OsteonError):
    """The data cannot be used as asked."""

    exit_code = 3


class DicomError(DataError):
    """A file is not DICOM, is truncated, or a tag is missing or impossible."""


class DecodeError(DataError):
    """The pixels of a file cannot be decoded."""


class GeometryError(DataError):
    """Spacing, orientation or slice positions do not make an image."""


class TableError(DataError):
    """A table lacks a column or holds a value its schema does not allow."""


class AnnotationError(DataError):
    """Labels do not fit the images they are for."""


class StudyError(OsteonError):
    """A study folder lacks a stage, or a stage refuses to run."""

    exit_code = 4


class PackageError(OsteonError):
    """A model package is refused."""

    exit_code = 5


class StorageError(OsteonError):
    """Something could not be written: disk full, no permission, lock held."""

    exit_code = 6


class WorkerError(OsteonError):
    """A worker process died: killed from outside, usually for want of memory."""

    exit_code = 7
