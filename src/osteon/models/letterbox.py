"""Films of any size into the detector's square, and boxes back."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from osteon.core.geometry import Box

__all__ = ["Letterbox", "letterbox"]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a film lies in the square: centred, its sides' ratio kept, the rest 0.

    Parameters
    ----------
    height_px, width_px
        The film.
    size_px
        Side of the square.
    """

    height_px: int
    width_px: int
    size_px: int

    @property
    def content_px(self) -> tuple[int, int]:
        """(rows, columns) of the film in the square, at least 1 each."""
        factor = self.size_px / max(self.height_px, self.width_px)
        return max(round(self.height_px * factor), 1), max(round(self.width_px * factor), 1)

    @property
    def offset_px(self) -> tuple[int, int]:
        """(rows above, columns to the left) of the film in the square."""
        rows, columns = self.content_px
        return (self.size_px - rows) // 2, (self.size_px - columns) // 2

    @property
    def factors(self) -> tuple[float, float]:
        """Pixels of the square per pixel of the film, (along the rows, along the columns)."""
        rows, columns = self.content_px
        return rows / self.height_px, columns / self.width_px

    def to_square(self, box: Box) -> Box:
        """From pixels of the film to pixels of the square."""
        (down, right), (factor_y, factor_x) = self.offset_px, self.factors
        return box.scaled(factor_x, factor_y).shifted(right, down)

    def to_film(self, box: Box) -> Box:
        """From pixels of the square to pixels of the film."""
        (down, right), (factor_y, factor_x) = self.offset_px, self.factors
        return box.shifted(-right, -down).scaled(1 / factor_x, 1 / factor_y)


def letterbox(images: Tensor, size_px: int) -> tuple[Tensor, Letterbox]:
    """Fit films (n, 1, h, w) in [0, 1] into squares (n, 1, size, size), anti-aliased."""
    height, width = images.shape[-2:]
    placed = Letterbox(height, width, size_px)
    (rows, columns), (above, left) = placed.content_px, placed.offset_px
    if (rows, columns) != (height, width):
        images = functional.interpolate(
            images, (rows, columns), mode="bilinear", align_corners=False, antialias=True
        )
    padding = (left, size_px - columns - left, above, size_px - rows - above)
    return functional.pad(images, padding), placed
