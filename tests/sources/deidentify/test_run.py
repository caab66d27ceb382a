import io
import json
import os
import stat
import zipfile

import pytest
from click.testing import CliRunner
from objects import as_bytes, film
from pydicom import dcmread

from osteon.cli.deidentify import command
from osteon.core.schemas import DEIDENTIFIED
from osteon.core.tables import read_table
from osteon.errors import UsageError
from osteon.sources.deidentify.options import DeidentifySettings
from osteon.sources.deidentify.run import deidentify

HEADERS = DeidentifySettings(options=())


@pytest.fixture
def export(tmp_path):
    """Two patients, a zip, a duplicate, a stray text file and a loop of links."""
    source = tmp_path / "Meier_Annelise"
    (source / "inner").mkdir(parents=True)
    (source / "a.dcm").write_bytes(as_bytes(film()))
    (source / "b.dcm").write_bytes(as_bytes(film()))
    other = film(SOPInstanceUID="1.2.3.4444444.9", PatientID="PID-2", PatientName="Other^One")
    (source / "inner" / "IM1").write_bytes(as_bytes(other))
    (source / "notes.txt").write_text("Meier Annelise")
    (source / "loop").symlink_to(source)
    with zipfile.ZipFile(source / "more.zip", "w") as archive:
        archive.writestr("x/IM2", as_bytes(film(SOPInstanceUID="1.2.3.4444444.10")))
        archive.writestr("../../climbs", b"x")
    return source


def run(source, tmp_path, settings=HEADERS, **values):
    secret = tmp_path / "keys" / "secret"
    return deidentify([source], tmp_path / "out", secret, settings=settings, workers=1, **values)


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_a_run_delivers_reports_and_touches_nothing_else(export, tmp_path):
    before = tree(export)
    report = run(export, tmp_path).report
    assert (report.files, report.delivered, report.duplicates, report.patients) == (6, 3, 1, 2)
    assert report.refused == {"archive_path_climbs": 1, "not_dicom": 1}
    assert tree(export) == before
    written = tree(tmp_path / "out")
    for name, content in written.items():
        for word in (b"Meier", b"MEIER", b"Annelise", b"PID-004711", b"4444444", b"notes.txt"):
            assert word not in content, (name, word)
            assert word.decode() not in name
    for name in (name for name in written if name.endswith(".dcm")):
        ds = dcmread(io.BytesIO(written[name]))
        parts = ("files", ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID)
        assert name == "/".join((*parts, f"{ds.SOPInstanceUID}.dcm"))
    table = read_table(DEIDENTIFIED, tmp_path / "out/report/files.parquet")
    assert sorted(table["status"]) == ["delivered"] * 3 + ["duplicate"] + ["refused"] * 2
    assert {path.name for path in tmp_path.iterdir()} == {"Meier_Annelise", "out", "keys"}


def test_a_second_run_does_only_what_is_missing(export, tmp_path):
    run(export, tmp_path)
    before = tree(tmp_path / "out/files")
    assert run(export, tmp_path).report.files_done_now == 0
    (export / "new.dcm").write_bytes(as_bytes(film(SOPInstanceUID="1.2.3.4444444.11")))
    ledger = tmp_path / "out/report/done.jsonl"
    ledger.write_bytes(ledger.read_bytes() + b'[{"key": "cut sh')
    report = run(export, tmp_path).report
    assert (report.files_done_now, report.delivered) == (1, 4)
    assert before.items() <= tree(tmp_path / "out/files").items()
    assert run(export, tmp_path).report.files_done_now == 0


def test_the_same_secret_gives_the_same_files(export, tmp_path):
    run(export, tmp_path)
    again = tmp_path / "again"
    deidentify([export], again, tmp_path / "keys/secret", settings=HEADERS, workers=2)
    assert tree(again / "files") == tree(tmp_path / "out/files")


def test_other_settings_or_secrets_are_refused(export, tmp_path):
    run(export, tmp_path)
    with pytest.raises(UsageError, match="other settings"):
        run(export, tmp_path, DeidentifySettings(options=("retain_uids",)))
    with pytest.raises(UsageError, match="another secret"):
        deidentify([export], tmp_path / "out", tmp_path / "other", settings=HEADERS)


def test_the_secret_is_ours_alone_and_apart(export, tmp_path):
    run(export, tmp_path)
    secret = tmp_path / "keys/secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    secret.chmod(0o644)
    with pytest.raises(UsageError, match="0600"):
        run(export, tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for place in (tmp_path / "out/secret", tmp_path / "link/secret"):
        with pytest.raises(UsageError, match="output folder"):
            deidentify([export], tmp_path / "out", place, settings=HEADERS)
    (tmp_path / "text").write_text("no secret")
    (tmp_path / "text").chmod(0o600)
    with pytest.raises(UsageError, match="no secret"):
        deidentify([export], tmp_path / "out", tmp_path / "text", settings=HEADERS)


def test_output_and_source_lie_apart(export, tmp_path):
    for output in (export / "out", tmp_path, export):
        with pytest.raises(UsageError, match="one another"):
            deidentify([export], output, tmp_path / "secret", settings=HEADERS)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("mine")
    with pytest.raises(UsageError, match="something else"):
        deidentify([export], tmp_path / "full", tmp_path / "secret", settings=HEADERS)


def test_the_key_table_leads_back_and_lies_apart(export, tmp_path):
    table = tmp_path / "keys/table.csv"
    run(export, tmp_path, key_table=table)
    assert stat.S_IMODE(table.stat().st_mode) == 0o600
    assert "PID-004711" in table.read_text("utf-8")
    with pytest.raises(UsageError, match="key table"):
        run(export, tmp_path, key_table=tmp_path / "out/table.csv")


def test_one_uid_with_two_contents_is_told(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    (source / "1").write_bytes(as_bytes(film()))
    (source / "2").write_bytes(as_bytes(film(KVP="70")))
    report = run(source, tmp_path).report
    assert report.delivered == 1
    assert report.refused == {"same_uid_other_content": 1}


def test_one_person_under_three_ids_is_told(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for number in range(3):
        ds = film(PatientID=f"PID-000{number}", SOPInstanceUID=f"1.2.3.4444444.{number}")
        (source / str(number)).write_bytes(as_bytes(ds))
    report = run(source, tmp_path).report
    assert (report.patients, report.people_split) == (3, 1)


def test_the_command_tells_residue_by_its_exit_code(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    (source / "1").write_bytes(as_bytes(film(Manufacturer="for Annelise")))
    arguments = [str(source), str(tmp_path / "out"), "--secret", str(tmp_path / "secret")]
    result = CliRunner().invoke(command, [*arguments, "--headers-only", "--json"])
    assert getattr(result.exception, "exit_code", None) == 3
    content = json.loads(result.stdout)
    assert content["residues"] == 1
    assert content["not_delivered"][0]["reason"] == "residue"
    assert not list((tmp_path / "out").rglob("*.dcm"))
    assert os.listdir(tmp_path / "out") == ["report"]
