"""A hospital of synthetic patients for hospital_study.py: films, reports, a table, people's work.

Everything here stands for what a real hospital has already, or for what people do by hand: draw
boxes, look up what happened later, judge disagreements. The phantom's truth stands behind it all.
"""

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import yaml
from pydicom import FileDataset, dcmread

from osteon.core.schemas import BOX_COLUMNS
from osteon.phantom.hip_settings import HipsSettings
from osteon.phantom.hips import make_hips

NAMES = ("Adler", "Brandt", "Conti", "Dubois", "Ekdahl", "Fischer", "Garcia")
SIDES = {"L": "left", "R": "right"}
VIEWS = {"ap_pelvis": 0.75, "ap_hip": 0.15, "cross_table_lateral": 0.1}
PHRASES = {
    "displaced_femoral_neck": "Displaced fracture of the {} femoral neck.",
    "nondisplaced_femoral_neck": "Possible nondisplaced fracture of the {} femoral neck.",
    "intertrochanteric": "Intertrochanteric fracture of the {} femur.",
    "internal_fixation": "Cephalomedullary nail in the {} femur.",
    "arthroplasty": "Arthroplasty of the {} hip.",
}
INTACT = ("No evidence of fracture of the {} femoral neck.", "The {} hip is normal.")
OPERATED = {
    "displaced_femoral_neck": "hemiarthroplasty", "intertrochanteric": "cephalomedullary nail",
}  # fmt: skip
MISTAKES = {
    "displaced_femoral_neck": "nondisplaced_femoral_neck",
    "nondisplaced_femoral_neck": "no_fracture",
    "intertrochanteric": "displaced_femoral_neck",
    "no_fracture": "nondisplaced_femoral_neck",
}
_WEB_PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


def make_hospital(patients: int, seed: int) -> pd.DataFrame:
    """Make films with names and accessions, their reports, bone densities; gives every hip's truth.

    The truth has the columns of labels, and each film's ``accession`` and ``day`` (YYYYMMDD).
    """
    small = HipsSettings(
        n=patients, pixel_size_mm=1.6, spacing_mm=3.0, films_per_study=(1, 1), views=VIEWS,
        follow_up_share=0.1, masks=False,
    )  # fmt: skip
    made = make_hips(small, Path("hospital"), seed, workers=1)
    print(f"a hospital of {made.patients} patients, {made.films} films, {made.hips} hips")
    hips = pd.read_csv("hospital/labels.csv", comment="#").assign(accession="", day="")
    visits: list[FileDataset] = []
    people: dict[str, tuple[str, str, date]] = {}
    for number, path in enumerate(films()):
        film = dcmread(path)
        old = film.PatientID
        person = people.setdefault(old, _person(film, len(people)))
        film.PatientID, film.PatientName = person[:2]
        film.PatientBirthDate = f"{person[2]:%Y%m%d}"
        film.AccessionNumber = f"A{104729 * (number + 37)}"
        film.save_as(path)
        is_here = hips["sop_instance_uid"] == film.SOPInstanceUID
        hips.loc[is_here, ["accession", "day"]] = film.AccessionNumber, film.StudyDate
        hips.loc[is_here, "patient_id"] = film.PatientID
        visits.append(film)
    _write_reports(visits, hips)
    _write_densities(visits, {person[0]: old for old, person in people.items()})
    return hips


def films() -> list[Path]:
    """List the files of the hospital's films."""
    return sorted(Path("hospital/films").rglob("*.dcm"))


def _person(film: FileDataset, place: int) -> tuple[str, str, date]:
    """Give a patient id, a name and a birthday that fits the age on the film."""
    born = day_of(film.StudyDate) - timedelta(round(365.25 * int(film.PatientAge[:3])) + 90)
    return f"H{7919 * (place + 31)}", f"{NAMES[place % len(NAMES)]}^Kim", born


def day_of(text: str) -> date:
    """Read a day of a DICOM header."""
    return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")


def _write_reports(visits: list[FileDataset], hips: pd.DataFrame) -> None:
    """Write reports from the truth: some negated, some doubtful, some twice, one empty."""
    rows = []
    for number, film in enumerate(visits):
        seen = hips[hips["accession"] == film.AccessionNumber]
        said = [
            PHRASES.get(hip.label, INTACT[number % 2]).format(SIDES[hip.laterality])
            for hip in seen.itertuples()
        ]
        row = {
            "accession_number": film.AccessionNumber, "patient_id": film.PatientID,
            "status": "final", "examination": "XR PELVIS",
            "patient_class": "O" if number % 12 == 11 else "E",
            "patient_birth_date": f"{day_of(film.PatientBirthDate)}",
            "acquired_at": f"{day_of(film.StudyDate)}T10:00",
            "reported_at": f"{day_of(film.StudyDate)}T18:00", "text": " ".join(said),
        }  # fmt: skip
        rows.append(row if number != 5 else row | {"text": ""})
        if number % 5 == 0:
            rows.append(row | {"status": "preliminary", "reported_at": row["acquired_at"]})
    pd.DataFrame(rows).to_csv("reports.csv", index=False)


def _write_densities(visits: list[FileDataset], old_ids: dict[str, str]) -> None:
    """Write bone densities with semicolons, decimal commas, codes for missing and slips."""
    known = pd.read_csv("hospital/clinical.csv", comment="#").set_index("patient_id")["t_score"]
    lines = ["Pat-Nr;Name;geb;Datum;T"]
    for number, film in enumerate(visits):
        if number % 5 == 4:
            continue
        day = f"{day_of(film.StudyDate) - timedelta(days=40 * (number % 12)):%d.%m.%Y}"
        score = "-99" if number % 7 == 3 else str(known[old_ids[film.PatientID]]).replace(".", ",")
        day = "31.02.2020" if number == 6 else day
        born = f"{day_of(film.PatientBirthDate):%d.%m.%Y}"
        lines.append(f"{film.PatientID};{film.PatientName};{born};{day};{score}")
    Path("dxa.csv").write_text("\n".join([*lines, lines[1], ""]))


def draw_boxes(hips: pd.DataFrame, path: Path) -> None:
    """Have two annotators draw every hip; every fifth the second one takes for something else."""
    columns = ["sop_instance_uid", "laterality", *BOX_COLUMNS, "label"]
    first = hips[columns].assign(annotator="anna").reset_index(drop=True)
    second = first.assign(annotator="ben")
    second["x_max_px"] -= 0.7
    other = second["label"].map(lambda label: MISTAKES.get(label, label))
    second["label"] = second["label"].where(second.index % 5 != 2, other)
    pd.concat([first, second]).to_csv(path, index=False)


def look_up_later(hips: pd.DataFrame, path: Path) -> None:
    """Have half of the broken hips operated on; the first one had a CT, before its film."""
    rows = []
    for number, hip in enumerate(hips[hips["label"].isin(OPERATED)].itertuples()):
        what, days = ("operation", 2) if number else ("ct", -1)
        if number % 2 == 0:
            day = day_of(hip.day) + timedelta(days=days)
            finding = OPERATED[hip.label] if number else "no fracture"
            rows.append((hip.patient_id, hip.laterality, what, finding, day, "Dr S"))
    columns = ["patient_id", "laterality", "source", "finding", "date", "who"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)


def judge(sheet: Path, boxes: Path) -> None:
    """Have a third person fill in the sheet of disagreements, rightly."""
    drawn = pd.read_csv(boxes).query("annotator == 'anna'")
    cases = drawn["sop_instance_uid"] + ":" + drawn["laterality"]
    truth = dict(zip(cases, drawn["label"], strict=True))
    rows = pd.read_csv(sheet, dtype=str).astype("object")
    rows["adjudicated_label"] = rows["case_id"].map(truth)
    rows["adjudicator"], rows["adjudicated_on"] = "carla", "2024-03-01"
    rows.to_csv(sheet, index=False)


@contextmanager
def pacs(program: str, settings: Path) -> Iterator[None]:
    """Run Orthanc on loopback with the hospital's films; writes the settings that reach it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "StorageDirectory": "orthanc", "IndexDirectory": "orthanc", "HttpPort": port,
        "Plugins": [_WEB_PLUGIN], "AuthenticationEnabled": False, "RemoteAccessAllowed": False,
        "DicomServerEnabled": False,
    }  # fmt: skip
    Path("orthanc.json").write_text(json.dumps(own))
    url = f"http://127.0.0.1:{port}"
    with Path("orthanc.log").open("w") as log:
        process = subprocess.Popen([program, "orthanc.json"], stdout=log, stderr=log)
        try:
            _wait_for(url, process)
            for path in films():
                _ask(f"{url}/instances", path.read_bytes())
            archive = {"kind": "dicomweb", "url": f"{url}/dicom-web"}
            settings.write_text(
                yaml.safe_dump({"archive": archive, "pace": {"requests_per_minute": 6000}})
            )
            yield
        finally:
            process.terminate()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            _ask(f"{url}/system")
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("Orthanc does not answer: see orthanc.log")


def _ask(url: str, data: bytes | None = None) -> None:
    with urllib.request.urlopen(url, data, timeout=60) as answer:
        answer.read()
