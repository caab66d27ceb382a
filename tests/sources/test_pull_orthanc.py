"""Pulls from Orthanc on loopback: C-MOVE, C-GET and DICOMweb give the same files.

Referee: Orthanc with its DICOMweb plugin (Debian: orthanc, orthanc-dicomweb).
"""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pydicom
import pytest
from archives import free_port, orthanc, pace, upload
from dicom_files import film_bytes

from osteon.sources.dicomweb import WebArchive, WebSettings
from osteon.sources.dimse import DimseArchive, DimseSettings
from osteon.sources.pull import pull
from osteon.sources.pull_queries import PullQuery

pytestmark = pytest.mark.referee
PATIENTS, FILMS = 3, 4


def film(patient, number):
    return film_bytes(
        f"{patient}{number}", patient=f"P{patient}", seed=number,
        SeriesInstanceUID=f"1.2.9.{patient}.{1 + number % 2}", AccessionNumber=f"A{patient}",
        StudyDate=f"2020010{patient}", Modality="CR" if number % 2 else "DX", StudyID="1",
        PatientName="Müller^Änne" if patient == 1 else "骨折^太郎",
        SpecificCharacterSet="ISO_IR 192",
        SeriesNumber=1, InstanceNumber=number,
    )  # fmt: skip


@pytest.fixture(scope="module")
def films():
    return {
        f"1.2.3.{patient}{number}": film(patient, number)
        for patient in range(1, PATIENTS + 1)
        for number in range(FILMS)
    }


@pytest.fixture(scope="module")
def server(referee, tmp_path_factory, films):
    program = referee("Orthanc")
    storage = free_port()
    with orthanc(program, tmp_path_factory.mktemp("orthanc"), storage_port=storage) as ports:
        upload(ports[1], films.values())
        yield {"dicom": ports[0], "http": ports[1], "storage": storage}


def dimse(server, **values):
    settings = {
        "host": "127.0.0.1", "port": server["dicom"], "called_aet": "PACS",
        "listen_host": "127.0.0.1", "listen_port": server["storage"], "timeout_s": 20,
    }  # fmt: skip
    return DimseArchive(DimseSettings(**(settings | values)))


def archive_of(server, way):
    if way == "dicomweb":
        return WebArchive(WebSettings(url=f"http://127.0.0.1:{server['http']}/dicom-web"))
    return dimse(server, method=way)


WAYS = ("move", "get", "dicomweb")


def contents(folder):
    """Pixels and patient of every file: an archive may rewrite the file around them."""
    found = {}
    for path in (folder / "dicom").rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        found[path.stem] = (str(dataset.PatientName), dataset.PixelData)
        assert path.parts[-3:-1] == (dataset.StudyInstanceUID, dataset.SeriesInstanceUID)
    return found


def expected(films, *patients):
    found = {}
    for patient in patients:
        for number in range(FILMS):
            dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(film(patient, number)))
            found[f"1.2.3.{patient}{number}"] = (str(dataset.PatientName), dataset.PixelData)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_patients_accessions_studies_and_days(server, films, tmp_path, way):
    questions = [
        PullQuery(patient_id="P1"),
        PullQuery(accession_number="A2", modalities=("DX",)),
        PullQuery(study_instance_uid="1.2.9.3"),
        PullQuery(since="2020-01-01", until="2020-01-01", modalities=("CR", "DX")),
        PullQuery(patient_id="P9"),
    ]
    report, states = pull(questions, archive_of(server, way), tmp_path, pace(tmp_path))
    assert [state.state for state in states] == ["done", "done", "done", "done", "no_match"]
    assert report.objects_now == 10
    wanted = expected(films, 1, 2, 3)
    del wanted["1.2.3.21"], wanted["1.2.3.23"]
    assert contents(tmp_path) == wanted


@pytest.mark.parametrize("way", WAYS)
def test_only_the_rest_is_fetched(server, films, tmp_path, way):
    question = [PullQuery(patient_id="P1")]
    pull(question, archive_of(server, way), tmp_path, pace(tmp_path))
    kept = sorted((tmp_path / "dicom").rglob("*.dcm"))
    times = {path: path.stat().st_mtime_ns for path in kept[1:]}
    with sqlite3.connect(tmp_path / "pull.sqlite") as db:
        db.execute("DELETE FROM received WHERE instance = ?", (kept[0].stem,))
        db.execute("UPDATE query SET state = 'found'")
    db.close()
    kept[0].unlink()
    report, _ = pull(question, archive_of(server, way), tmp_path, pace(tmp_path))
    assert report.objects_now == 1
    assert {path: path.stat().st_mtime_ns for path in kept[1:]} == times
    assert contents(tmp_path) == expected(films, 1)


CHILD = """
import sys, time
from pathlib import Path
from osteon.sources import pull_store
from osteon.sources.pull import pull
from osteon.sources.pull_pace import Pace, PaceSettings
from osteon.sources.pull_queries import PullQuery
from osteon.sources.pull_settings import load_pull_settings, open_archive

keep = pull_store.PullStore.keep
def slowly(store, temporary, digest):
    time.sleep(0.2)
    return keep(store, temporary, digest)
pull_store.PullStore.keep = slowly
folder = Path(sys.argv[1])
archive = open_archive(load_pull_settings(folder / "archive.yaml").archive)
pull([PullQuery(patient_id=f"P{n}") for n in (1, 2, 3)], archive, folder,
     Pace(PaceSettings(requests_per_minute=6000), folder / "pause"))
"""


@pytest.mark.parametrize("way", WAYS)
def test_killed_in_the_middle_and_run_again(server, films, tmp_path, way):
    if way == "dicomweb":
        url = f"http://127.0.0.1:{server['http']}/dicom-web"
        text = f"archive: {{kind: dicomweb, url: '{url}'}}\n"
    else:
        text = (
            f"archive: {{kind: dimse, host: 127.0.0.1, port: {server['dicom']}, called_aet: PACS,"
            f" method: {way}, listen_host: 127.0.0.1, listen_port: {server['storage']}}}\n"
        )
    (tmp_path / "archive.yaml").write_text(text)
    process = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)])
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "dicom").glob("*/*/*.dcm"))) < 3:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in Path(tmp_path).glob("dicom/*/*/*.dcm")}
    assert 3 <= len(before) < PATIENTS * FILMS
    questions = [PullQuery(patient_id=f"P{n}") for n in (1, 2, 3)]
    report, _ = pull(questions, archive_of(server, way), tmp_path, pace(tmp_path))
    assert report.is_complete
    assert contents(tmp_path) == expected(films, 1, 2, 3)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert report.objects_now == PATIENTS * FILMS - len(before)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"called_aet": "NOBODY"}, "called_title_unknown"),
        ({"port": 9}, "no_connection"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # pynetdicom drops a socket that was refused
def test_refusals_have_a_reason(server, tmp_path, values, reason):
    report, states = pull(
        [PullQuery(patient_id="P1"), PullQuery(patient_id="P2")], dimse(server, **values),
        tmp_path, pace(tmp_path, attempts=1),
    )  # fmt: skip
    assert report.stopped
    assert (states[0].state, report.pending) == ("failed", 1)
    assert states[0].reason == reason
    assert not list((tmp_path / "dicom").rglob("*.dcm"))


@pytest.mark.parametrize(
    ("values", "state", "reason"),
    [  # Orthanc breaks off without a word, and has one status for every failure of a C-MOVE
        ({"calling_aet": "STRANGER", "storage_aet": "OSTEON"}, "failed", "connection_lost"),
        ({"storage_aet": "UNKNOWN"}, "partial", "retrieval_incomplete"),
    ],
)
def test_titles_that_orthanc_does_not_know(server, tmp_path, values, state, reason):
    _, states = pull(
        [PullQuery(patient_id="P1")], dimse(server, **values), tmp_path, pace(tmp_path, attempts=1)
    )
    assert (states[0].state, states[0].reason) == (state, reason)
    assert "AE title" in states[0].detail


def test_a_port_that_is_taken_is_said(server, tmp_path):
    with dimse(server) as first:
        assert first.listen_port == server["storage"]
        report, states = pull(
            [PullQuery(patient_id="P1")], dimse(server), tmp_path, pace(tmp_path)
        )  # fmt: skip
    assert "cannot_listen" in report.stopped
    assert states[0].state == "pending"
