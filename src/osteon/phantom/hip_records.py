"""What is kept of a hip on a film: its record and its shadow."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from osteon.core.files import atomic_path
from osteon.drr.projector import project_mask
from osteon.phantom.anatomy import STRUCTURES
from osteon.phantom.body import Body
from osteon.phantom.film import Film, FilmHip
from osteon.phantom.shapes import crop_affine

__all__ = ["hip_record", "hip_shadows", "write_png"]

_SHADOW_BITS = {"femur_right": 1, "femur_left": 2, "implant_right": 4, "implant_left": 8}


def hip_record(hip: FilmHip) -> dict[str, Any]:
    """Make the record of one hip on one film: box, class, numbers, landmarks, as plain values."""
    box = hip.box.as_tuple() if hip.box is not None else hip.whole_box.as_tuple()
    details = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in hip.truth.details.items()
    }
    return {
        "laterality": hip.laterality,
        "label": hip.truth.label,
        "box_px": [round(value, 3) for value in box],
        "visible_share": round(hip.visible_share, 4),
        "implant": hip.truth.implant,
        "details": details,
        "landmarks_px": {
            name: [round(x, 2), round(y, 2)] for name, (x, y) in hip.landmarks_px.items()
        },
    }


def hip_shadows(body: Body, film: Film) -> NDArray[np.uint8]:
    """Where femurs and implants are on a film: uint8 of bits 1, 2 (femurs) and 4, 8 (implants).

    The right hip's bits are 1 and 4, the left's 2 and 8.
    """
    codes = {name: code for code, name in STRUCTURES.items()}
    shadows = np.zeros(film.stored.shape, dtype=np.uint8)
    for name, bit in _SHADOW_BITS.items():
        mask = body.structures == codes[name]
        if not mask.any():
            continue
        part, affine = crop_affine(mask, body.affine)
        shadow = project_mask(part, affine, film.pose, film.spec.detector) > 0
        shadows[shadow] |= bit
    return shadows


def write_png(array: NDArray[np.uint8], path: Path) -> None:
    """Write a picture as PNG, whole or not at all."""
    with atomic_path(path) as temporary:
        Image.fromarray(array).save(temporary, format="PNG")
