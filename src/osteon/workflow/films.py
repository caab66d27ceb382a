"""The study's prepared films."""

from osteon.pixels.cache import PixelCache
from osteon.workflow.context import Context
from osteon.workflow.radiograph import radiograph_settings

__all__ = ["pixel_cache"]


def pixel_cache(context: Context) -> PixelCache:
    """Open the study's prepared films."""
    return PixelCache(context.study.cache / "films", radiograph_settings(context).film_side_px)
