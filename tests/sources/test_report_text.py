"""Every report comes in or is listed; HL7 and CSV give the same table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_files import obx, oru, reports_of

from osteon.core.schemas import REPORTS
from osteon.errors import TableError
from osteon.sources.report_hl7 import read_hl7_reports, split_messages
from osteon.sources.report_text import in_force, read_reports


def write(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def read(*paths, **options):
    frame, exclusions = read_reports(paths, **options)
    return frame, [item.reason for item in exclusions]


def test_a_message_says_who_what_when_and_how_far(tmp_path):
    message = oru(obx("Fracture of the"), obx("left femoral neck.", number=2))
    frame, reasons = read(write(tmp_path, "a.hl7", message))
    row = frame.iloc[0]
    assert reasons == []
    assert (row.accession_number, row.patient_id, row.patient_class) == ("A1", "P1", "E")
    assert (row.patient_birth_date, row.examination) == ("1940-12-24", "XR HIP LEFT")
    assert row.acquired_at == "2020-03-01T10:15:00+01:00"
    assert row.reported_at == "2020-03-01T11:30:00+01:00"
    assert (row.status, row.text) == ("final", "Fracture of the\nleft femoral neck.")


def test_escapes_are_undone_and_nothing_else_is_lost(tmp_path):
    text = r"a\T\b \F\ \S\ \R\ \E\.br\E\ \.br\new\.sp2\x \X4D\\XFC\ \H\bold\N\ C:\temp ~second"
    message = oru(obx(text), charset="8859/1").encode("latin-1")
    frame, _ = read(write(tmp_path, "a.hl7", message))
    assert frame["text"][0] == "a&b | ^ ~ \\.br\\ \nnew\n\nx Mü bold C:\\temp \nsecond"


@pytest.mark.parametrize(
    ("charset", "coding", "text"),
    [
        ("UNICODE UTF-8", "utf-8", "Schenkelhalsfraktur übersehen"),
        ("8859/1", "latin-1", "Fémur: pas de fracture"),
        ("ISO IR87", "iso2022_jp", "右大腿骨頸部骨折"),
        ("", "utf-8", "Müller"),
    ],
)
def test_the_messages_own_character_set_counts(tmp_path, charset, coding, text):
    message = oru(obx(text), charset=charset)
    if coding == "iso2022_jp":
        message = message.replace("Müller^Änne", "Yamada")
    frame, _ = read(write(tmp_path, "a.hl7", message.encode(coding)))
    assert frame["text"][0] == text


def test_bytes_in_no_declared_character_set_are_listed_not_guessed(tmp_path):
    good, bad = oru(obx("fine")).encode(), oru(obx("Müller")).encode("latin-1")
    path = write(tmp_path, "a.hl7", b"\x0b" + good + b"\x1c\r\x0b" + bad + b"\x1c\r")
    frame, reasons = read(path)
    assert (len(frame), reasons) == (1, ["encoding_unknown"])
    assert read(path, encoding="latin-1")[1] == []


def test_frames_batches_and_line_ends(tmp_path):
    one, two = oru(obx("one"), accession="A1"), oru(obx("two"), accession="A2")
    batch = f"FHS|^~\\&|\rBHS|^~\\&|\r{one}{two}BTS|2\rFTS|1\r"
    for data in (f"\x0b{one}\x1c\r\x0b{two}\x1c\r", batch, (one + two).replace("\r", "\r\n")):
        frame, reasons = read(write(tmp_path, "a.hl7", data))
        assert (frame["text"].tolist(), reasons) == (["one", "two"], [])


def test_a_raw_line_break_inside_the_text_goes_on_with_it(tmp_path):
    frame, _ = read(write(tmp_path, "a.hl7", oru(obx("first\rSecond line, no segment"))))
    assert frame["text"][0].startswith("first\nSecond line")


def test_several_orders_addenda_and_withdrawn_lines(tmp_path):
    second = "OBR|2|PL2|F2|CT^CT HIP|||20200302|||||||||||A2||||20200302||||P"
    message = oru(
        obx("body"), obx("gone", status="D"), obx("added later", name="XR&ADT"), second, obx("wet")
    )
    frame, _ = read(write(tmp_path, "a.hl7", message))
    found = frame[["accession_number", "status", "text"]].to_numpy().tolist()
    assert found[:2] == [["A1", "final", "body"], ["A1", "addendum", "added later"]]
    assert found[2] == ["A2", "final", "wet"]
    assert frame["acquired_at"][2] == "2020-03-02"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (oru(obx("x"), kind="ADT^A01"), "no_result_message"),
        (oru(obx("x"), status="X"), "report_cancelled"),
        (oru(obx("x"), status="?"), "status_unknown"),
        (oru(), "text_missing"),
        (oru(obx("JVBERi0=", kind="ED")), "text_encapsulated"),
        (oru(obx("x"), accession="", patient="").replace("F1|XRHIP", "|XRHIP"), "identity_missing"),
        ("MSH|^~\\&|RIS||||||ORU^R01\r", "report_missing"),
    ],
)
def test_what_is_no_report_is_listed(tmp_path, message, reason):
    frame, reasons = read(write(tmp_path, "a.hl7", message))
    assert (len(frame), reasons) == (0, [reason])


def test_a_message_sent_twice_counts_once(tmp_path):
    assert read(write(tmp_path, "a.hl7", oru(obx("x")) * 2))[1] == ["report_repeated"]


def test_the_accession_stands_where_the_user_says(tmp_path):
    path = write(tmp_path, "a.hl7", oru(obx("x")))
    assert read(path, accession_fields=["OBR-3"])[0]["accession_number"][0] == "F1"
    with pytest.raises(TableError, match="OBR-18"):
        read(path, accession_fields=["PID-3"])


@given(st.binary(max_size=200))
def test_any_bytes_behind_msh_end_in_reports_or_reasons(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("hl7") / "a.hl7"
    path.write_bytes(b"MSH|^~\\&|" + data)
    for report in read_hl7_reports(path):
        assert report.fault is not None or isinstance(report.text, str)


@given(
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), min_size=1)
)
def test_framed_messages_are_all_found(texts):
    data = b"".join(b"\x0b" + oru(obx(text)).encode() + b"\x1c\r" for text in texts)
    assert len(split_messages(data)) == len(texts)


def test_csv_with_its_own_names_dates_and_encoding(tmp_path):
    text = "Zugang;Pat;Datum;Befund\nA1;P1;03.04.2020 07:30;Fraktur\nA2;P2;2020;x\nA3;;x;\n"
    path = write(tmp_path, "a.csv", text.encode("latin-1"))
    columns = {"accession_number": "Zugang", "patient_id": "Pat", "reported_at": "Datum",
               "text": "Befund"}  # fmt: skip
    frame, reasons = read(path, columns=columns, date_formats=["%d.%m.%Y %H:%M"])
    assert frame[["accession_number", "reported_at"]].to_numpy().tolist() == [
        ["A1", "2020-04-03T07:30:00"]
    ]
    assert reasons == ["date_unreadable", "text_missing"]
    with pytest.raises(TableError, match="no column 'text'"):
        read(path)


def test_a_birth_date_to_come_is_refused(tmp_path):
    text = "accession_number,patient_birth_date,text\nA1,2999-01-01,x\n"
    assert read(write(tmp_path, "a.csv", text))[1] == ["birth_date_in_the_future"]


@pytest.mark.parametrize("status", ["P", "prelim", "Final", "corrected", "ADDENDUM"])
def test_words_for_the_status(tmp_path, status):
    frame, _ = read(write(tmp_path, "a.csv", f"accession_number,status,text\nA1,{status},x\n"))
    assert frame["status"][0] in REPORTS.columns[7].allowed


def test_the_text_in_force_is_the_last_version_with_its_addenda():
    reports = reports_of(
        {"accession_number": "A1", "status": "final", "text": "new", "reported_at": "2020-01"},
        {"accession_number": "A1", "status": "addendum", "text": "more", "reported_at": "2020-02"},
        {"accession_number": "A1", "status": "preliminary", "text": "a", "reported_at": "2020-03"},
        {"accession_number": "A2", "status": "final", "text": "only"},
        {"status": "final", "text": "nameless"},
    )  # fmt: skip
    assert in_force(reports)["text"].tolist() == ["new\nmore", "only", "nameless"]
    assert in_force(in_force(reports)).equals(in_force(reports))
