"""How a film is taken: settings of one exposure, drawn without a look at the patient."""

import numpy as np

from osteon.core.geometry import Laterality
from osteon.core.settings import Settings
from osteon.drr.detector import Detector
from osteon.drr.pose import VIEWS, Vector

__all__ = ["FilmSpec", "draw_film_spec"]

# height and width of the field: usual cassettes of 24 x 30 and 35 x 43 cm (ISO 4090)
_PELVIS_MM, _SMALL_MM, _LARGE_MM = (344.0, 409.6), (300.0, 240.0), (430.0, 350.0)
_LARGE_SHARE = 0.35  # of the films of one hip


class FilmSpec(Settings):
    """How one film is taken; drawn by :func:`draw_film_spec`, deterministic from there on.

    Parameters
    ----------
    view
        Name in :data:`osteon.drr.pose.VIEWS`.
    laterality
        The hip aimed at; ``None`` on a pelvis film.
    vendor
        Name in :data:`osteon.phantom.processing.VENDORS`.
    rows, columns, spacing_mm
        The film's grid at the detector.
    kvp, aluminium_mm, copper_mm
        Tube voltage and added filtration.
    detector_kerma_ugy
        Air kerma behind the patient that the automatic exposure aims at; sets the noise.
    scatter_to_primary
        Scatter over primary behind 20 cm of soft tissue, after the anti-scatter grid.
    focal_spot_mm
        Width of the focal spot.
    electronic_noise
        Standard deviation in share of the mean signal behind the patient.
    source_to_detector_mm, object_to_detector_mm
        Distances; the view's usual ones when ``None``.
    aim_error_mm
        Shift of the aim in LPS.
    tilt_deg
        See :func:`osteon.drr.pose.view_pose`.
    field_margin_px
        Closed part of the collimator at left, top, right, bottom, in pixels; 0 is open.
    marker
        Side letter to lay on the film, ``None`` for none.
    marker_at
        Its place: shares of the film's width and height.
    brightness, contrast
        Errors of exposure recognition: shift in shares of the grey range, factor of the range.
    """

    view: str = "ap_pelvis"
    laterality: Laterality | None = None
    vendor: str = "alder"
    rows: int = 860
    columns: int = 1024
    spacing_mm: float = 0.4
    kvp: float = 75.0
    aluminium_mm: float = 1.6
    copper_mm: float = 0.0
    detector_kerma_ugy: float = 2.5
    scatter_to_primary: float = 0.3
    focal_spot_mm: float = 1.0
    electronic_noise: float = 0.003
    source_to_detector_mm: float | None = None
    object_to_detector_mm: float | None = None
    aim_error_mm: Vector = (0.0, 0.0, 0.0)
    tilt_deg: Vector = (0.0, 0.0, 0.0)
    field_margin_px: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    marker: Laterality | None = Laterality.RIGHT
    marker_at: tuple[float, float] = (0.08, 0.15)
    brightness: float = 0.0
    contrast: float = 1.0

    @property
    def detector(self) -> Detector:
        """The film's grid."""
        return Detector(self.rows, self.columns, (self.spacing_mm, self.spacing_mm))


def draw_film_spec(
    view: str,
    vendor: str,
    rng: np.random.Generator,
    *,
    laterality: Laterality | None = None,
    spacing_mm: float = 0.4,
) -> FilmSpec:
    """Draw how a film is taken: exposure, positioning, collimation, marker.

    Parameters
    ----------
    view, vendor
        Names of the view and the vendor.
    rng
        Draws everything; the patient is not an argument.
    laterality
        The hip to aim at; needed for every view but ``ap_pelvis``.
    spacing_mm
        Pixel size at the detector; the field stays the same.
    """
    both = VIEWS[view].shows_both_hips if view in VIEWS else True
    is_large = rng.random() < _LARGE_SHARE
    height_mm, width_mm = _PELVIS_MM if both else _LARGE_MM if is_large else _SMALL_MM
    rows, columns = round(height_mm / spacing_mm), round(width_mm / spacing_mm)
    side = laterality or (Laterality.RIGHT if rng.random() < 0.5 else Laterality.LEFT)
    on_left = side is Laterality.RIGHT
    across = rng.uniform(0.05, 0.12)
    margins = rng.uniform(0.0, 0.06, 4) * (rng.random(4) < 0.5)
    size = np.array([columns, rows, columns, rows])
    return FilmSpec(
        view=view,
        laterality=None if both else laterality,
        vendor=vendor,
        rows=rows,
        columns=columns,
        spacing_mm=spacing_mm,
        kvp=float(rng.integers(68, 86)),
        aluminium_mm=float(rng.uniform(1.1, 2.4)),
        copper_mm=float(rng.choice([0.0, 0.0, 0.1])),
        detector_kerma_ugy=float(rng.lognormal(np.log(2.5), 0.35)),
        scatter_to_primary=float(rng.uniform(0.15, 0.5)),
        focal_spot_mm=float(rng.choice([0.6, 1.0, 1.2])),
        source_to_detector_mm=float(rng.uniform(1000.0, 1200.0)),
        aim_error_mm=tuple(float(v) for v in rng.normal(0.0, (8.0, 0.0, 8.0))),
        tilt_deg=tuple(float(v) for v in rng.normal(0.0, (2.0, 1.5, 1.5))),
        field_margin_px=tuple(float(v) for v in margins * size),
        marker=side if rng.random() < 0.85 else None,
        marker_at=(float(across if on_left else 1 - across), float(rng.uniform(0.08, 0.42))),
        brightness=float(rng.normal(0.0, 0.06)),
        contrast=float(rng.lognormal(0.0, 0.1)),
    )
