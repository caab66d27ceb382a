"""What a pull needs of an archive, whichever way it speaks; and why an archive may fail."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from osteon.sources.pull_queries import PullQuery

__all__ = [
    "Archive",
    "ArchiveError",
    "Incoming",
    "Instance",
    "Receiver",
    "Series",
    "StudyAnswer",
    "answers_to",
    "is_uid",
]

_UID = re.compile(r"(?=.{1,64}$)[0-9]+(?:\.[0-9]+)*")


class ArchiveError(Exception):
    """An archive did not do what was asked.

    Parameters
    ----------
    reason
        Stable code, snake_case.
    detail
        One sentence for a person.
    is_passing
        Whether the same may work later (no connection, too busy).
    stops
        Whether nothing else will work either (unknown AE title, not authorised).
    wait_s
        How long the archive asks to wait.
    """

    def __init__(
        self,
        reason: str,
        detail: str,
        *,
        is_passing: bool = False,
        stops: bool = False,
        wait_s: float = 0.0,
    ) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail
        self.is_passing, self.stops, self.wait_s = is_passing, stops, wait_s


@dataclass(frozen=True, slots=True)
class Instance:
    """One object an archive says it has."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Series:
    """Objects of one series to fetch; ``is_whole`` when they are all that it has."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uids: tuple[str, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class StudyAnswer:
    """What an archive answered for one study: the values of the keys that were asked."""

    study_instance_uid: str
    patient_id: str
    accession_number: str


class Incoming(Protocol):
    """A file that is coming in."""

    def write(self, data: bytes) -> None:
        """Take a piece."""

    def finish(self) -> str:
        """Keep the file; the outcome is ``kept``, ``again`` or why it was not kept."""

    def abandon(self) -> None:
        """Leave nothing behind."""


Receiver = Callable[[], Incoming]


class Archive(Protocol):
    """An archive that can be asked and gives objects."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *exc_info: object) -> None:
        """End."""

    def find(self, query: PullQuery) -> list[Instance]:
        """List what answers a question.

        Raises
        ------
        ArchiveError
            If the archive does not answer, or answers something else.
        """

    def fetch(self, series: Series, receiver: Receiver) -> None:
        """Fetch the objects of a series; each goes to a file that ``receiver`` opens.

        Raises
        ------
        ArchiveError
            If not all of them came.
        """


def is_uid(text: str) -> bool:
    """Whether a text from outside is a UID, and so safe as the name of a file.

    Examples
    --------
    >>> is_uid("1.2.840.1"), is_uid("../1.2"), is_uid("1..2"), is_uid("1" * 65)
    (True, False, False, False)
    """
    return _UID.fullmatch(text) is not None


def answers_to(query: PullQuery, answers: Sequence[StudyAnswer], limit: int) -> list[str]:
    """Give the studies that do answer the question: some archives pass over keys they do not know.

    Raises
    ------
    ArchiveError
        ``answer_not_asked_for`` if none of the answers fits, ``too_many_matches`` if more than
        ``limit`` do.
    """
    fitting = [
        answer.study_instance_uid
        for answer in answers
        if is_uid(answer.study_instance_uid)
        and _fits(query.patient_id, answer.patient_id)
        and _fits(query.accession_number, answer.accession_number)
        and _fits(query.study_instance_uid, answer.study_instance_uid)
    ]
    if answers and not fitting:
        detail = f"{len(answers)} studies came, and none is what was asked for: {query}"
        raise ArchiveError("answer_not_asked_for", detail)
    if len(fitting) > limit:
        detail = f"{len(fitting)} studies match, at most {limit} are fetched: ask more narrowly"
        raise ArchiveError("too_many_matches", detail)
    return list(dict.fromkeys(fitting))


def _fits(asked: str, answered: str) -> bool:
    return not asked or not answered or asked.strip() == answered.strip()
