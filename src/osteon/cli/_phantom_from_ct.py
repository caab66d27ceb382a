"""Put a known fracture or implant into a real CT, and take films of it."""

import json
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from osteon.core.files import atomic_path, write_json
from osteon.core.geometry import Laterality
from osteon.core.rng import generator
from osteon.dicom.write import PatientTags
from osteon.drr.pose import VIEWS
from osteon.errors import GeometryError
from osteon.phantom.body import Body
from osteon.phantom.ct import write_body_ct
from osteon.phantom.film import (
    Film,
    FilmHip,
    FilmSpec,
    draw_film_spec,
    expose,
    film_pose,
    write_film,
)
from osteon.phantom.from_ct import CtPatient, body_from_ct, read_patient
from osteon.phantom.garden import draw_intertrochanteric, draw_neck_fracture
from osteon.phantom.implant import ARTHROPLASTIES, FIXATIONS, draw_implant
from osteon.phantom.processing import VENDORS
from osteon.phantom.specs import HipSpec
from osteon.pixels.volume import read_volume

__all__ = ["command"]

_KINDS = (
    "none", "garden-1", "garden-2", "garden-3", "garden-4", "intertrochanteric",
    *(kind.replace("_", "-") for kind in (*FIXATIONS, *ARTHROPLASTIES)),
)  # fmt: skip


@click.command()
@click.argument("ct", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to.",
)  # fmt: skip
@click.option("--mask", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="NIfTI of the femurs; otherwise they are looked for.")  # fmt: skip
@click.option("--mask-values", default="75,76", show_default=True,
              help="Which values of the mask are femur.")  # fmt: skip
@click.option("--make", "kinds", multiple=True, type=click.Choice(_KINDS), default=("none",),
              show_default=True, help="Fracture or implant; may be repeated.")  # fmt: skip
@click.option("--view", "views", multiple=True, type=click.Choice(list(VIEWS)), default=("ap_hip",),
              show_default=True, help="May be repeated.")  # fmt: skip
@click.option("--vendor", type=click.Choice(list(VENDORS)), default="alder", show_default=True)
@click.option("--spacing", default=0.2, show_default=True, help="Pixel size of films, in mm.")
@click.option("--voxel", default=1.0, show_default=True, help="Voxel size, in mm.")
@click.option("--write-ct", is_flag=True, help="Write the changed volume as a CT series, too.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def command(
    ct: Path,
    output: Path,
    *,
    mask: Path | None,
    mask_values: str,
    kinds: tuple[str, ...],
    views: tuple[str, ...],
    vendor: str,
    spacing: float,
    voxel: float,
    write_ct: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Put a known fracture or implant into a real CT, and take films of it.

    CT is a NIfTI file or a folder with a series. The femur that was found is drawn in
    ``femur.png``: look at it. The truth of each film is in ``truth.json``.
    """
    volume = read_volume(ct)
    given = None if mask is None else _mask(mask, mask_values, volume.hu.shape)
    patient = read_patient(
        volume.hu,
        volume.affine,
        spacing_mm=voxel,
        femur_mask=given,
        needs_femur=set(kinds) != {"none"} or set(views) != {"ap_pelvis"},
    )
    if patient.femurs:
        _write_picture(patient, output / "femur.png")
    rows: list[dict[str, object]] = []
    for kind in kinds:
        for side in patient.femurs or (None,):
            changes = {} if side is None else _change(kind, side, seed)
            body = body_from_ct(patient, changes, seed=seed)
            name = kind if side is None else f"{kind}-{side.value}"
            rows += [
                _film_row(body, view, vendor, side, spacing, seed, output / f"{name}-{view}.dcm")
                for view in views
            ]
            if write_ct:
                tags = PatientTags(name, "O", 0, uid_seed=seed, study_key="ct")
                write_body_ct(body, tags, output / f"{name}-ct")
    write_json(output / "truth.json", {"left_out": list(patient.left_out), "films": rows})
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for reason in patient.left_out:
        click.echo(f"not labelled: {reason}", err=True)
    for row in rows:
        click.echo(f"{row['path']}: {row['label']}, box {row['box_px']}")


def _mask(path: Path, values: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    volume = read_volume(path)
    if volume.hu.shape != shape:
        raise GeometryError(f"the mask is {volume.hu.shape}, the CT {shape}: wanted the same grid")
    return np.isin(volume.hu, [int(value) for value in values.split(",")])


def _change(kind: str, side: Laterality, seed: int) -> dict[Laterality, HipSpec]:
    rng = generator(seed, "from ct", kind)
    name = kind.replace("-", "_")
    if kind == "none":
        return {}
    if kind.startswith("garden-"):
        fracture = draw_neck_fracture(int(kind[-1]), rng)
        if fracture.level == "basicervical":  # in a measured femur it would take the trochanter
            fracture = replace(fracture, level="transcervical")
        return {side: HipSpec(fracture=fracture)}
    if kind == "intertrochanteric":
        return {side: HipSpec(fracture=draw_intertrochanteric(rng))}
    implant = next(draw_implant(k, rng) for k in (*FIXATIONS, *ARTHROPLASTIES) if k == name)
    return {side: HipSpec(implant=implant)}


def _film_row(
    body: Body,
    view: str,
    vendor: str,
    side: Laterality | None,
    spacing: float,
    seed: int,
    path: Path,
) -> dict[str, object]:
    technique = generator(seed, "technique", view)
    spec = draw_film_spec(view, vendor, technique, laterality=side, spacing_mm=spacing)
    spec = spec.changed({"field_margin_px": _margins(body, spec, side)})
    film = expose(body, spec, generator(seed, "noise", path.stem))
    uid = write_film(film, PatientTags(path.stem, "O", 0, uid_seed=seed), path)
    _write_png(_grey(film), path.with_suffix(".png"))
    hips = [hip for hip in film.hips if hip.laterality is side]
    row: dict[str, object] = {"path": path.name, "sop_instance_uid": uid, "view": view}
    return row | (_truth(hips[0]) if hips else {"label": None, "box_px": None})


def _truth(hip: FilmHip) -> dict[str, object]:
    return {
        "laterality": hip.laterality.value,
        "label": hip.truth.label,
        "box_px": None if hip.box is None else [round(v, 1) for v in hip.box.as_tuple()],
        "visible_share": round(hip.visible_share, 3),
        "landmarks_px": {key: [round(v, 1) for v in xy] for key, xy in hip.landmarks_px.items()},
        "details": dict(hip.truth.details),
    }


def _margins(body: Body, spec: FilmSpec, side: Laterality | None) -> list[float]:
    """Collimate to what the CT holds at the depth of the hip, and to what was drawn.

    Below a fracture the field ends 25 mm higher: the shaft has moved up and shows its cut end.
    """
    last = np.array(body.material.shape, dtype=np.float64) - 1
    corners = body.affine.to_lps_mm(np.array(list(np.ndindex(2, 2, 2))) * last)
    truths = [hip for hip in body.hips if hip.laterality is side]
    middle = corners.mean(axis=0)
    at = np.array(truths[0].landmarks_lps_mm["head_center"]) if truths else middle
    pose = film_pose(body, spec)
    on_plane = corners + np.outer((at - corners) @ pose.normal, pose.normal)
    places = pose.to_px(on_plane, spec.detector)
    (left, top), (right, bottom) = places.min(axis=0), places.max(axis=0)
    broken = bool(truths) and "displacement_mm" in truths[0].details
    moved = 25.0 / spec.spacing_mm if broken else 0.0
    held = (left, top, spec.columns - right, spec.rows - bottom + moved)
    return [max(float(a), b) for a, b in zip(held, spec.field_margin_px, strict=True)]


def _grey(film: Film) -> NDArray[np.uint8]:
    return np.asarray(np.rint(film.grey * 255), dtype=np.uint8)


def _write_picture(patient: CtPatient, path: Path) -> None:
    """Draw each femur's outline on three slices through its head."""
    strips = []
    for femur in patient.femurs.values():
        place = patient.affine.to_indices(np.array(femur.head.center_lps_mm))
        z, y, x = (round(value) for value in place.tolist())
        cuts = [
            (patient.hu[z], femur.mask[z]),
            (patient.hu[::-1, y], femur.mask[::-1, y]),
            (patient.hu[::-1, :, x], femur.mask[::-1, :, x]),
        ]
        strips += [_outlined(hu, mask) for hu, mask in cuts]
    height = max(strip.shape[0] for strip in strips)
    padded = [np.pad(s, ((0, height - s.shape[0]), (0, 4), (0, 0))) for s in strips]
    _write_png(np.concatenate(padded, axis=1), path)


def _outlined(hu: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    grey = (np.clip((hu + 200) / 1000, 0, 1) * 255).astype(np.uint8)
    picture = np.repeat(grey[..., None], 3, axis=2)
    picture[mask & ~ndimage.binary_erosion(mask)] = (255, 60, 60)
    return picture


def _write_png(pixels: NDArray[np.uint8], path: Path) -> None:
    with atomic_path(path) as temporary:
        Image.fromarray(pixels).save(temporary, format="PNG")
