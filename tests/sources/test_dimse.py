"""The DICOM network against a small archive of our own: statuses, foreign answers, our storage."""

import logging
import threading

import pytest
from archives import free_port, pace
from dicom_files import film_bytes
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import (
    ComputedRadiographyImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
)

from osteon.core.settings import load_settings
from osteon.errors import SettingsError
from osteon.sources.dimse import DimseArchive, DimseSettings
from osteon.sources.pull import pull
from osteon.sources.pull_queries import PullQuery

FILMS = {f"1.2.3.{n}": film_bytes(n, patient="P1", seed=n) for n in range(3)}


def answer(**values):
    dataset = Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


class SmallArchive:
    """Answers every question with one study; what it does with a C-MOVE can be told."""

    def __init__(self, storage_port):
        self.storage_port = storage_port
        self.patient = "P1"
        self.find_status = None
        self.move_status = None
        self.sent = list(FILMS.values())
        self.moves = []
        entity = AE("PACS")
        entity.require_called_aet = True
        entity.require_calling_aet = ["OSTEON"]
        entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        entity.add_supported_context(StudyRootQueryRetrieveInformationModelMove)
        self.server = entity.start_server(
            ("127.0.0.1", 0), block=False,
            evt_handlers=[(evt.EVT_C_FIND, self.find), (evt.EVT_C_MOVE, self.move)],
        )  # fmt: skip
        self.port = self.server.server_address[1]

    def find(self, event):
        if self.find_status is not None:
            yield self.find_status, None
            return
        level = event.identifier.QueryRetrieveLevel
        if level == "STUDY":
            yield 0xFF00, answer(StudyInstanceUID="1.2.9.1", PatientID=self.patient)
        elif level == "SERIES":
            yield 0xFF00, answer(SeriesInstanceUID="1.2.9.1.1", Modality="CR")
        else:
            for uid in FILMS:
                yield 0xFF00, answer(SOPInstanceUID=uid)

    def move(self, event):
        self.moves.append(event.identifier.get("SOPInstanceUID", ""))
        if self.move_status == 0xA801:
            yield None, None
            return
        yield "127.0.0.1", self.storage_port, {"contexts": AllStoragePresentationContexts[:60]}
        wanted = event.identifier.get("SOPInstanceUID", "")
        chosen = [data for data in self.sent if not wanted or f"{wanted}".encode() in data]
        yield len(chosen)
        if self.move_status is not None:
            yield self.move_status, answer(FailedSOPInstanceUIDList=[])
            return
        for data in chosen:
            yield 0xFF00, dcmread(DicomBytesIO(data))


@pytest.fixture
def archive():
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    made = SmallArchive(free_port())
    yield made
    made.server.shutdown()


def ours(archive, **values):
    settings = {
        "host": "127.0.0.1", "port": archive.port, "called_aet": "PACS", "timeout_s": 10,
        "listen_host": "127.0.0.1", "listen_port": archive.storage_port,
    }  # fmt: skip
    return DimseArchive(DimseSettings(**(settings | values)))


def run(archive, tmp_path, **values):
    question = [PullQuery(patient_id="P1")]
    report, states = pull(question, ours(archive, **values), tmp_path, pace(tmp_path, attempts=1))
    return report, states[0]


def test_a_series_comes(archive, tmp_path):
    report, state = run(archive, tmp_path)
    assert report.is_complete, state
    found = {path.stem: dcmread(path).PixelData for path in tmp_path.rglob("*.dcm")}
    assert found == {uid: dcmread(DicomBytesIO(data)).PixelData for uid, data in FILMS.items()}
    assert archive.moves == [""]


def test_the_rest_is_asked_for_object_by_object(archive, tmp_path):
    archive.sent = list(FILMS.values())[:2]
    assert run(archive, tmp_path)[1].state == "partial"
    archive.sent = list(FILMS.values())
    report, _ = run(archive, tmp_path)
    assert report.is_complete
    assert archive.moves == ["", "1.2.3.2"]


@pytest.mark.parametrize(
    ("move_status", "reason", "stops"),
    [
        (0xA801, "move_destination_unknown", True),
        (0xA702, "retrieval_incomplete", False),
        (0xC001, "retrieval_incomplete", False),
    ],
)
def test_a_move_that_fails_has_a_reason(archive, tmp_path, move_status, reason, stops):
    archive.move_status = move_status
    report, state = run(archive, tmp_path)
    assert state.reason == reason
    assert bool(report.stopped) is stops


def test_a_find_that_fails_has_a_reason(archive, tmp_path):
    archive.find_status = 0xA700
    report, state = run(archive, tmp_path)
    assert (state.state, state.reason) == ("failed", "find_failed")
    assert "0xA700" in state.detail
    assert not report.stopped


def test_answers_of_another_patient_are_not_taken(archive, tmp_path):
    archive.patient = "P2"
    _, state = run(archive, tmp_path)
    assert (state.state, state.reason) == ("failed", "answer_not_asked_for")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"called_aet": "NOBODY"}, "called_title_unknown"),
        ({"calling_aet": "STRANGER"}, "calling_title_unknown"),
        ({"method": "get"}, "service_refused"),
    ],
)
def test_an_association_that_is_refused_has_a_reason(archive, tmp_path, values, reason):
    report, state = run(archive, tmp_path, **values)
    if reason == "service_refused":
        assert state.state == "failed"
    assert (state.reason, bool(report.stopped)) == (reason, True)


def test_an_object_that_was_not_asked_for_is_refused(archive, tmp_path):
    archive.sent = [*FILMS.values(), film_bytes(99)]
    report, _ = run(archive, tmp_path)
    assert report.not_kept == {"not_asked_for": 1}
    assert report.objects_received == 3


def send(port, data, called="OSTEON"):
    entity = AE("ANYBODY")
    entity.add_requested_context(ComputedRadiographyImageStorage)
    association = entity.associate("127.0.0.1", port, ae_title=called)
    if not association.is_established:
        return None
    status = association.send_c_store(dcmread(DicomBytesIO(data)))
    association.release()
    return status.Status


def test_our_storage_takes_nothing_outside_a_pull_or_under_another_name(archive):
    with ours(archive) as mine:
        assert send(mine.listen_port, FILMS["1.2.3.1"]) == 0x0122
        assert send(mine.listen_port, FILMS["1.2.3.1"], called="OTHER") is None
    assert not any("AcceptorThread" in thread.name for thread in threading.enumerate())


@pytest.mark.parametrize("title", ["", " PACS", "A\\B", "SEVENTEEN LETTERS", "TAB\t"])
def test_titles_that_are_none_are_refused(title):
    with pytest.raises(SettingsError, match="called_aet"):
        load_settings(DimseSettings, {"host": "h", "port": 104, "called_aet": title})
