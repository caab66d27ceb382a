"""Archives for the tests: one of our own making, and Orthanc on loopback."""

import contextlib
import json
import socket
import subprocess
import time
import urllib.request

from osteon.sources.pull_archive import ArchiveError, Instance
from osteon.sources.pull_pace import Pace, PaceSettings


class StubArchive:
    """Holds bytes by (patient, study, series, instance); fails as it is told."""

    def __init__(self, objects):
        self.objects = objects
        self.asked, self.sent = [], []
        self.find_errors, self.fetch_errors = [], []
        self.die_after = None
        self.withheld = set()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        return None

    def find(self, query):
        self.asked.append(str(query))
        if self.find_errors and (error := self.find_errors.pop(0)):
            raise error
        return [Instance(*key[1:]) for key in self.objects if key[0] == query.patient_id]

    def fetch(self, series, receiver):
        if self.fetch_errors and (error := self.fetch_errors.pop(0)):
            raise error
        for key, data in self.objects.items():
            if key[3] not in series.sop_instance_uids or key[3] in self.withheld:
                continue
            incoming = receiver()
            half = len(data) // 2
            incoming.write(data[:half])
            if self.die_after is not None and len(self.sent) >= self.die_after:
                incoming.abandon()
                raise KeyboardInterrupt
            incoming.write(data[half:])
            incoming.finish()
            self.sent.append(key[3])


def pace(folder, **values):
    """A pace that does not wait; the waits are listed in ``.waits``."""
    clock = {"now": 0.0}
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        clock["now"] += seconds

    made = Pace(
        PaceSettings(**({"requests_per_minute": 1e9} | values)), folder / "pause",
        clock=lambda: clock["now"], sleep=sleep,
    )  # fmt: skip
    made.waits = waits
    return made


def busy():
    return ArchiveError("archive_busy", "too many", is_passing=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def orthanc(program, folder, *, storage_port, calling_aet="OSTEON"):
    """Run Orthanc on loopback; gives its DICOM and its HTTP port."""
    dicom_port, http_port = free_port(), free_port()
    plugins = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
    settings = {
        "Name": "test", "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"), "Plugins": [plugins],
        "HttpServerEnabled": True, "HttpPort": http_port, "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "DicomServerEnabled": True, "DicomAet": "PACS",
        "DicomPort": dicom_port, "DicomCheckCalledAet": True, "DicomAlwaysAllowFind": False,
        "DicomCheckModalityHost": False, "DicomAlwaysAllowGet": False,
        "DicomModalities": {
            "osteon": {"AET": calling_aet, "Host": "127.0.0.1", "Port": storage_port,
                       "AllowFind": True, "AllowMove": True, "AllowGet": True},
        },
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }  # fmt: skip
    (folder / "storage").mkdir(parents=True)
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [program, str(folder / "orthanc.json")], stdout=log, stderr=log, cwd=folder
        )
        try:
            _wait_for(f"http://127.0.0.1:{http_port}/system", process)
            yield dicom_port, http_port
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(url, process):
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("Orthanc ended before it answered")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            answer.read()
            return
        time.sleep(0.1)
    raise RuntimeError("Orthanc does not answer")


def upload(http_port, objects):
    for data in objects:
        request = urllib.request.Request(
            f"http://127.0.0.1:{http_port}/instances", data, method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
