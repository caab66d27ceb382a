"""From a hospital's archive to a study that is divided and audited, on synthetic patients.

``python docs/examples/hospital_study.py FOLDER`` makes the hospital and the study below FOLDER and
prints what docs/hospital-study.md shows. With Orthanc (Debian: orthanc, orthanc-dicomweb) the films
come from a PACS on loopback, without it from a folder.
"""

import re
import shutil
import sys
from contextlib import chdir
from pathlib import Path

import pandas as pd
import yaml
from click.testing import CliRunner
from pydicom import dcmread
from synthetic_hospital import draw_boxes, films, judge, look_up_later, make_hospital, pacs

from osteon import cli

FIRST_LINE = "SYNTHETIC PATIENTS: an example of the steps, no evidence of clinical value."
WITHOUT_PACS = "no Orthanc on this machine: the films are taken from the folder"
PATIENTS, SEED = 36, 1
STUDY = {
    "recipe": "hip_fracture", "preset": "demo", "sources": ["../deidentified/files"], "workers": 1,
    "seed": 0, "report_search": "../search/counts.json",
    "reference_standard": {"evidence": ["later.csv"], "consensus": "adjudicator"},
}  # fmt: skip
DXA = """\
table: dxa
key: [patient_id, scan_date]
identity: [patient_name, birth_date]
missing: [NA]
decimal: ","
columns:
  - {name: patient_id, source: Pat-Nr, required: true}
  - {name: patient_name, source: Name}
  - {name: birth_date, source: geb, type: date, formats: ["%d.%m.%Y"]}
  - {name: scan_date, source: Datum, type: date, formats: ["%d.%m.%Y"]}
  - {name: t_score, source: T, type: number, unit: "1", range: [-8, 6], missing: ["-99"]}
"""
RULE = "{row_date: scan_date, days_before: 365, days_after: 90, which: nearest}\n"


def main(folder: Path, orthanc: str | None, patients: int = PATIENTS) -> None:
    """Make a hospital, and a study of what it has."""
    print(FIRST_LINE)
    with chdir(folder):
        hips = make_hospital(patients, SEED)
        search_reports()
        export_films(orthanc)
        deidentify()
        came = [path.stem for path in Path("pulled/dicom").rglob("*.dcm")]
        hips = hips[hips["sop_instance_uid"].isin(came)]
        draw_boxes(hips, Path("boxes.csv"))
        look_up_later(hips, Path("later.csv"))
        map_tables()
        start_study()
        adjudicate()
        divide()
        show()


def osteon(line: str, keep: str = "") -> None:
    """Run a command; print it, and of what it says the lines that match."""
    print(f"\n$ osteon {line}")
    result = CliRunner().invoke(cli.program, line.split())
    if result.exit_code:
        raise SystemExit(f"{result.output}\n{result.exception!r}")
    for text in result.stdout.splitlines():
        if re.search(keep, text):
            print(re.sub(r",? +[\d.]+ s\b", "", text).rstrip())


def search_reports() -> None:
    """Find examinations by their reports, and draw others at random."""
    osteon(
        "search-reports reports.csv --patient-class E --minimum-age 18 --keep not_negated"
        " --controls 12 -o search",
        keep=r"read|remain|controls",
    )
    found = [pd.read_csv(f"search/{name}.csv", dtype=str) for name in ("candidates", "controls")]
    pd.concat(found)[["patient_id", "accession_number"]].to_csv("asked.csv", index=False)


def export_films(program: str | None) -> None:
    """Pull what was found from the PACS; without one take it from the folder."""
    if program is not None:
        with pacs(program, Path("pacs.yaml")):
            osteon("pull asked.csv --archive pacs.yaml -o pulled")
        return
    print(f"\n{WITHOUT_PACS}")
    Path("pulled/dicom").mkdir(parents=True)
    wanted = set(pd.read_csv("asked.csv", dtype=str)["accession_number"])
    for path in films():
        film = dcmread(path, stop_before_pixels=True)
        if film.AccessionNumber in wanted:
            shutil.copy(path, Path("pulled/dicom", f"{film.SOPInstanceUID}.dcm"))


def deidentify() -> None:
    """Take names, ids, dates and print away; the secret lies beside the output, not in it."""
    Path("keys").mkdir()
    secret = Path("keys/study.secret")  # a real study lets Osteon make it; this one is repeatable
    secret.touch(mode=0o600)
    secret.write_text("5e" * 32)
    osteon(
        f"deidentify pulled/dicom deidentified --secret {secret} --workers 1 --no-ocr"
        " --option retain_longitudinal_modified_dates --option retain_patient_characteristics",
        keep=r"^\d|patients|pieces",
    )


def map_tables() -> None:
    """Give the tables the ids, UIDs and dates that the films have now."""
    Path("study").mkdir()
    Path("dxa.yaml").write_text(DXA)
    osteon("clinical import dxa.csv --schema dxa.yaml -o dxa.parquet")
    mapped = {
        "dxa.parquet": "--patient patient_id --date scan_date --keep t_score",
        "boxes.csv": "--uid sop_instance_uid --keep laterality --keep x_min_px --keep y_min_px"
        " --keep x_max_px --keep y_max_px --keep label --keep annotator",
        "later.csv": "--patient patient_id --date date --keep laterality --keep source"
        " --keep finding --keep who",
    }
    for name, columns in mapped.items():
        osteon(f"deidentify-table {name} --secret keys/study.secret {columns} -o study/{name}")


def start_study() -> None:
    """Read the films, link the clinical table, take the annotations in."""
    Path("study/study.yaml").write_text(f"# {FIRST_LINE}\n{yaml.safe_dump(STUDY)}")
    Path("rule.yaml").write_text(RULE)
    osteon("run study --until ingest")
    osteon("clinical link study/dxa.parquet --study study --rule rule.yaml -o study/links")
    osteon("annotations import study/boxes.csv --study study")


def adjudicate() -> None:
    """Decide by evidence and by both annotators; a third one judges what is open."""
    osteon("reference-standard build study")
    line = "reference-standard disagreements study -o judge.csv --replicates 200"
    osteon(line, keep=r"^(?!  2\.25)")  # all but the hips one by one
    judge(Path("judge.csv"), Path("study/boxes.csv"))
    osteon("reference-standard adjudicate study judge.csv")


def divide() -> None:
    """Apply the rules, see what another rule would change, divide by patient, once for all."""
    osteon("run study --until cohort", keep="cohort|label")
    osteon("eligibility --study study --drop cross_table_lateral")
    osteon("split --study study")
    osteon("split --study study", keep="patients placed")
    osteon("run study --until prepare", keep="split|prepare")


def show() -> None:
    """Look for leakage, draw the flow chart, describe the patients."""
    osteon("audit-leakage --study study", keep="compared|warnings")
    osteon("flow study -o chart")
    osteon("table-one --study study -o table-one")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    main(target, shutil.which("Orthanc", path="/usr/bin:/usr/local/bin:/usr/sbin"))
