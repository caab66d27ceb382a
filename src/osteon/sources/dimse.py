"""An archive over the DICOM network: C-FIND, and C-MOVE to a storage of our own or C-GET.

What comes is written as it was sent, without decoding. The storage takes objects only while a
pull is running, only under its own title, and only those that were asked for.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Self

from pydantic import Field
from pydicom.dataset import Dataset

from osteon.core.optional import require
from osteon.core.settings import Settings
from osteon.sources.pull_archive import (
    ArchiveError,
    Instance,
    Receiver,
    Series,
    StudyAnswer,
    answers_to,
    is_uid,
)
from osteon.sources.pull_queries import PullQuery

__all__ = ["DimseArchive", "DimseSettings"]

_TITLE = r"^[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?$"  # PS3.5 6.2, AE: no backslash
_PENDING = (0xFF00, 0xFF01)
_MOVE_UNKNOWN = 0xA801
_BUSY = (0xA700, 0xA701, 0xA702)
_REFUSED_OBJECT = 0x0122  # SOP class not supported; the sender goes on with the next
_NO_SPACE = 0xA700
# PS3.8 9.3.4: why an association was rejected, source 1 (service user)
_REJECTED = {
    2: ("service_refused", "does not offer the service"),
    3: ("calling_title_unknown", "does not know our AE title"),
    7: ("called_title_unknown", "is not called so: unknown AE title"),
}
_GET_CLASSES = (
    "ComputedRadiographyImageStorage", "DigitalXRayImageStorageForPresentation",
    "DigitalXRayImageStorageForProcessing", "CTImageStorage", "EnhancedCTImageStorage",
    "MRImageStorage", "EnhancedMRImageStorage", "XRayRadiofluoroscopicImageStorage",
    "XRayAngiographicImageStorage", "SecondaryCaptureImageStorage", "UltrasoundImageStorage",
    "DigitalMammographyXRayImageStorageForPresentation", "BasicTextSRStorage", "EnhancedSRStorage",
    "ComprehensiveSRStorage", "XRayRadiationDoseSRStorage", "EncapsulatedPDFStorage",
    "GrayscaleSoftcopyPresentationStateStorage", "SegmentationStorage",
    "KeyObjectSelectionDocumentStorage",
)  # fmt: skip


class DimseSettings(Settings):
    """Where an archive is on the DICOM network, and who asks.

    Parameters
    ----------
    host, port
        The archive's address.
    called_aet
        The archive's AE title.
    calling_aet
        Ours; the archive has to know it.
    method
        ``move`` (the archive sends to our storage, whose title and address it has to know) or
        ``get`` (everything in one connection).
    listen_host, listen_port
        Address of our storage, for ``move``.
    storage_aet
        Title of our storage; ``calling_aet`` when empty.
    timeout_s
        Longest wait for an answer.
    most_studies
        Questions that more studies match are refused.
    """

    kind: Literal["dimse"] = "dimse"
    host: str
    port: int = Field(ge=1, le=65535)
    called_aet: str = Field(pattern=_TITLE)
    calling_aet: str = Field("OSTEON", pattern=_TITLE)
    method: Literal["move", "get"] = "move"
    listen_host: str = "0.0.0.0"
    listen_port: int = Field(11112, ge=0, le=65535)
    storage_aet: str = Field("", pattern=rf"{_TITLE}|^$")
    timeout_s: float = Field(60.0, gt=0)
    most_studies: int = Field(500, ge=1)


class DimseArchive:
    """Ask an archive and fetch from it over the DICOM network.

    Parameters
    ----------
    settings
        Its address and the titles.

    Raises
    ------
    MissingExtraError
        If pynetdicom is not installed.
    """

    def __init__(self, settings: DimseSettings) -> None:
        self.settings = settings
        self._net: Any = require("pynetdicom", purpose="asking an archive over the DICOM network")
        require("pynetdicom.sop_class", purpose="asking an archive over the DICOM network")
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # what matters is an error
        self._server: Any = None
        self._receiver: Receiver | None = None
        self._trouble: Exception | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        if self.settings.method == "move":
            self._start_storage()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    @property
    def listen_port(self) -> int:
        """Port on which our storage listens."""
        return int(self._server.server_address[1])

    def find(self, query: PullQuery) -> list[Instance]:
        """List what answers a question: studies, their series of the modalities, their objects."""
        model = self._net.sop_class.StudyRootQueryRetrieveInformationModelFind
        with self._associated([self._net.presentation.build_context(model)]) as association:

            def ask(level: str, **keys: str) -> list[Dataset]:
                return self._find(association, model, level, keys)

            answers = [
                StudyAnswer(
                    str(item.get("StudyInstanceUID", "")),
                    str(item.get("PatientID", "")),
                    str(item.get("AccessionNumber", "")),
                )
                for item in ask("STUDY", **_study_keys(query))
            ]
            studies = answers_to(query, answers, self.settings.most_studies)
            return [item for study in studies for item in _instances(ask, study, query.modalities)]

    def _find(
        self, association: Any, model: str, level: str, keys: dict[str, str]
    ) -> list[Dataset]:
        identifier = Dataset()
        identifier.SpecificCharacterSet = "ISO_IR 192"
        identifier.QueryRetrieveLevel = level
        for name, value in keys.items():
            setattr(identifier, name, value)
        found = []
        for status, answer in association.send_c_find(identifier, model):
            code = _code(status, "C-FIND")
            if code in _PENDING:
                found.append(answer)
            elif code != 0:
                raise _failed("find_failed", "C-FIND", code, status)
        return found

    def fetch(self, series: Series, receiver: Receiver) -> None:
        """Fetch a series whole, or its objects one by one where some are here already."""
        identifiers = [_identifier(series, None)]
        if not series.is_whole:
            identifiers = [_identifier(series, uid) for uid in series.sop_instance_uids]
        with self._lock:
            self._receiver, self._trouble = receiver, None
        try:
            for identifier in identifiers:
                self._retrieve(identifier)
        finally:
            with self._lock:
                self._receiver = None
        if self._trouble is not None:
            raise self._trouble

    def _retrieve(self, identifier: Dataset) -> None:
        classes = self._net.sop_class
        if self.settings.method == "move":
            model = classes.StudyRootQueryRetrieveInformationModelMove
            title = self.settings.storage_aet or self.settings.calling_aet
            with self._associated([self._net.presentation.build_context(model)]) as association:
                _watch(association.send_c_move(identifier, title, model), "C-MOVE", title)
            return
        model = classes.StudyRootQueryRetrieveInformationModelGet
        storages = [getattr(classes, name) for name in _GET_CLASSES]
        build = self._net.presentation.build_context
        contexts = [build(model), *(build(uid, _transfer_syntaxes(self._net)) for uid in storages)]
        roles = [self._net.build_role(uid, scp_role=True) for uid in storages]
        handlers = [(self._net.evt.EVT_C_STORE, self._store)]
        with self._associated(contexts, roles, handlers) as association:
            _watch(association.send_c_get(identifier, model), "C-GET", "")

    @contextmanager
    def _associated(
        self, contexts: Sequence[Any], roles: Sequence[Any] = (), handlers: Sequence[Any] = ()
    ) -> Iterator[Any]:
        """Open an association, or say why there is none."""
        settings = self.settings
        entity = self._entity(settings.calling_aet)
        answers: list[Any] = []

        def heard(event: Any) -> None:
            if getattr(event.primitive, "result", None) is not None:
                answers.append(event.primitive)

        association = entity.associate(
            settings.host,
            settings.port,
            contexts=list(contexts),
            ae_title=settings.called_aet,
            ext_neg=list(roles),
            evt_handlers=[(self._net.evt.EVT_ACSE_RECV, heard), *handlers],
        )
        if not association.is_established:
            raise self._no_association(answers)
        try:
            if contexts[0].abstract_syntax not in {
                item.abstract_syntax for item in association.accepted_contexts
            }:
                detail = f"{settings.called_aet} does not offer {contexts[0].abstract_syntax.name}"
                raise ArchiveError("service_refused", detail, stops=True)
            yield association
        finally:
            if association.is_established:
                association.release()

    def _no_association(self, answers: Sequence[Any]) -> ArchiveError:
        settings = self.settings
        where = f"{settings.called_aet} at {settings.host}:{settings.port}"
        if not answers:
            detail = f"no connection with {where}: is it running, is the address right?"
            return ArchiveError("no_connection", detail, is_passing=True, stops=True)
        refused = answers[0]
        if refused.result == 0:
            detail = f"{where} offers nothing of what is needed (method {settings.method})"
            return ArchiveError("service_refused", detail, stops=True)
        is_passing = refused.result == 2 or refused.result_source == 3
        reason, said = _REJECTED.get(refused.diagnostic, ("association_refused", "refuses us"))
        if refused.result_source != 1:
            reason, said = "association_refused", "refuses the association, too busy perhaps"
        detail = f"{where} {said} (we are {settings.calling_aet})"
        return ArchiveError(reason, detail, is_passing=is_passing, stops=True)

    def _entity(self, title: str) -> Any:
        entity = self._net.AE(ae_title=title)
        entity.acse_timeout = entity.dimse_timeout = self.settings.timeout_s
        entity.connection_timeout = self.settings.timeout_s
        entity.network_timeout = 2 * self.settings.timeout_s
        return entity

    def _start_storage(self) -> None:
        settings = self.settings
        title = settings.storage_aet or settings.calling_aet
        entity = self._entity(title)
        entity.require_called_aet = True
        entity.supported_contexts = [
            self._net.presentation.build_context(
                context.abstract_syntax, self._net.ALL_TRANSFER_SYNTAXES
            )
            for context in self._net.AllStoragePresentationContexts
        ]
        try:
            self._server = entity.start_server(
                (settings.listen_host, settings.listen_port),
                block=False,
                evt_handlers=[(self._net.evt.EVT_C_STORE, self._store)],
            )
        except OSError as error:
            detail = f"cannot listen on {settings.listen_host}:{settings.listen_port}: {error}"
            raise ArchiveError("cannot_listen", detail, stops=True) from error

    def _store(self, event: Any) -> int:
        """Take an object that comes; the answer is a DIMSE status."""
        with self._lock:
            receiver = self._receiver
        if receiver is None:
            return _REFUSED_OBJECT
        try:
            incoming = receiver()
            try:
                incoming.write(event.encoded_dataset())
                outcome = incoming.finish()
            finally:
                incoming.abandon()
        except Exception as error:  # told to the thread that asked; the sender learns the status
            self._trouble = error
            return _NO_SPACE
        return 0 if outcome in ("kept", "again") else _REFUSED_OBJECT


def _transfer_syntaxes(net: Any) -> list[str]:
    """Compressed ones last: the archive takes the first that it can send."""
    return [str(uid) for uid in net.ALL_TRANSFER_SYNTAXES]


def _study_keys(query: PullQuery) -> dict[str, str]:
    return {
        "PatientID": query.patient_id,
        "AccessionNumber": query.accession_number,
        "StudyInstanceUID": query.study_instance_uid,
        "StudyDate": query.study_dates,
        "ModalitiesInStudy": query.modalities[0] if len(query.modalities) == 1 else "",
    }


def _instances(ask: Any, study: str, modalities: Sequence[str]) -> Iterator[Instance]:
    for series in ask("SERIES", StudyInstanceUID=study, SeriesInstanceUID="", Modality=""):
        uid = str(series.get("SeriesInstanceUID", ""))
        if not is_uid(uid) or (modalities and str(series.get("Modality", "")) not in modalities):
            continue
        for item in ask("IMAGE", StudyInstanceUID=study, SeriesInstanceUID=uid, SOPInstanceUID=""):
            if is_uid(instance := str(item.get("SOPInstanceUID", ""))):
                yield Instance(study, uid, instance)


def _identifier(series: Series, instance: str | None) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "SERIES" if instance is None else "IMAGE"
    identifier.StudyInstanceUID = series.study_instance_uid
    identifier.SeriesInstanceUID = series.series_instance_uid
    if instance is not None:
        identifier.SOPInstanceUID = instance
    return identifier


def _watch(answers: Any, service: str, title: str) -> None:
    """Follow a retrieval to its end."""
    for status, _ in answers:
        code = _code(status, service)
        if code in _PENDING or code == 0:
            continue
        if code == _MOVE_UNKNOWN:
            detail = f"the archive does not know where {title} is: give it our title and address"
            raise ArchiveError("move_destination_unknown", detail, stops=True)
        raise _failed("retrieval_incomplete", service, code, status)


def _code(status: Any, service: str) -> int:
    if status and "Status" in status:
        return int(status.Status)
    detail = (
        f"the archive broke off during {service}, or did not answer in time; some do so when they "
        "do not know our AE title"
    )
    raise ArchiveError("connection_lost", detail, is_passing=True)


def _failed(reason: str, service: str, code: int, status: Any) -> ArchiveError:
    comment = str(status.get("ErrorComment", "")).strip()
    failed = status.get("NumberOfFailedSuboperations")
    detail = f"{service} ended with status 0x{code:04X}"
    detail += f", {failed} objects failed" if failed else ""
    detail += f": {comment}" if comment else ""
    if service == "C-MOVE" and code >> 12 == 0xC:  # unable to process, PS3.4 table C.4-2
        detail += "; does the archive know the AE title and address of our storage?"
    return ArchiveError(reason, detail, is_passing=code in _BUSY or code == 0xB000)
