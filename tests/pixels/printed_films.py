"""Films of soft structures and noise, and print written on them."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

LIGHT, DARK = 4000, 0


def ground(seed=0, shape=(600, 500)):
    """Soft structures and noise, as a film has them."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=shape), 30)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return (500 + 2500 * smooth + rng.normal(0, 15, shape)).astype(np.uint16)


def written(film, text, font, at, tone):
    """Write with a font, or with Pillow's own in a size; gives the film and where the ink is."""
    if isinstance(font, int):
        font = ImageFont.load_default(font)
    picture = Image.new("L", film.shape[::-1])
    ImageDraw.Draw(picture).text(at, text, fill=255, font=font)
    ink = np.asarray(picture) / 255
    return (film * (1 - ink) + tone * ink).astype(np.uint16), ink > 0.5
