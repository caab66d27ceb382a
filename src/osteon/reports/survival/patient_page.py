"""One patient's page: the curve, the risks in words and numbers, three views with heat maps."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from osteon.core.files import write_json, write_text
from osteon.core.geometry import Box
from osteon.errors import UsageError
from osteon.prediction.annotate import heat_picture
from osteon.prediction.patient_risk import HorizonRisk, PatientRisk
from osteon.reports.figure import COLOURS, INK, MUTED, Figure, drawn, plain_axes, svg_text
from osteon.reports.pages import page_template
from osteon.reports.survival.figures import per_cent, year_axis
from osteon.reports.survival.wording import horizon_title, model_title

__all__ = [
    "PATIENTS",
    "ViewPicture",
    "curve_figure",
    "ordinal",
    "patient_page",
    "write_patient",
]

PATIENTS = "patients, CTs and outcomes"  # what a study's synthetic numbers are made from

_PICTURE_PX = 420


@dataclass(frozen=True, slots=True, eq=False)
class ViewPicture:
    """A projection and what spoke for a fracture in it.

    Parameters
    ----------
    view
        ``frontal``, ``lateral`` or ``axial``.
    grey
        float32 (rows, columns) in [0, 1], bone light.
    heat
        Grad-CAM of the same shape, in [0, 1]; ``None`` where there is none.

    Raises
    ------
    UsageError
        If the heat map has another shape than the picture.
    """

    view: str
    grey: NDArray[np.float32]
    heat: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.heat is not None and self.heat.shape != self.grey.shape:
            raise UsageError(
                f"{self.view}: the heat map has shape {self.heat.shape}, the picture"
                f" {self.grey.shape}",
                remedy="resize the map to its projection first",
            )


@dataclass(frozen=True, slots=True)
class _View:
    title: str
    picture: str
    heat: str | None
    is_unmoved: bool


@dataclass(frozen=True, slots=True)
class _Risk:
    title: str
    value: str
    interval: str
    reference: str
    percentile: str
    reason: str


def write_patient(
    risk: PatientRisk,
    pictures: Sequence[ViewPicture],
    folder: Path,
    name: str,
    *,
    notes: Sequence[str] = (),
    made_from: str = PATIENTS,
) -> Path:
    """Write ``name.html``, which can be sent alone, and ``name.json``.

    Returns
    -------
    The path of the page, which is written last.
    """
    write_json(folder / f"{name}.json", risk.to_json())
    page = folder / f"{name}.html"
    write_text(page, patient_page(risk, pictures, notes=notes, made_from=made_from))
    return page


def patient_page(
    risk: PatientRisk,
    pictures: Sequence[ViewPicture],
    *,
    notes: Sequence[str] = (),
    made_from: str = PATIENTS,
) -> str:
    """Make the page as text; the same input gives the same bytes.

    Parameters
    ----------
    risk, pictures
        What is shown.
    notes
        What to know before the numbers are read: contrast agent, a missing value.
    made_from
        What the numbers of a synthetic case come from, for the first line.
    """
    view = {
        "risk": risk,
        "notes": list(notes),
        "made_from_words": made_from,
        "is_synthetic": risk.is_synthetic,
        "model": model_title(risk.model).lower(),
        "figure": curve_figure(risk),
        "risks": [_shown(item, risk) for item in risk.risks],
        "views": [_view(picture) for picture in pictures],
        "known_until": f"{risk.known_until_days / 365:.1f}",
    }
    return page_template("patient.html").render(view)


def _shown(item: HorizonRisk, risk: PatientRisk) -> _Risk:
    title = f"Within {horizon_title(item.days)}"
    if item.risk is None or item.percentile is None or item.reference_risk is None:
        return _Risk(title, "–", "", "", "", item.reason or "")
    interval = ""
    if item.low is not None and item.high is not None:
        interval = f"{100 * item.low:.1f} to {100 * item.high:.1f} % over the ensemble’s members"
    percentile = ordinal(item.percentile)
    return _Risk(
        title,
        f"{100 * item.risk:.1f}",
        interval,
        f"{100 * item.reference_risk:.1f} %",
        f"{percentile} percentile of {risk.reference_patients:,} {risk.reference}",
        "",
    )


def ordinal(percentile: float) -> str:
    """Write a percentile as a rank, e.g. 83 as ``83rd``; 0 and 100 are not ranks of anybody."""
    number = min(max(round(percentile), 1), 99)
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if number in (11, 12, 13) else endings.get(number % 10, "th")
    return f"{number}{ending}"


def curve_figure(risk: PatientRisk) -> Figure:
    """Draw the patient's curve beside the mean of the reference patients."""
    curve, last = risk.curve, risk.known_until_days
    columns = {"days": curve.days, "event_free": curve.event_free}
    columns["reference_mean"] = curve.reference_mean
    if curve.low is not None and curve.high is not None:
        columns |= {"low": curve.low, "high": curve.high}
    table = pd.DataFrame(columns)
    own, mean = (f"{100 * table[name].iloc[-1]:.0f} %" for name in ("event_free", "reference_mean"))
    with drawn(7.6, 3.7) as canvas:
        axes = canvas.add_subplot()
        plain_axes(axes)
        if "low" in table:
            axes.fill_between(table["days"], table["low"], table["high"], color=COLOURS[0],
                              alpha=0.16, linewidth=0, label="Range of the members")  # fmt: skip
        axes.plot(table["days"], table["event_free"], "o-", ms=3.5, color=COLOURS[0],
                  label="This patient")  # fmt: skip
        axes.plot(table["days"], table["reference_mean"], "--", color=INK,
                  label=f"Mean of the {risk.reference}")  # fmt: skip
        for item in risk.risks:
            if item.risk is not None:
                axes.axvline(item.days, color=MUTED, lw=0.8, ls=":")
        year_axis(axes, last)
        least = float(table.drop(columns="days").min().min())
        axes.set_ylim(max(0.0, least - 0.1) if least > 0.4 else 0.0, 1.005)
        per_cent(axes, "y")
        axes.set(xlabel="Years from the index date", ylabel="Free of a fracture, %")
        axes.legend(loc="lower left")
        svg = svg_text(canvas)
    return Figure(
        "fracture_free",
        "Probability of staying free of a subsequent fracture",
        "Cause-specific: as if nobody died of anything else. Dotted: the horizons of the risks"
        f" above. Drawn for the {last / 365:.1f} years that patients were followed. The range is"
        " how much the ensemble’s members differ, not all that is uncertain.",
        f"Fracture-free probability: the patient’s falls to {own}, the mean of the"
        f" {risk.reference} to {mean}.",
        svg,
        table,
    )


def _view(picture: ViewPicture) -> _View:
    rows, columns = picture.grey.shape
    region = Box(0, 0, columns, rows)
    plain = np.zeros_like(picture.grey)
    heat, is_unmoved = None, picture.heat is not None and not picture.heat.any()
    if picture.heat is not None and not is_unmoved:
        heat = _uri(heat_picture(picture.grey, picture.heat, region, _PICTURE_PX))
    return _View(
        f"{picture.view[:1].upper()}{picture.view[1:]}",
        _uri(heat_picture(picture.grey, plain, region, _PICTURE_PX)),
        heat,
        is_unmoved,
    )


def _uri(picture: Image.Image) -> str:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
