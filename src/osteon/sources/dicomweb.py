"""An archive over the web: QIDO-RS to ask, WADO-RS to fetch (DICOM PS3.18).

Objects stream from the connection to disk as they are; nothing is decoded. Redirections are not
followed: they would take the patients' ids, and the password, elsewhere.
"""

import os
import re
from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Any, Literal, Self

from pydantic import Field, field_validator

from osteon.core.optional import require
from osteon.core.settings import Settings
from osteon.sources.pull_archive import (
    ArchiveError,
    Incoming,
    Instance,
    Receiver,
    Series,
    StudyAnswer,
    answers_to,
    is_uid,
)
from osteon.sources.pull_queries import PullQuery

__all__ = ["MultipartReceiver", "WebArchive", "WebSettings"]

_PIECE_BYTES = 2**16
_JSON = "application/dicom+json"
_OBJECTS = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_PATIENT_ID, _ACCESSION, _MODALITY = "00100020", "00080050", "00080060"
_BUSY = (408, 425, 429, 500, 502, 503, 504)


class WebSettings(Settings):
    """Where an archive is on the web.

    Parameters
    ----------
    url
        Root of the service, e.g. ``https://pacs/dicom-web``.
    user, password_variable
        Name, and the environment variable with the password, for HTTP basic authentication.
    token_variable
        Environment variable with a bearer token.
    ca_bundle
        File with the certificates to trust; the system's when empty. Certificates are always
        checked.
    page
        How many answers are asked for at once.
    timeout_s
        Longest wait for an answer, and between two pieces of it.
    most_studies
        Questions that more studies match are refused.
    """

    kind: Literal["dicomweb"] = "dicomweb"
    url: str
    user: str = ""
    password_variable: str = "OSTEON_PULL_PASSWORD"
    token_variable: str = "OSTEON_PULL_TOKEN"
    ca_bundle: str = ""
    page: int = Field(500, ge=1)
    timeout_s: float = Field(60.0, gt=0)
    most_studies: int = Field(500, ge=1)

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s?#@]+", value):
            raise ValueError("wanted http(s)://host/path, without a name or password in it")
        return value.rstrip("/")


class WebArchive:
    """Ask an archive and fetch from it over DICOMweb.

    Parameters
    ----------
    settings
        Its address and how to show who asks.

    Raises
    ------
    MissingExtraError
        If requests or python-multipart is not installed.
    """

    def __init__(self, settings: WebSettings) -> None:
        self.settings = settings
        purpose = "asking an archive over DICOMweb"
        self._requests: Any = require("requests", purpose=purpose)
        require("python_multipart", purpose=purpose)
        self._session = self._requests.Session()
        self._session.trust_env = False  # no names and passwords from files the user did not name
        self._session.verify = settings.ca_bundle or True
        if token := os.environ.get(settings.token_variable):
            self._session.headers["Authorization"] = f"Bearer {token}"
        elif settings.user:
            password = os.environ.get(settings.password_variable, "")
            self._session.auth = (settings.user, password)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._session.close()

    def find(self, query: PullQuery) -> list[Instance]:
        """List what answers a question: studies, their series of the modalities, their objects."""
        answers = [
            StudyAnswer(_text(item, _STUDY), _text(item, _PATIENT_ID), _text(item, _ACCESSION))
            for item in self._search("studies", _parameters(query))
        ]
        studies = answers_to(query, answers, self.settings.most_studies)
        return [item for study in studies for item in self._instances(study, query)]

    def _instances(self, study: str, query: PullQuery) -> Iterator[Instance]:
        for series in self._search(f"studies/{study}/series", {}):
            uid = _text(series, _SERIES)
            other = query.modalities and _text(series, _MODALITY) not in query.modalities
            if not is_uid(uid) or other:
                continue
            for item in self._search(f"studies/{study}/series/{uid}/instances", {}):
                if is_uid(instance := _text(item, _INSTANCE)):
                    yield Instance(study, uid, instance)

    def _search(self, path: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        """Ask page by page, until nothing new comes: some services pass over ``offset``."""
        found: dict[str, dict[str, Any]] = {}
        limit = self.settings.page
        for page in range(1 + self.settings.most_studies * 1000 // limit):
            paging = {"limit": str(limit), "offset": str(page * limit)}
            answers = self._page(path, dict(parameters) | paging)
            fresh = {repr(item): item for item in answers}
            is_new = not fresh.keys() <= found.keys()
            found |= fresh
            if len(answers) < limit or not is_new:
                break
        return list(found.values())

    def _page(self, path: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        with self._get(path, _JSON, parameters) as response:
            if response.status_code == 204:
                return []
            try:
                answers = response.json()
            except (ValueError, self._requests.RequestException) as error:
                raise _broken(path, error) from error
        if not isinstance(answers, list) or not all(isinstance(item, dict) for item in answers):
            raise ArchiveError("answer_unreadable", f"{path}: wanted a list of objects")
        return answers

    def fetch(self, series: Series, receiver: Receiver) -> None:
        """Fetch a series whole, or its objects one by one where some are here already."""
        path = f"studies/{series.study_instance_uid}/series/{series.series_instance_uid}"
        paths = [path]
        if not series.is_whole:
            paths = [f"{path}/instances/{uid}" for uid in series.sop_instance_uids]
        for one in paths:
            with self._get(one, _OBJECTS, {}) as response:
                parts = MultipartReceiver(response.headers.get("Content-Type", ""), receiver)
                try:
                    for piece in response.iter_content(_PIECE_BYTES):
                        parts.write(piece)
                    parts.finish()
                except self._requests.RequestException as error:
                    raise _broken(one, error) from error
                finally:
                    parts.abandon()

    def _get(self, path: str, accept: str, parameters: Mapping[str, str]) -> Any:
        try:
            response = self._session.get(
                f"{self.settings.url}/{path}",
                params=parameters,
                headers={"Accept": accept},
                stream=True,
                timeout=self.settings.timeout_s,
                allow_redirects=False,
            )
        except self._requests.exceptions.SSLError as error:
            detail = f"the certificate of {self.settings.url} is not trusted: {error}"
            raise ArchiveError("certificate_refused", detail, stops=True) from error
        except self._requests.RequestException as error:
            detail = f"no connection with {self.settings.url}: {error}"
            raise ArchiveError("no_connection", detail, is_passing=True, stops=True) from error
        if response.status_code in (200, 204, 206):
            return response
        response.close()
        raise self._refused(path, response)

    def _refused(self, path: str, response: Any) -> ArchiveError:
        code = response.status_code
        detail = f"{self.settings.url}/{path}: HTTP {code} {response.reason}"
        if code in (401, 403):
            return ArchiveError("not_authorised", detail, stops=True)
        if 300 <= code < 400:
            return ArchiveError("redirected", f"{detail}: give the address itself", stops=True)
        if code == 404 and path == "studies":
            return ArchiveError("service_missing", f"{detail}: no QIDO-RS here", stops=True)
        if code in _BUSY:
            wait = response.headers.get("Retry-After", "")
            wait_s = float(wait) if wait.isdigit() else 0.0
            return ArchiveError("archive_busy", detail, is_passing=True, wait_s=wait_s)
        return ArchiveError("request_refused", detail)


class MultipartReceiver:
    """Take a ``multipart/related`` body piece by piece; each part is one object.

    Parameters
    ----------
    content_type
        The header, with the boundary. A single object (``application/dicom``) is taken, too.
    receiver
        Opens a file for each part.

    Raises
    ------
    ArchiveError
        If it is neither, the body is damaged, or it ends before its end.
    """

    def __init__(self, content_type: str, receiver: Receiver) -> None:
        message = Message()
        message["Content-Type"] = content_type
        self._receiver = receiver
        self._part: Incoming | None = None
        self._has_ended = False
        self._parser: Any = None
        kind, boundary = message.get_content_type(), message.get_param("boundary")
        if kind == "application/dicom":
            self._begin()
            return
        if kind != "multipart/related" or not isinstance(boundary, str):
            raise ArchiveError("answer_unreadable", f"got {content_type!r}, wanted DICOM objects")
        multipart: Any = require("python_multipart.multipart", purpose="reading DICOMweb answers")
        self._errors: Any = multipart.FormParserError
        callbacks = {
            "on_headers_finished": self._begin,
            "on_part_data": lambda data, start, end: self._data(data[start:end]),
            "on_part_end": self._keep,
            "on_end": self._end,
        }
        self._parser = multipart.MultipartParser(boundary, callbacks)

    def write(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self._parser is None:
            self._data(data)
            return
        try:
            self._parser.write(data)
        except self._errors as error:
            raise ArchiveError(
                "answer_unreadable", f"the body is damaged: {error}", is_passing=True
            ) from error

    def finish(self) -> None:
        """Check that the body was whole."""
        if self._parser is None:
            self._keep()
        elif not self._has_ended:
            detail = "the answer ended in the middle of an object"
            raise ArchiveError("connection_lost", detail, is_passing=True)

    def abandon(self) -> None:
        """Leave nothing behind of a part that was not whole."""
        if self._part is not None:
            self._part.abandon()
            self._part = None

    def _begin(self) -> None:
        self._part = self._receiver()

    def _data(self, data: bytes) -> None:
        if self._part is not None:
            self._part.write(data)

    def _keep(self) -> None:
        if self._part is not None:
            part, self._part = self._part, None
            part.finish()

    def _end(self) -> None:
        self._has_ended = True


def _parameters(query: PullQuery) -> dict[str, str]:
    keys = {
        "PatientID": query.patient_id,
        "AccessionNumber": query.accession_number,
        "StudyInstanceUID": query.study_instance_uid,
        "StudyDate": query.study_dates,
        "ModalitiesInStudy": query.modalities[0] if len(query.modalities) == 1 else "",
    }
    return {name: value for name, value in keys.items() if value}


def _text(item: Mapping[str, Any], tag: str) -> str:
    """First value of an element of DICOM JSON (PS3.18 annex F); empty when there is none."""
    element = item.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""


def _broken(path: str, error: Exception) -> ArchiveError:
    detail = f"{path}: the connection broke: {error}"
    return ArchiveError("connection_lost", detail, is_passing=True)
