"""What a reading of a CT says: one record for each patient, as plain JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from osteon.prediction.patient_risk import PatientRisk
from osteon.prediction.reading import Note, Status

__all__ = ["CtReading", "ct_reading_from_json"]


@dataclass(frozen=True, slots=True)
class CtReading:
    """What became of one patient.

    Parameters
    ----------
    patient_id, source, case_id
        Whose CT, where it is, which series (empty where there is none to be read).
    status
        ``read``, ``refused`` (no CT fits) or ``unreadable``.
    reasons
        Why it was not read.
    flags
        What to know of a reading: contrast agent, metal, a CT the model was trained on, a clinical
        value that is missing.
    content_hash
        SHA-256 of the volume.
    steps
        What reading and projecting did.
    clinical
        Clinical values the networks were given; ``None`` where one is missing.
    risk
        Curve, risks and percentiles; ``None`` when it was not read.
    files
        What was written, relative to the folder of all readings.
    """

    patient_id: str
    source: str
    status: Status
    reasons: tuple[Note, ...] = ()
    flags: tuple[Note, ...] = ()
    case_id: str = ""
    content_hash: str = ""
    steps: tuple[str, ...] = ()
    clinical: dict[str, float | None] | None = None
    risk: PatientRisk | None = None
    files: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types; probabilities in [0, 1]."""
        return asdict(self)


def ct_reading_from_json(content: Mapping[str, Any]) -> CtReading:
    """Build a reading again from what :meth:`CtReading.as_json` gave.

    Raises
    ------
    pydantic.ValidationError
        If it is not such a record (a ValueError).
    """
    return TypeAdapter(CtReading).validate_python(content)
