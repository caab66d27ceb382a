"""Real pictures of hips with boxes drawn by eye: one film, and frontal projections of real CTs.

They are not in the repository: ``OSTEON_TEST_DATA`` names the folder they lie in. No model is
trained on them; they tell whether a detector trained on synthetic films knows a hip when it sees a
real one, and nothing about clinical accuracy.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.core.files import read_json
from osteon.core.geometry import Box, Laterality
from osteon.core.rng import generator
from osteon.dicom.open import open_instance
from osteon.errors import DataError
from osteon.phantom.film import FilmSpec, expose
from osteon.phantom.from_ct import body_from_ct, patient_without_table
from osteon.pixels.render import render
from osteon.pixels.volume import read_volume

__all__ = [
    "COPIES",
    "TEST_DATA",
    "RealPicture",
    "ct_projections",
    "real_ct_paths",
    "real_film",
    "real_pictures",
    "test_data_folder",
]

TEST_DATA = "OSTEON_TEST_DATA"
_DEFAULT_TEST_DATA = "../shared/data"
_FILM = Path("radiographs/hip_cr")
_PROJECTIONS = files("osteon.workflow") / "data" / "real_hips.json"

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class RealPicture:
    """A picture, float32 (rows, columns) in [0, 1], and the boxes of its hips in its pixels.

    ``pixel_spacing_mm`` is that of rows and columns, where the picture tells it.
    """

    name: str
    grey: Grey
    hips: Mapping[Laterality, Box]
    path: Path
    pixel_spacing_mm: tuple[float, float] | None = None


def test_data_folder() -> Path:
    """Where real data is looked for; it need not be there."""
    return Path(os.environ.get(TEST_DATA, _DEFAULT_TEST_DATA))


def real_film(folder: Path) -> RealPicture | None:
    """Load the real film (frog-leg, left hip); ``None`` where it is not in the folder."""
    described = folder / _FILM / "box.json"
    if not described.is_file():
        return None
    truth = read_json(described)
    path = described.parent / truth["file"]
    hips = {Laterality(truth["laterality"]): Box(*truth["box_xyxy_px"])}
    film = render(open_instance(path))
    return RealPicture("hip film", film.grey, hips, path, film.pixel_spacing_mm)


def real_pictures() -> list[RealPicture]:
    """Load the real film and make the projections, as far as they are there.

    Raises
    ------
    DataError
        If there is none.
    """
    folder = test_data_folder()
    film = real_film(folder)
    pictures = [*([] if film is None else [film]), *ct_projections(folder)]
    if not pictures:
        raise DataError(
            f"no real picture in {folder}", remedy=f"let {TEST_DATA} name the folder they are in"
        )
    return pictures


def real_ct_paths(folder: Path) -> list[tuple[str, Path]]:
    """Names and files of the real hip CTs that are in the folder."""
    described = read_json(Path(str(_PROJECTIONS)))["projections"]
    found = [(str(item["name"]), folder / item["path"]) for item in described]
    return [(name, path) for name, path in found if path.is_file()]


def ct_projections(folder: Path) -> Iterator[RealPicture]:
    """Make the frontal projections of the real CTs that are in the folder.

    Where each stands, and its boxes, are fixed in ``workflow/data/real_hips.json``; they were drawn
    before any detector was run on them.
    """
    described = read_json(Path(str(_PROJECTIONS)))
    for item in described["projections"]:
        path = folder / item["path"]
        if path.is_file():
            hips = {Laterality(hip["laterality"]): Box(*hip["box_px"]) for hip in item["hips"]}
            side_mm = float(described["spacing_mm"])
            grey = _projection(path, item, side_mm)
            yield RealPicture(item["name"], grey, hips, path, (side_mm, side_mm))


def _projection(path: Path, item: Mapping[str, Any], spacing_mm: float) -> Grey:
    volume = read_volume(path)
    patient = patient_without_table(volume.hu, volume.affine, spacing_mm=1.0)
    spec = FilmSpec(
        view="ap_pelvis",
        rows=item["rows"],
        columns=item["columns"],
        spacing_mm=spacing_mm,
        aim_error_mm=tuple(item["aim_error_mm"]),
        marker=None,
    )
    return expose(body_from_ct(patient), spec, generator(1, "ct")).grey


def _mirrored(picture: RealPicture) -> RealPicture:
    width = picture.grey.shape[1]
    hips = {side.other: box.mirrored(width) for side, box in picture.hips.items()}
    return replace(picture, grey=picture.grey[:, ::-1].copy(), hips=hips)


def _moved(right: float, down: float) -> Callable[[RealPicture], RealPicture]:
    """Move the picture by shares of its size; what comes in from outside is unexposed (black)."""

    def change(picture: RealPicture) -> RealPicture:
        rows, columns = picture.grey.shape
        dx, dy = round(right * columns), round(down * rows)
        moved = np.zeros_like(picture.grey)
        moved[max(dy, 0) : rows + min(dy, 0), max(dx, 0) : columns + min(dx, 0)] = picture.grey[
            max(-dy, 0) : rows + min(-dy, 0), max(-dx, 0) : columns + min(-dx, 0)
        ]
        hips = {}
        for side, box in picture.hips.items():
            inside = box.shifted(dx, dy).clipped(columns, rows)
            if inside is not None:
                hips[side] = inside
        return replace(picture, grey=moved, hips=hips)

    return change


def _cropped(picture: RealPicture) -> RealPicture:
    """Keep the hips and, around them, half of what there is to each side."""
    rows, columns = picture.grey.shape
    boxes = list(picture.hips.values())
    left = int(min(box.x_min for box in boxes) / 2)
    top = int(min(box.y_min for box in boxes) / 2)
    right = int((max(box.x_max for box in boxes) + columns) / 2)
    bottom = int((max(box.y_max for box in boxes) + rows) / 2)
    hips = {side: box.shifted(-left, -top) for side, box in picture.hips.items()}
    grey = picture.grey[top:bottom, left:right].copy()
    return replace(picture, grey=grey, hips=hips)


COPIES: Mapping[str, Callable[[RealPicture], RealPicture]] = {
    "as it is": lambda picture: picture,
    "mirrored": _mirrored,
    "cropped": _cropped,
    "moved right": _moved(0.085, 0.0),
    "moved left": _moved(-0.085, 0.0),
    "moved up": _moved(0.0, -0.093),
    "moved down": _moved(0.0, 0.093),
}
"""The pictures as they are and with what a hospital does to them."""
