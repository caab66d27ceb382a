"""DICOMweb against a small server of our own: streaming, broken bodies, refusals."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from archives import pace
from dicom_files import film_bytes
from hypothesis import given
from hypothesis import strategies as st

from osteon.sources import dicomweb
from osteon.sources.dicomweb import MultipartReceiver, WebArchive, WebSettings
from osteon.sources.pull import pull
from osteon.sources.pull_archive import ArchiveError
from osteon.sources.pull_queries import PullQuery

FILMS = {f"1.2.3.{n}": film_bytes(n, patient="P1", seed=n) for n in range(3)}


def body(parts, boundary="xyz", *, end=True):
    pieces = [
        f"\r\n--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + part
        for part in parts
    ]
    return b"".join(pieces) + (f"\r\n--{boundary}--\r\n".encode() if end else b"")


def element(*values):
    return {"vr": "LO", "Value": list(values)}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        parts = urlsplit(self.path)
        server.asked.append((parts.path, parse_qs(parts.query), dict(self.headers)))
        if server.answers and (answer := server.answers.pop(0)):
            self._send(*answer)
            return
        path = parts.path.removeprefix("/rs/")
        names = path.split("/")
        if path == "studies":
            asked = parse_qs(parts.query)
            rows = [{"0020000D": element("1.2.9.1"), "00100020": element("P1")}]
            is_match = asked.get("PatientID", ["P1"]) == ["P1"]
            self._json(rows if is_match else None)
        elif names[-1] == "series" and len(names) == 3:
            self._json([{"0020000E": element("1.2.9.1.1"), "00080060": element("CR")}])
        elif names[-1] == "instances":
            page = parse_qs(parts.query)
            start = int(page["offset"][0])
            uids = list(FILMS)[start : start + int(page["limit"][0])]
            self._json([{"00080018": element(uid)} for uid in uids])
        else:
            wanted = [FILMS[names[-1]]] if "instances" in names else list(FILMS.values())
            self._send(200, "multipart/related; type=application/dicom; boundary=xyz", body(wanted))

    def _json(self, rows):
        if rows is None:
            self._send(204, "", b"")
        else:
            self._send(200, "application/dicom+json", json.dumps(rows).encode())

    def _send(self, code, kind, data, headers=(), length=None):
        self.send_response(code)
        for name, value in (("Content-Type", kind), *headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        return


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made.asked, made.answers = [], []
    made.url = f"http://127.0.0.1:{made.server_port}/rs"
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def archive(server, **values):
    return WebArchive(WebSettings(url=server.url, timeout_s=5, **values))


def run(server, tmp_path, *queries, attempts=1, **values):
    queries = queries or (PullQuery(patient_id="P1"),)
    return pull(queries, archive(server, **values), tmp_path, pace(tmp_path, attempts=attempts))


def files(tmp_path):
    return {path.stem: path.read_bytes() for path in (tmp_path / "dicom").rglob("*.dcm")}


def test_a_study_comes_byte_for_byte(server, tmp_path):
    report, _ = run(server, tmp_path)
    assert report.is_complete
    assert files(tmp_path) == FILMS
    accepted = server.asked[-1][2]["Accept"]
    assert accepted == 'multipart/related; type="application/dicom"; transfer-syntax=*'


def test_pages_are_asked_for_one_by_one(server, tmp_path):
    assert run(server, tmp_path, page=2)[0].objects_now == 3
    asked = [query["offset"] for path, query, _ in server.asked if path.endswith("instances")]
    assert asked == [["0"], ["2"]]


def test_a_question_without_a_match(server, tmp_path):
    report, states = run(server, tmp_path, PullQuery(patient_id="P9"))
    assert (report.no_match, states[0].reason) == (1, "no_match")


def test_modalities_choose_the_series(server, tmp_path):
    query = PullQuery(patient_id="P1", modalities=("CT",))
    assert run(server, tmp_path, query)[0].no_match == 1


def test_an_answer_cut_short_is_never_kept_and_the_rest_is_fetched(server, tmp_path, monkeypatch):
    monkeypatch.setattr(dicomweb, "_PIECE_BYTES", 64)
    kind = "multipart/related; boundary=xyz"
    whole = body(FILMS.values())
    server.answers = [None, None, None, (200, kind, whole[: len(whole) - 300], (), len(whole))]
    report, states = run(server, tmp_path)
    assert (report.partial, states[0].reason, len(files(tmp_path))) == (1, "connection_lost", 2)
    server.asked.clear()
    report, _ = run(server, tmp_path)
    assert report.is_complete
    assert report.objects_now == 1
    assert [path for path, *_ in server.asked] == [
        "/rs/studies/1.2.9.1/series/1.2.9.1.1/instances/1.2.3.2"
    ]
    assert files(tmp_path) == FILMS


@pytest.mark.parametrize(
    ("code", "headers", "reason", "stopped"),
    [
        (401, (), "not_authorised", True),
        (403, (), "not_authorised", True),
        (404, (), "service_missing", True),
        (302, (("Location", "http://elsewhere/"),), "redirected", True),
        (400, (), "request_refused", False),
        (503, (), "archive_busy", False),
    ],
)
def test_refusals_have_a_reason(server, tmp_path, code, headers, reason, stopped):
    server.answers = [(code, "text/plain", b"no", headers)]
    report, states = run(server, tmp_path, PullQuery(patient_id="P1"), PullQuery(patient_id="P2"))
    assert (states[0].state, states[0].reason) == ("failed", reason)
    assert bool(report.stopped) is stopped
    assert report.pending == (1 if stopped else 0)


def test_a_busy_archive_says_how_long_to_wait(server, tmp_path):
    server.answers = [(429, "text/plain", b"", (("Retry-After", "7"),))]
    slow = pace(tmp_path, back_off_s=1)
    report, _ = pull([PullQuery(patient_id="P1")], archive(server), tmp_path, slow)
    assert report.is_complete
    assert 7 in slow.waits


@pytest.mark.parametrize(
    ("kind", "data"),
    [("application/dicom+json", b"{"), ("application/dicom+json", b'{"a": 1}'), ("", b"[1]")],
)
def test_answers_that_are_no_list_of_studies(server, tmp_path, kind, data):
    server.answers = [(200, kind, data)]
    assert run(server, tmp_path)[0].failed == 1


def test_a_server_that_is_not_there(tmp_path, server):
    gone = WebArchive(WebSettings(url="http://127.0.0.1:9", timeout_s=1))
    report, states = pull([PullQuery(patient_id="P1")], gone, tmp_path, pace(tmp_path, attempts=2))
    assert (states[0].reason, report.failed) == ("no_connection", 1)


def test_who_asks_is_told_from_the_environment(server, tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEON_PULL_TOKEN", "secret")
    run(server, tmp_path)
    assert server.asked[0][2]["Authorization"] == "Bearer secret"
    monkeypatch.delenv("OSTEON_PULL_TOKEN")
    monkeypatch.setenv("OSTEON_PULL_PASSWORD", "p")
    run(server, tmp_path / "b", user="u")
    assert server.asked[-1][2]["Authorization"] == "Basic dTpw"


class _Kept:
    def __init__(self, kept):
        self._kept, self._data = kept, b""

    def write(self, data):
        self._data += data

    def finish(self):
        self._kept.append(self._data)
        return "kept"

    def abandon(self):
        return


@given(
    st.lists(st.binary(max_size=40), min_size=1, max_size=4),
    st.integers(1, 17),
)
def test_parts_are_the_same_however_the_body_is_cut(parts, size):
    if any(b"--xyz" in part for part in parts):
        return
    kept = []
    receiver = MultipartReceiver("multipart/related; boundary=xyz", lambda: _Kept(kept))
    whole = body(parts)
    for start in range(0, len(whole), size):
        receiver.write(whole[start : start + size])
    receiver.finish()
    assert kept == parts


@given(st.integers(0, 10**6))
def test_a_body_that_ends_early_is_said(length):
    whole = body([b"a" * 50, b"b" * 50])
    kept = []
    receiver = MultipartReceiver("multipart/related; boundary=xyz", lambda: _Kept(kept))
    cut = whole[: length % (len(whole) - 2)]
    receiver.write(cut)
    with pytest.raises(ArchiveError, match="connection_lost"):
        receiver.finish()
    assert len(kept) == sum(cut.count(mark) for mark in (b"a" * 50 + b"\r\n--xyz\r\n",))


def test_a_single_object_and_foreign_kinds():
    kept = []
    receiver = MultipartReceiver("application/dicom", lambda: _Kept(kept))
    receiver.write(b"x")
    receiver.finish()
    assert kept == [b"x"]
    for kind in ("text/html", "multipart/related", ""):
        with pytest.raises(ArchiveError, match="answer_unreadable"):
            MultipartReceiver(kind, lambda: _Kept(kept))
    broken = MultipartReceiver("multipart/related; boundary=xyz", lambda: _Kept(kept))
    with pytest.raises(ArchiveError, match="answer_unreadable"):
        broken.write(b"--abc\r\n")
