"""Pictures of the errors, drawn with the networks that made them."""

from io import BytesIO

import pandas as pd

from osteon.core.geometry import Box, Laterality
from osteon.core.schemas import BOX_COLUMNS
from osteon.pixels.cache import PixelCache
from osteon.prediction.annotate import heat_picture
from osteon.prediction.explain import explain_hip
from osteon.prediction.networks import Networks
from osteon.reports.gallery import choose_errors, gallery_item
from osteon.reports.html import GalleryItem
from osteon.workflow.context import Context
from osteon.workflow.films import pixel_cache
from osteon.workflow.networks import fold_networks
from osteon.workflow.training import folds_of

__all__ = ["error_gallery"]

_SURROUNDINGS = 1.5


def error_gallery(context: Context, predictions: pd.DataFrame) -> tuple[GalleryItem, ...]:
    """Draw the errors the model was surest of, each with its heat map."""
    labels, cache = context.recipe.labels, pixel_cache(context)
    networks = {fold: fold_networks(context, fold) for fold in folds_of(context)}
    films = context.study.read("cases").set_index("case_id")["content_hash"]
    items = []
    for _, case in choose_errors(predictions, labels).iterrows():
        png = _picture(case, str(films[case["case_id"]]), cache, networks[int(case["fold"])])
        items.append(gallery_item(case, png, labels))
    return tuple(items)


def _picture(
    case: "pd.Series[str]", content_hash: str, cache: PixelCache, networks: Networks
) -> bytes:
    grey, factor = cache.load(content_hash)
    box = Box(*(float(case[name]) for name in BOX_COLUMNS)).scaled(factor)
    side = Laterality(case["laterality"])
    crop = networks.crop(grey, box, side)
    heat = explain_hip(networks, crop, box, side, [case["predicted_label"]], grey.shape)
    picture = heat_picture(grey, heat, box.grown(_SURROUNDINGS).squared())
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
