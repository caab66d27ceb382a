"""The rendering beside that of dcmtk, which shares no line of code with it."""

import subprocess

import numpy as np
import pytest
from PIL import Image
from tests.pixels.films import RAMP, curve, make_film, save_film, table

from osteon.dicom.open import open_instance
from osteon.pixels.render import render

pytestmark = pytest.mark.referee


@pytest.fixture
def judged(referee, tmp_path):
    """Grey values of dcmtk in [0, 1], from its 16-bit PNG."""
    program = referee("dcm2pnm")

    def render_there(path, *options):
        out = tmp_path / "there.png"
        command = [program, "-q", "-O", *options, "+on2", str(path), str(out)]
        subprocess.run(command, check=True, capture_output=True)
        with Image.open(out) as picture:
            return np.asarray(picture).astype(np.float64) / 65535

    return render_there


def twelve(pixels=RAMP, **attributes):
    return make_film(pixels, BitsStored=12, HighBit=11, **attributes)


def with_table(ds, item):
    ds.VOILUTSequence = item
    return ds


SIGNED = (RAMP.astype(np.int16) - 2048).astype(np.int16)
WINDOW = {"WindowCenter": 1800, "WindowWidth": 2500}
FILMS = {
    "linear": (twelve(**WINDOW), "+Wi"),
    "sigmoid": (twelve(**WINDOW, VOILUTFunction="SIGMOID"), "+Wi"),
    "narrow": (twelve(WindowCenter=2000, WindowWidth=2), "+Wi"),
    "several windows": (twelve(WindowCenter=[900, 5], WindowWidth=[700, 9]), "+Wi"),
    "monochrome1": (twelve(**WINDOW, PhotometricInterpretation="MONOCHROME1"), "+Wi"),
    "inverse monochrome1": (
        twelve(**WINDOW, PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE"),
        "+Wi",
    ),
    "negative slope": (
        twelve(RescaleSlope=-10, RescaleIntercept=40950, WindowCenter=2e4, WindowWidth=3e4),
        "+Wi",
    ),
    "signed": (twelve(SIGNED, WindowCenter=100, WindowWidth=2000), "+Wi"),
    "table": (with_table(twelve(), table(curve(4096, 16))), "+Wl"),
    "table of 12 bits": (with_table(twelve(), table(curve(4096, 12), bits=12)), "+Wl"),
    "table beside window": (with_table(twelve(**WINDOW), table(curve(4096, 16))), "+Wl"),
    "short table": (with_table(twelve(), table(curve(1000, 16), first=1500)), "+Wl"),
    "signed table": (
        with_table(twelve(SIGNED), table(curve(3000, 16), first=-1500, vr="SS")),
        "+Wl",
    ),
}


@pytest.mark.parametrize("name", [*FILMS])
def test_synthetic_films_look_as_in_dcmtk(judged, tmp_path, name):
    ds, option = FILMS[name]
    path = save_film(ds, tmp_path / "film.dcm")
    there = judged(path, option, "1")
    np.testing.assert_allclose(render(open_instance(path)).grey, there, atol=2e-3)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("radiographs/hip_cr/RG2_UNC.dcm", "+Wi"),
        ("radiographs/tibia_cr_monochrome1/RG3_UNC.dcm", "+Wi"),
        ("dicom/pydicom-data/data_store/data/vlut_04.dcm", "+Wl"),
    ],
)
def test_real_objects_look_as_in_dcmtk(real_data, judged, name, option):
    path = real_data / name
    there = judged(path, option, "1")
    np.testing.assert_allclose(render(open_instance(path)).grey, there, atol=2e-3)
