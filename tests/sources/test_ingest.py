"""Ingest end to end: what is taken, what is not, and that stopping loses nothing."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
import zipfile

import pytest
from dicom_files import film_bytes, zip_bytes
from pydicom.fileset import FileSet

from osteon.core.schemas import EXCLUSIONS, IDENTITIES, INSTANCES
from osteon.core.tables import read_table
from osteon.dicom.archive import read_archived
from osteon.errors import DicomError, StorageError, UsageError
from osteon.sources import ingest as module
from osteon.sources.ingest import IngestSettings, ingest
from osteon.sources.journal import Journal


def tables_of(study):
    tables = study / "tables"
    return (
        read_table(INSTANCES, tables / "instances.parquet"),
        read_table(EXCLUSIONS, tables / "exclusions.parquet"),
        read_table(EXCLUSIONS, tables / "notices.parquet"),
    )


def reasons_of(study):
    exclusions = tables_of(study)[1]
    return dict(zip(exclusions["key"], exclusions["reason"], strict=True))


def put(folder, **contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def adds_up(report):
    return report.files == report.instances + report.duplicates + report.files_excluded


@pytest.fixture
def export(tmp_path):
    """Ten films of five patients in two folders, whatever their names."""
    for number in range(10):
        folder = tmp_path / "export" / f"{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        name = ["IM1", "film.dcm", "film.JPG", "x.zip", ".hidden"][number // 2]
        (folder / name).write_bytes(film_bytes(number, patient=f"P{number // 2}", seed=number))
    return tmp_path / "export"


def test_takes_films_whatever_their_names(export, tmp_path):
    report = ingest([export], tmp_path / "study", workers=1)
    instances, exclusions, _ = tables_of(tmp_path / "study")
    assert report.instances == len(instances) == 10
    assert (report.patients, report.imaging_studies) == (5, 5)
    assert exclusions.empty
    assert list(instances["path"]) == sorted(instances["path"])
    assert instances["content_hash"].nunique() == 10


def test_a_second_run_does_nothing_and_says_so(export, tmp_path):
    study = tmp_path / "study"
    ingest([export], study, workers=1)
    before = {path: path.stat().st_mtime_ns for path in (study / "tables").iterdir()}
    report = ingest([export], study, workers=1)
    assert report.is_up_to_date
    assert report.files_read == 0
    assert report.instances == 10
    assert before == {path: path.stat().st_mtime_ns for path in (study / "tables").iterdir()}


def test_only_what_changed_is_read_again(export, tmp_path):
    study = tmp_path / "study"
    ingest([export], study, workers=1)
    (export / "0" / "IM1").write_bytes(film_bytes(77, patient="P0", seed=3))
    (export / "1" / "IM1").unlink()
    (export / "new").write_bytes(film_bytes(78, patient="P9"))
    report = ingest([export], study, workers=1)
    assert (report.files_read, report.instances, report.is_up_to_date) == (2, 10, False)
    uids = set(tables_of(study)[0]["sop_instance_uid"])
    assert {"1.2.3.77", "1.2.3.78"} <= uids
    assert not {"1.2.3.0", "1.2.3.1"} & uids


def test_several_processes_give_the_same_tables(export, tmp_path, monkeypatch):
    ingest([export], tmp_path / "one", workers=1)
    monkeypatch.setattr(module, "_ALONE_S", 0.0)
    monkeypatch.setattr(module, "_LOOK_AFTER_S", 0.0)
    monkeypatch.setattr(module, "_SHARE", 2)
    ingest([export], tmp_path / "two", workers=2)
    for ours, theirs in zip(tables_of(tmp_path / "one"), tables_of(tmp_path / "two"), strict=True):
        assert ours.equals(theirs)


def test_duplicates_are_counted_and_other_contents_refused(tmp_path):
    folder = put(
        tmp_path / "in",
        a=film_bytes(1, seed=1),
        b=film_bytes(1, seed=1),
        c=film_bytes(1, seed=2),
        d=film_bytes(2),
    )
    report = ingest([folder], tmp_path / "study", workers=1)
    assert (report.instances, report.duplicates) == (2, 1)
    assert reasons_of(tmp_path / "study") == {str(folder / "c"): "same_uid_other_content"}
    assert str(folder / "a") in set(tables_of(tmp_path / "study")[0]["path"])
    assert adds_up(report)


def test_every_bad_file_has_its_reason(tmp_path):
    whole = film_bytes(1)
    folder = put(
        tmp_path / "in",
        good=whole,
        empty=b"",
        text=b"a letter",
        cut=film_bytes(2)[:-10],
        packed=b"\x1f\x8b" + bytes(200),
        broken=b"PK\x03\x04 but no archive",
    )
    os.symlink(tmp_path / "nowhere", folder / "dangling")
    os.mkfifo(folder / "pipe")
    report = ingest([folder], tmp_path / "study", workers=1)
    found = {
        key.rpartition("/")[2]: reason for key, reason in reasons_of(tmp_path / "study").items()
    }
    assert found == {
        "empty": "empty",
        "text": "not_dicom",
        "cut": "truncated",
        "packed": "archive_kind_unsupported",
        "broken": "archive_broken",
        "dangling": "unreadable",
        "pipe": "unreadable",
    }
    assert report.instances == 1
    assert adds_up(report)


def test_a_file_name_that_is_no_text_is_refused(tmp_path):
    folder = put(tmp_path / "in", good=film_bytes(1))
    with open(os.fsencode(folder) + b"/\xff\xfe.dcm", "wb") as stream:
        stream.write(film_bytes(2))
    report = ingest([folder], tmp_path / "study", workers=1)
    assert report.excluded == {"unreadable": 1}
    assert adds_up(report)


def test_links_in_a_circle_end_and_count_once(export, tmp_path):
    os.symlink(export, export / "0" / "loop")
    os.symlink(export / "0", export / "again")
    report = ingest([export, export / "0"], tmp_path / "study", workers=1)
    assert (report.files, report.instances) == (10, 10)


def test_the_study_folder_is_no_source(export):
    study = export / "study"
    first = ingest([export], study, workers=1)
    assert ingest([export], study, workers=1).is_up_to_date
    assert first.files == 10


def test_a_source_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        ingest([tmp_path / "absent"], tmp_path / "study")


def test_zips_are_read_nested_and_with_any_name(tmp_path):
    inner = zip_bytes({"deep/IM": film_bytes(3), "note.txt": b"hello"})
    folder = put(tmp_path / "in", archive=zip_bytes({"a/IM1": film_bytes(1), "b.bin": inner}))
    (folder / "IM2").write_bytes(film_bytes(2))
    report = ingest([folder], tmp_path / "study", workers=1)
    instances = tables_of(tmp_path / "study")[0]
    assert dict(
        zip(instances["sop_instance_uid"], instances["archive_member"].fillna(""), strict=True)
    ) == {
        "1.2.3.1": "a/IM1",
        "1.2.3.2": "",
        "1.2.3.3": "b.bin!/deep/IM",
    }
    assert report.excluded == {"not_dicom": 1}
    assert adds_up(report)
    assert ingest([folder], tmp_path / "study", workers=1).is_up_to_date
    member = read_archived(folder / "archive", "b.bin!/deep/IM")
    assert member == film_bytes(3)
    with pytest.raises(DicomError, match="has no member absent"):
        read_archived(folder / "archive", "b.bin!/absent")


def test_archives_that_attack_are_refused(tmp_path):
    deep = film_bytes(9)
    for level in range(4):
        deep = zip_bytes({f"level{level}": deep})
    members = {
        "../../climbs": film_bytes(1),
        "/absolute": film_bytes(2),
        "C:\\drive": film_bytes(3),
        "good": film_bytes(4),
        "matryoshka": deep,
    }
    folder = put(tmp_path / "in", archive=zip_bytes(members))
    report = ingest([folder], tmp_path / "study", workers=1)
    assert report.instances == 1
    assert report.excluded == {"archive_path_climbs": 3, "archive_too_deep": 1}
    assert adds_up(report)
    assert not (tmp_path / "climbs").exists()


def test_bombs_are_refused(tmp_path):
    zeros = bytes(2**20)
    bomb = zip_bytes({f"{number}": zeros for number in range(1100)})
    large = zip_bytes({"large": bytes(3 * 2**20), "good": film_bytes(1)})
    folder = put(tmp_path / "in", bomb=bomb, large=large, nested=zip_bytes({"bomb": bomb}))
    settings = IngestSettings(max_member_bytes=2 * 2**20)
    report = ingest([folder], tmp_path / "study", workers=1, settings=settings)
    found = {key.rpartition("/")[2]: r for key, r in reasons_of(tmp_path / "study").items()}
    assert found == {
        "bomb": "archive_bomb",
        "large!large": "too_large",
        "nested!bomb": "archive_bomb",
    }
    assert report.instances == 1


def test_encrypted_members_are_refused(tmp_path):
    data = bytearray(zip_bytes({"secret": film_bytes(1)}, zipfile.ZIP_STORED))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    folder = put(tmp_path / "in", archive=bytes(data))
    report = ingest([folder], tmp_path / "study", workers=1)
    assert report.excluded == {"encrypted": 1}


def test_a_damaged_member_costs_only_itself(tmp_path):
    data = bytearray(zip_bytes({"a": film_bytes(1), "b": film_bytes(2)}, zipfile.ZIP_STORED))
    data[data.index(b"DICM") + 200] ^= 0xFF
    folder = put(tmp_path / "in", archive=bytes(data))
    report = ingest([folder], tmp_path / "study", workers=1)
    assert (report.instances, report.excluded) == (1, {"archive_broken": 1})


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::ResourceWarning")
def test_dicomdir_references_are_checked_and_nothing_counts_twice(tmp_path):
    medium = tmp_path / "medium"
    files = FileSet()
    for number in (1, 2):
        path = put(tmp_path / "loose", **{f"f{number}": film_bytes(
            number, StudyDate="20200101", StudyTime="101010", StudyID="1", SeriesNumber="1",
            SeriesInstanceUID="1.2.8.1", InstanceNumber=str(number), PatientName="A",
        )}) / f"f{number}"  # fmt: skip
        files.add(path)
    files.write(medium)
    del files  # pydicom leaves its temporary folders to the garbage collector, which warns
    gc.collect()
    (medium / "unlisted").write_bytes(film_bytes(3))
    first = ingest([medium], tmp_path / "study", workers=1)
    assert (first.instances, first.duplicates) == (3, 0)
    assert first.excluded == {"dicomdir": 1}
    by_index = ingest([medium / "DICOMDIR"], tmp_path / "by_index", workers=1)
    assert by_index.instances == 3
    next(path for path in medium.rglob("*") if path.is_file() and "PT" in str(path)).unlink()
    after = ingest([medium], tmp_path / "study", workers=1)
    assert after.excluded == {"dicomdir": 1, "dicomdir_reference_missing": 1}
    assert after.missing_references == 1
    assert after.instances == 2
    assert adds_up(after)
    assert ingest([medium], tmp_path / "study", workers=1).is_up_to_date


def test_two_patients_under_one_id_are_reported_and_left_out(tmp_path):
    folder = put(
        tmp_path / "in",
        a=film_bytes(1, patient="P1", PatientBirthDate="19400101", PatientName="Doe^Jane"),
        b=film_bytes(2, patient="P1", PatientBirthDate="19500505", PatientName="Roe^Jim"),
        c=film_bytes(3, patient="P2", PatientBirthDate="19400101", PatientName="Doe^Ann"),
        d=film_bytes(4, patient="P2", PatientBirthDate="19400101", PatientName="Smith^Ann"),
        e=film_bytes(5, patient="P3", PatientName="X"),
        f=film_bytes(6, patient="P3", PatientName="Y"),
    )
    report = ingest([folder], tmp_path / "study", workers=1)
    assert report.excluded == {"two_patients_under_one_id": 4}
    assert report.noticed == {"identity_differs_under_one_id": 2}
    assert report.patients == 1
    assert adds_up(report)
    kept = ingest(
        [folder], tmp_path / "study", workers=1, settings=IngestSettings(keep_shared_ids=True)
    )
    assert (kept.instances, kept.files_read) == (6, 0)


def test_one_person_under_three_ids_is_noticed_and_kept(tmp_path):
    person = {"PatientBirthDate": "19400101", "PatientName": "Doe^Jane", "PatientSex": "F"}
    folder = put(
        tmp_path / "in",
        a=film_bytes(1, patient="P1", **person),
        b=film_bytes(2, patient="P2", **person | {"PatientName": "DOE, JANE"}),
        c=film_bytes(3, patient="P3", **person),
        d=film_bytes(4, patient="P4", **person | {"PatientBirthDate": "19400102"}),
        e=film_bytes(5, patient="P5", PatientName="Doe^Jane"),
    )
    report = ingest([folder], tmp_path / "study", workers=1)
    assert report.instances == 5
    assert report.noticed["several_ids_one_person"] == 3
    notices = tables_of(tmp_path / "study")[2]
    found = notices[notices["reason"] == "several_ids_one_person"]
    assert list(found["key"]) == ["P1", "P2", "P3"]
    assert set(found["detail"]) == {"patient ids P1, P2, P3 have one birth date, sex and name"}
    shared = read_table(IDENTITIES, tmp_path / "study/tables/identities.parquet")
    assert list(shared["patient_id"]) == ["P1", "P2", "P3"]
    assert shared["identity"].nunique() == 1
    assert "Doe" not in shared["identity"].iloc[0]


@pytest.mark.filterwarnings("ignore::UserWarning")  # ages that DICOM does not allow
def test_a_birth_date_in_the_future_is_noticed_and_ages_are_read_in_any_spelling(tmp_path):
    folder = put(
        tmp_path / "in",
        a=film_bytes(1, patient="P1", PatientBirthDate="20990101", StudyDate="20200101"),
        b=film_bytes(2, patient="P2", PatientAge="075Y"),
        c=film_bytes(3, patient="P3", PatientAge="75"),
        d=film_bytes(4, patient="P4", PatientAge="old"),
    )
    report = ingest([folder], tmp_path / "study", workers=1)
    instances = tables_of(tmp_path / "study")[0].set_index("patient_id")
    assert instances["patient_age_years"].isna().to_dict() == {
        "P1": True, "P2": False, "P3": False, "P4": True,
    }  # fmt: skip
    assert (
        instances.loc["P2", "patient_age_years"] == instances.loc["P3", "patient_age_years"] == 75
    )
    assert report.noticed["birth_date_in_future"] == 1
    assert report.noticed["age_unreadable"] == 1


def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    peaks = []
    for count in (300, 300, 3000):  # the first also pays for what is imported
        folder = tmp_path / f"in{count}{len(peaks)}"
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:05d}.txt").write_bytes(b"a letter")
        tracemalloc.start()
        report = ingest([folder], tmp_path / f"study{count}{len(peaks)}", workers=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert report.excluded == {"not_dicom": count}
    assert peaks[2] < peaks[1] + 4 * 2**20  # ten times the files, at most one piece of a table more


def test_notices_say_what_was_cleaned(tmp_path):
    folder = put(tmp_path / "in", a=film_bytes(1, PixelSpacing=["0", "0"], PatientSex="W"))
    ingest([folder], tmp_path / "study", workers=1)
    notices = tables_of(tmp_path / "study")[2]
    assert set(notices["reason"]) == {"spacing_unusable", "sex_unreadable"}


def test_two_ingests_at_once_are_refused(export, tmp_path):
    with (
        Journal(tmp_path / "study" / "cache" / "ingest.sqlite"),
        pytest.raises(StorageError, match="held by another"),
    ):
        ingest([export], tmp_path / "study", workers=1)


def test_a_study_that_cannot_be_made_is_said(export, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="could not make the folder"):
        ingest([export], tmp_path / "file" / "study", workers=1)


def test_a_damaged_journal_is_started_anew(export, tmp_path):
    study = tmp_path / "study"
    ingest([export], study, workers=1)
    (study / "tables" / "instances.parquet").unlink()
    for path in (study / "cache").iterdir():
        path.write_bytes(b"no database" * 1000)
    assert ingest([export], study, workers=1).instances == 10


def test_a_killed_run_goes_on_and_ends_like_an_unbroken_one(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(600):
        (folder / f"{number:04d}").write_bytes(film_bytes(number, patient=f"P{number % 50}"))
    script = (
        "import sys, time; from pathlib import Path\n"
        "from osteon.sources import ingest as m, reading\n"
        "m._SHARE = 16\n"
        "slow = m.read_units\n"
        "def read(work):\n    time.sleep(0.05); return slow(work)\n"
        "m.read_units = read\n"
        "m.ingest([Path(sys.argv[1])], Path(sys.argv[2]), workers=1)\n"
    )
    study = tmp_path / "study"
    process = subprocess.Popen([sys.executable, "-c", script, str(folder), str(study)])
    journal = study / "cache" / "ingest.sqlite-wal"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (journal.exists() and journal.stat().st_size > 4e5):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (study / "tables" / "instances.parquet").exists()
    report = ingest([folder], study, workers=1)
    assert 0 < report.files_read < 600
    assert report.instances == 600
    ingest([folder], tmp_path / "whole", workers=1)
    for ours, theirs in zip(tables_of(study), tables_of(tmp_path / "whole"), strict=True):
        assert ours.equals(theirs)


@pytest.mark.real_data
def test_real_data_add_up(real_data, tmp_path):
    report = ingest([real_data], tmp_path / "study", workers=1)
    assert adds_up(report)
    assert report.instances > 130
    instances = tables_of(tmp_path / "study")[0]
    hip = instances[instances["path"].str.contains("hip_cr")]
    assert set(hip["modality"]) == {"CR"}
    assert set(zip(hip["rows"], hip["columns"], strict=True)) == {(2140, 1760)}


def test_the_command_prints_json(export, tmp_path):
    command = [sys.executable, "-m", "osteon", "ingest", str(export), "--json"]
    result = subprocess.run(
        [*command, "--study", str(tmp_path / "study")], capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout)["instances"] == 10


def test_a_full_disk_is_said_and_the_next_run_completes(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:04d}").write_bytes(film_bytes(number))
    study = tmp_path / "study"
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2**18, -1));"
        "from osteon.cli import main; main()"
    )
    command = ["ingest", str(folder), "--study", str(study), "--workers", "1"]
    full = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True)
    assert full.returncode == 6, full.stderr
    assert "could not write" in full.stderr
    assert "remedy" in full.stderr
    assert not (study / "tables" / "instances.parquet").exists()
    assert ingest([folder], study, workers=1).instances == 400


def test_an_interrupt_keeps_what_was_read(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:04d}").write_bytes(film_bytes(number))
    study = tmp_path / "study"
    script = (
        "import os, signal, sys; from osteon.sources import ingest as m; m._SHARE = 10\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's '&' ignores it
        "read, count = m.read_units, [0]\n"
        "def interrupted(work):\n"
        "    count[0] += 1\n"
        "    if count[0] == 5: os.kill(os.getpid(), signal.SIGINT)\n"
        "    return read(work)\n"
        "m.read_units = interrupted\n"
        "from osteon.cli import main; main()"
    )
    command = ["ingest", str(folder), "--study", str(study), "--workers", "1"]
    stopped = subprocess.run([sys.executable, "-c", script, *command], capture_output=True)
    assert stopped.returncode == 130
    report = ingest([folder], study, workers=1)
    assert 0 < report.files_read < 300
    assert report.instances == 300
