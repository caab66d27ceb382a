"""Line integrals in torch: on a GPU too, with gradients of the voxels and of the pose.

The same rays as :mod:`osteon.drr.projector` and the same exact lengths. The volume is cut by the
planes across the beam's main axis; between two of them a ray meets at most three voxels, and the
lengths in them are differentiable functions of the pose. Which voxels they are is not, and need
not be: moving a plane moves length from one voxel to its neighbour, which the lengths say.
"""

import torch
from torch.utils.checkpoint import checkpoint

from osteon.drr.rays import Rays
from osteon.errors import GeometryError

__all__ = ["project_tensor", "rays_tensor"]

_LAYERS_AT_ONCE = 16
_MOST_PIECES = 64


def rays_tensor(rays: Rays, *, device: str = "cpu") -> torch.Tensor:
    """Stack start, direction and direction in mm: float64 (3, 3, 3), ready to ask gradients of.

    The first index names which; then pixel (0, 0), the step for a row, the step for a column; then
    the axis. A pose that is optimised makes this tensor of its own parameters.
    """
    parts = (rays.start, rays.towards, rays.across_mm)
    return torch.stack([torch.as_tensor(part, dtype=torch.float64) for part in parts]).to(device)


def project_tensor(
    attenuation_per_mm: torch.Tensor, rays: torch.Tensor, shape: tuple[int, int]
) -> torch.Tensor:
    """Integrate attenuation along the rays.

    Parameters
    ----------
    attenuation_per_mm
        Floating point (z, y, x).
    rays
        (3, 3, 3) as :func:`rays_tensor` makes it, on the same device.
    shape
        (rows, columns) of the detector.

    Returns
    -------
    torch.Tensor
        (rows, columns) of the volume's type, without unit.

    Raises
    ------
    GeometryError
        If not all rays run along one main axis, as in a cone wider than a right angle.
    """
    start, towards, across = (_at_pixels(part, shape) for part in rays)
    main, pieces = _main_axis(towards.detach())
    order = [main, *(axis for axis in range(3) if axis != main)]
    walls = torch.nn.functional.pad(attenuation_per_mm.permute(order), (1, 1, 1, 1, 1, 1))
    start, towards = start[:, order], towards[:, order]
    low, high = _reach(start, towards, walls.shape)
    first = int(torch.floor(low.min() * pieces).item())
    last = int(torch.ceil(high.max() * pieces).item())
    total = torch.zeros(len(start), dtype=torch.float64, device=start.device)
    for layer in range(first, last, _LAYERS_AT_ONCE):
        planes = torch.arange(layer, min(layer + _LAYERS_AT_ONCE, last), device=start.device)
        total = total + checkpoint(
            _cross, walls, planes, pieces, start, towards, low, high, use_reentrant=False
        )
    length = across.norm(dim=1) / towards[:, 0].abs()
    return (total * length).reshape(shape).to(attenuation_per_mm.dtype)


def _at_pixels(steps: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    rows = torch.arange(shape[0], dtype=steps.dtype, device=steps.device)[:, None, None]
    columns = torch.arange(shape[1], dtype=steps.dtype, device=steps.device)[None, :, None]
    return (steps[0] + rows * steps[1] + columns * steps[2]).reshape(-1, 3)


def _main_axis(towards: torch.Tensor) -> tuple[int, int]:
    """Choose the axis along which slopes are smallest, and into how many pieces to cut layers."""
    slopes = [(towards.abs() / towards[:, [axis]].abs()).max().item() for axis in range(3)]
    same = [bool((towards[:, axis] * towards[0, axis] > 0).all()) for axis in range(3)]
    usable = [axis for axis in range(3) if same[axis] and slopes[axis] <= _MOST_PIECES]
    if not usable:
        raise GeometryError(
            "the rays do not run along one axis of the volume",
            remedy="use a smaller detector or a longer distance",
        )
    main = min(usable, key=lambda axis: slopes[axis])
    return main, max(int(-(-(slopes[main] - 1e-9) // 1)), 1)


def _reach(
    start: torch.Tensor, towards: torch.Tensor, walls: torch.Size
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut every ray at the ends of the volume along the main axis; low is at most high."""
    one, two = start[:, 0], start[:, 0] + towards[:, 0]
    low = torch.minimum(one, two).clamp(0.0, walls[0] - 2.0)
    high = torch.maximum(one, two).clamp(0.0, walls[0] - 2.0)
    return low, high


def _cross(
    walls: torch.Tensor,
    planes: torch.Tensor,
    pieces: int,
    start: torch.Tensor,
    towards: torch.Tensor,
    low: torch.Tensor,
    high: torch.Tensor,
) -> torch.Tensor:
    """Sum of some pieces of layers, (pieces, rays) at once, in units of the main axis."""
    enter = torch.maximum((planes / pieces)[:, None], low)
    leave = torch.maximum(enter, torch.minimum(((planes + 1) / pieces)[:, None], high))
    turns, cells = [], []
    for axis in (1, 2):
        slope = towards[:, axis] / towards[:, 0]
        base = start[:, axis] - start[:, 0] * slope + 1.0  # behind the wall
        ends = [
            (base + place * slope).detach().floor().clamp(0, walls.shape[axis] - 1)
            for place in (enter, leave)
        ]
        is_flat = slope.abs() < 1e-12
        inverse = 1.0 / torch.where(is_flat, 1.0, slope)
        turn = (torch.maximum(*ends) - base) * inverse
        turn = torch.where(is_flat | (ends[0] == ends[1]), leave, turn)
        turns.append(torch.minimum(torch.maximum(turn, enter), leave))
        cells.append([end.long() for end in ends])
    (v_in, v_out), (u_in, u_out) = cells
    is_v_first = turns[0] < turns[1]
    v_between = torch.where(is_v_first, v_out, v_in)
    u_between = torch.where(is_v_first, u_in, u_out)
    layer = (torch.div(planes, pieces, rounding_mode="floor") + 1)[:, None]
    early, late = torch.minimum(*turns), torch.maximum(*turns)
    return (
        (early - enter) * walls[layer, v_in, u_in]
        + (late - early) * walls[layer, v_between, u_between]
        + (leave - late) * walls[layer, v_out, u_out]
    ).sum(dim=0)
