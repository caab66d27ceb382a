import io

import numpy as np
import pytest
from objects import NAMES, as_bytes, cleaned, film, reread
from PIL import Image, ImageDraw, ImageFont
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

from osteon.sources.deidentify.options import DeidentifySettings
from osteon.sources.deidentify.unit import Cleaned, deidentify_bytes

PIXELS = DeidentifySettings(with_ocr=False)


def film_with(text, rows=256, columns=384):
    rng = np.random.default_rng(1)
    pixels = np.linspace(300, 2500, columns) + rng.normal(0, 10, (rows, columns))
    picture = Image.new("L", (columns, rows))
    ImageDraw.Draw(picture).text((20, 20), text, fill=255, font=ImageFont.load_default(28))
    ink = np.asarray(picture) > 127
    pixels[ink] = 4000
    ds = film(Rows=rows, Columns=columns)
    ds.PixelData = pixels.astype("<u2").tobytes()
    return ds, ink


def test_print_is_painted_and_nothing_else_changes():
    ds, ink = film_with("MEIER 1931")
    result = cleaned(ds, PIXELS)
    assert isinstance(result, Cleaned)
    new, old = reread(result).pixel_array, ds.pixel_array
    assert (new[ink] != old[ink]).mean() > 0.9
    assert (new[100:] == old[100:]).all()
    assert reread(result).BurnedInAnnotation == "NO"
    assert result.pixels.painted


@pytest.mark.parametrize("text", ["MEIER 1931", ""])
def test_compressed_pixels_are_rewritten_only_when_painted(text):
    ds, _ = film_with(text)
    whole = dcmread(io.BytesIO(as_bytes(ds)))
    whole.compress(JPEG2000Lossless, generate_instance_uid=False)
    stream = io.BytesIO()
    whole.save_as(stream)
    result = deidentify_bytes(stream.getvalue(), "film", PIXELS, NAMES)
    new = reread(result)
    if text:
        assert new.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert (new.pixel_array[100:] == ds.pixel_array[100:]).all()
        assert new.PhotometricInterpretation == "MONOCHROME2"
    else:
        assert new.file_meta.TransferSyntaxUID == JPEG2000Lossless
        assert new.PixelData == whole.PixelData
