"""Small report files for the tests."""

import pandas as pd

from osteon.core.schemas import REPORTS


def reports_of(*rows):
    """Table of reports from a few columns; the others are empty."""
    frame = pd.DataFrame(list(rows)).reindex(columns=list(REPORTS.names))
    filled = {"report_id": [f"r{n}" for n in range(len(frame))], "status": "final", "source": "x"}
    for name, value in filled.items():
        default = pd.Series(value, index=frame.index)
        frame[name] = frame[name].where(frame[name].notna(), default)
    return REPORTS.checked(frame)


def oru(*segments, charset="", kind="ORU^R01", patient="P1", accession="A1", status="F"):
    """One result message; ``segments`` follow the OBR segment."""
    head = [
        f"MSH|^~\\&|RIS|HOSP|X|Y|20200301120000||{kind}|M1|P|2.5.1||||||{charset}",
        f"PID|1||{patient}^^^HOSP^MR||Müller^Änne||19401224|F",
        "PV1|1|E",
        f"OBR|1|PL1|F1|XRHIP^XR HIP LEFT|||20200301101500+0100|||||||||||{accession}||||"
        f"20200301113000+0100|||{status}",
    ]
    return "\r".join([*head, *segments]) + "\r"


def obx(text, *, number=1, kind="TX", name="XR&GDT", status="F"):
    return f"OBX|{number}|{kind}|{name}||{text}||||||{status}"
