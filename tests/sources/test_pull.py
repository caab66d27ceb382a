"""A pull loses nothing, fetches nothing twice, and says of every question what became of it."""

import json
from datetime import date, datetime

import pytest
from archives import StubArchive, busy, pace
from click.testing import CliRunner
from dicom_files import film_bytes
from hypothesis import given
from hypothesis import strategies as st

from osteon.cli.pull import command
from osteon.errors import SettingsError, StorageError
from osteon.sources.pull import pull
from osteon.sources.pull_archive import ArchiveError, Instance, StudyAnswer, answers_to, is_uid
from osteon.sources.pull_journal import PullJournal
from osteon.sources.pull_pace import Pace, PaceSettings
from osteon.sources.pull_queries import PullQuery, read_queries
from osteon.sources.pull_settings import load_pull_settings
from osteon.sources.pull_store import PullStore


def objects(*patients, per_study=3):
    return {
        (f"P{p}", f"1.2.9.{p}", f"1.2.9.{p}.1", f"1.2.3.{p}{n}"): film_bytes(
            f"{p}{n}", patient=f"P{p}", seed=n
        )
        for p in patients
        for n in range(per_study)
    }


def queries(*patients):
    return [PullQuery(patient_id=f"P{p}") for p in patients]


def files(folder):
    return {path.stem: path.read_bytes() for path in (folder / "dicom").rglob("*.dcm")}


def test_everything_comes_byte_for_byte(tmp_path):
    archive = StubArchive(objects(1, 2))
    report, states = pull(queries(1, 2), archive, tmp_path, pace(tmp_path))
    assert report.is_complete
    assert (report.done, report.objects_now, report.objects_expected) == (2, 6, 6)
    assert files(tmp_path) == {key[3]: data for key, data in archive.objects.items()}
    assert (tmp_path / "dicom/1.2.9.1/1.2.9.1.1/1.2.3.10.dcm").exists()
    assert [state.state for state in states] == ["done", "done"]


def test_a_second_run_asks_for_nothing(tmp_path):
    pull(queries(1), StubArchive(objects(1)), tmp_path, pace(tmp_path))
    again = StubArchive(objects(1))
    report, _ = pull(queries(1), again, tmp_path, pace(tmp_path))
    assert (again.asked, again.sent, report.objects_now, report.done) == ([], [], 0, 1)


@pytest.mark.parametrize("after", range(7))
def test_a_kill_at_any_object_loses_nothing_and_fetches_nothing_twice(tmp_path, after):
    archive = StubArchive(objects(1, 2))
    archive.die_after = after
    if after < 6:
        with pytest.raises(KeyboardInterrupt):
            pull(queries(1, 2), archive, tmp_path, pace(tmp_path))
    else:
        pull(queries(1, 2), archive, tmp_path, pace(tmp_path))
    assert len(files(tmp_path)) == after
    archive.die_after = None
    report, _ = pull(queries(1, 2), archive, tmp_path, pace(tmp_path))
    assert report.is_complete
    assert sorted(archive.sent) == sorted(key[3] for key in archive.objects)
    assert files(tmp_path) == {key[3]: data for key, data in archive.objects.items()}
    assert not list((tmp_path / "dicom/.incoming").iterdir())


def test_a_kill_between_the_file_and_the_journal_is_mended(tmp_path, monkeypatch):
    archive = StubArchive(objects(1))
    with monkeypatch.context() as patched:
        patched.setattr(PullJournal, "record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            pull(queries(1), archive, tmp_path, pace(tmp_path))
    assert len(files(tmp_path)) == 1
    report, _ = pull(queries(1), archive, tmp_path, pace(tmp_path))
    assert report.objects_now == 2
    assert report.is_complete


def test_each_question_says_what_became_of_it(tmp_path):
    archive = StubArchive(objects(1, 2, 4))
    archive.find_errors = [None, None, None, ArchiveError("find_failed", "said no")]
    archive.withheld = {"1.2.3.21"}
    report, states = pull(queries(1, 2, 3, 4), archive, tmp_path, pace(tmp_path))
    assert [(state.state, state.reason) for state in states] == [
        ("done", ""), ("partial", "objects_missing"), ("no_match", "no_match"),
        ("failed", "find_failed"),
    ]  # fmt: skip
    assert (report.objects_expected, report.objects_received) == (6, 5)
    archive.withheld = set()
    report, _ = pull(queries(1, 2, 3, 4), archive, tmp_path, pace(tmp_path))
    assert report.is_complete
    assert archive.asked[4:] == ["patient_id=P4"]
    assert report.objects_now == 4


def test_what_fails_in_passing_is_tried_again_with_longer_waits(tmp_path):
    archive = StubArchive(objects(1))
    archive.find_errors = [busy(), busy(), None]
    archive.fetch_errors = [busy()]
    slow = pace(tmp_path, back_off_s=2)
    report, _ = pull(queries(1), archive, tmp_path, slow)
    assert report.is_complete
    assert [wait for wait in slow.waits if wait > 1] == [2, 4, 2]


def test_after_the_last_attempt_the_reason_is_kept(tmp_path):
    archive = StubArchive(objects(1, 2))
    archive.fetch_errors = [busy(), busy()]
    report, states = pull(queries(1, 2), archive, tmp_path, pace(tmp_path, attempts=2))
    assert [(state.state, state.reason) for state in states] == [
        ("partial", "archive_busy"), ("done", "")
    ]  # fmt: skip
    assert report.reasons == {"archive_busy": 1}


def test_an_archive_that_refuses_us_is_not_asked_on(tmp_path):
    archive = StubArchive(objects(1, 2, 3))
    archive.find_errors = [None, ArchiveError("called_title_unknown", "who?", stops=True)]
    report, states = pull(queries(1, 2, 3), archive, tmp_path, pace(tmp_path))
    assert [state.state for state in states] == ["done", "failed", "pending"]
    assert report.stopped == "called_title_unknown: who?"
    assert len(archive.asked) == 2


def test_asking_again_finds_what_is_new_and_fetches_only_that(tmp_path):
    archive = StubArchive(objects(1, per_study=2))
    pull(queries(1), archive, tmp_path, pace(tmp_path))
    archive.objects = objects(1, per_study=3)
    report, _ = pull(queries(1), archive, tmp_path, pace(tmp_path), ask_again=True)
    assert (report.objects_now, archive.sent[2:]) == (1, ["1.2.3.12"])


def store_of(folder, journal, *instances):
    journal.add(queries(1))
    journal.expect(queries(1)[0].key, [Instance("1.2", "1.3", uid) for uid in instances])
    return PullStore(folder, journal)


def received(store, data):
    incoming = store.receive()
    incoming.write(data)
    return incoming.finish()


def test_only_what_was_asked_for_is_kept_and_each_once(tmp_path):
    with PullJournal(tmp_path / "pull.sqlite") as journal:
        store = store_of(tmp_path / "dicom", journal, "1.2.3.1")
        assert received(store, film_bytes(1)) == "kept"
        assert received(store, film_bytes(1)) == "again"
        assert received(store, film_bytes(1, seed=9)) == "same_uid_other_content"
        assert received(store, film_bytes(2)) == "not_asked_for"
        assert received(store, b"hello") == "not_dicom"
        assert received(store, film_bytes(1111111).replace(b"3.1111111", b"3/../../x")) == (
            "not_asked_for"
        )
        assert journal.remarks() == {
            "not_asked_for": 2, "not_dicom": 1, "same_uid_other_content": 1
        }  # fmt: skip
    assert files(tmp_path) == {"1.2.3.1": film_bytes(1)}


def test_left_overs_of_a_killed_run_are_removed(tmp_path):
    (tmp_path / "dicom/.incoming").mkdir(parents=True)
    (tmp_path / "dicom/.incoming/half.dcm").write_bytes(film_bytes(1)[:99])
    pull(queries(1), StubArchive(objects(1)), tmp_path, pace(tmp_path))
    assert not list((tmp_path / "dicom/.incoming").iterdir())


def test_one_pull_at_a_time(tmp_path):
    with PullJournal(tmp_path / "pull.sqlite"), pytest.raises(StorageError, match="held"):
        pull(queries(1), StubArchive({}), tmp_path, pace(tmp_path))


def test_hours_pauses_and_the_rate_are_kept(tmp_path):
    moment = {"now": datetime(2020, 1, 1, 12, 0)}
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            moment["now"] = datetime(2020, 1, 1, 19, 0)
        if len(waits) == 5:
            (tmp_path / "pause").unlink()

    (tmp_path / "pause").touch()
    settings = PaceSettings(hours="19:00-06:00", requests_per_minute=30)
    kept = Pace(
        settings, tmp_path / "pause", now=lambda: moment["now"], clock=lambda: 0.0, sleep=sleep
    )
    kept.wait_for_turn()
    assert waits == [30.0] * 5
    kept.wait_for_turn()
    assert waits[5:] == [2.0]


@pytest.mark.parametrize(
    ("hours", "clock", "is_open"),
    [("19:00-06:00", 3, True), ("19:00-06:00", 12, False), ("08:00-17:00", 12, True),
     ("08:00-17:00", 17, False), ("", 12, True)],
)  # fmt: skip
def test_hours(hours, clock, is_open):
    assert PaceSettings(hours=hours).is_open(datetime(2020, 1, 1, clock)) is is_open


def test_waits_grow_to_a_limit():
    settings = PaceSettings(back_off_s=2, longest_wait_s=10)
    assert [settings.wait_before(n) for n in range(1, 7)] == [0, 2, 4, 8, 10, 10]


def test_questions_from_csv_and_yaml(tmp_path):
    (tmp_path / "q.csv").write_text(
        "\ufeffreport_id;patient_id;accession_number;since;until;modalities\n"
        "r1;0012;A1;2020-01-01;2020-01-31;dx, cr\nr2;0012;A1;2020-01-01;2020-01-31;DX CR\n"
        "r3;;A2;;;\n"
    )
    found = read_queries(tmp_path / "q.csv")
    assert [(q.patient_id, q.accession_number) for q in found] == [("0012", "A1"), ("", "A2")]
    assert found[0].study_dates == "20200101-20200131"
    assert found[0].modalities == ("DX", "CR")
    (tmp_path / "q.yaml").write_text("- {study_instance_uid: 1.2.3}\n- {patient_id: '7'}\n")
    assert [str(q) for q in read_queries(tmp_path / "q.yaml")] == [
        "study_instance_uid=1.2.3", "patient_id=7"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["patient_id\n*\n", "patient_id\nP?\n", "patient_id\na\\b\n", "study_instance_uid\n1.2/../3\n",
     "modalities\nDX\n", "since,until\n2020-01-01,2020-01-02\n", "patient_id\n\n",
     "patient_id,since,until\n1,2020-02-01,2020-01-01\n", "patient_id,modalities\n1,<DX>\n"],
)  # fmt: skip
def test_questions_that_ask_for_too_much_or_nothing_are_refused(tmp_path, text):
    (tmp_path / "q.csv").write_text(text)
    with pytest.raises(SettingsError):
        read_queries(tmp_path / "q.csv")


def test_a_question_has_one_key_whatever_its_spelling():
    day = PullQuery(patient_id="1", since=date(2020, 1, 1), until=date(2020, 1, 1))
    assert day.study_dates == "20200101"
    assert day.key == PullQuery(patient_id="1", since="2020-01-01", until="2020-01-01").key
    assert day.key != PullQuery(patient_id="1").key


def test_answers_that_were_not_asked_for():
    asked = PullQuery(patient_id="P1")
    right, wrong = StudyAnswer("1.2", "P1 ", ""), StudyAnswer("1.3", "P2", "")
    assert answers_to(asked, [right, wrong], 9) == ["1.2"]
    assert answers_to(asked, [], 9) == []
    with pytest.raises(ArchiveError, match="answer_not_asked_for"):
        answers_to(asked, [wrong], 9)
    with pytest.raises(ArchiveError, match="too_many_matches"):
        answers_to(asked, [StudyAnswer(f"1.{n}", "P1", "") for n in range(3)], 2)


@given(st.text(max_size=70))
def test_a_uid_is_a_harmless_name(text):
    if is_uid(text):
        assert set(text) <= set("0123456789.")
        assert ".." not in text
        assert text not in (".", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("archive: {kind: dimse, host: h, port: 1, called_aet: 'TOO LONG A TITLE X'}", "called"),
        ("archive: {kind: dimse, host: h, port: 104, called_aet: 'A\\\\B'}", "called_aet"),
        ("archive: {kind: dicomweb, url: 'http://user:pw@h/'}", "url"),
        ("archive: {kind: dicomweb, url: 'ftp://h/'}", "url"),
        ("archive: {kind: dicomweb, urll: 'http://h/'}", "urll"),
        ("archive: {host: h}", "kind"),
        ("pace: {}", "archive"),
        ("archive: {kind: dicomweb, url: 'http://h'}\npace: {hours: night}", "hours"),
    ],
)  # fmt: skip
def test_settings_that_are_wrong_are_refused(tmp_path, text, said):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_pull_settings(tmp_path / "a.yaml")


def test_the_verb_tells_and_exits_with_3_when_something_is_missing(tmp_path, monkeypatch):
    (tmp_path / "a.yaml").write_text("archive: {kind: dicomweb, url: 'http://h'}\n")
    (tmp_path / "q.csv").write_text("patient_id\nP1\nP2\n")
    archive = StubArchive(objects(1, 2))
    archive.withheld = {"1.2.3.10"}
    monkeypatch.setattr("osteon.cli.pull.open_archive", lambda settings: archive)
    call = [str(tmp_path / "q.csv"), "--archive", str(tmp_path / "a.yaml"), "-o",
            str(tmp_path / "out"), "--set", "pace.requests_per_minute=1000000"]  # fmt: skip
    result = CliRunner().invoke(command, call)
    assert result.exception.exit_code == 3
    assert "partial: patient_id=P1: objects_missing" in result.output
    archive.withheld = set()
    result = CliRunner().invoke(command, [*call, "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output)["objects_now"] == 1
    assert "done" in (tmp_path / "out/pull.csv").read_text("utf-8-sig")
