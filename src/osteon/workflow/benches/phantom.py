"""Seconds for projections, synthetic films and bodies on one core."""

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter

import numpy as np

from osteon.core.geometry import Affine, Laterality
from osteon.core.rng import generator
from osteon.drr.detector import Detector
from osteon.drr.pose import VIEWS, view_pose
from osteon.drr.projector import project
from osteon.phantom.anatomy import build_body
from osteon.phantom.body import Body
from osteon.phantom.film import FilmSpec, draw_film_spec, expose
from osteon.phantom.specs import BodySpec
from osteon.workflow.bench import BenchResult, BenchSettings, measure

__all__ = ["run"]

_WHOLE = "a pelvis film, 1,024 x 860 at 0.4 mm"
_FILMS = {
    _WHOLE: ("ap_pelvis", 0.4),
    "a pelvis film, 512 x 430 at 0.8 mm": ("ap_pelvis", 0.8),
    "a hip film, 1,600 x 2,000 at 0.15 mm": ("ap_hip", 0.15),
}


def run(settings: BenchSettings) -> Sequence[BenchResult]:
    """Time the ray tracer, whole films and the body they are of; compiling is not counted."""
    repeats = settings.repeats
    voxel_mm = 1.0 / max(settings.scale, 0.1) ** (1 / 3)
    results = []
    for threads in (1, 2):
        traced = measure(partial(_trace, settings.scale, threads, repeats))
        results.append(
            BenchResult(
                what=f"{traced.value[1]}, {threads} thread" + "s" * (threads > 1),
                value=traced.value[0],
                unit="s",
                more_is_better=False,
                peak_mib=traced.peak_mib,
            )
        )
    filmed = measure(partial(_films, voxel_mm, repeats))
    for what, seconds in filmed.value.items():
        results.append(
            BenchResult(
                what=what, value=seconds, unit="s", more_is_better=False, peak_mib=filmed.peak_mib
            )
        )
    return results


def _trace(scale: float, threads: int, repeats: int) -> tuple[float, str]:
    side = max(round(256 * scale ** (1 / 3)), 16)
    pixels = max(round(512 * scale ** (1 / 3)), 32)
    rng = np.random.default_rng(0)
    density = rng.random((side, side, side), dtype=np.float32)
    material = rng.integers(1, 4, density.shape, dtype=np.uint8)
    middle = -(side - 1) / 2
    affine = Affine.from_spacing((1.0, 1.0, 1.0), (middle, middle, middle))
    pose = view_pose(VIEWS["ap_pelvis"], (0.0, 0.0, 0.0))
    step = 1.16 * side / pixels
    detector = Detector(pixels, pixels, (step, step))
    trace = partial(project, material, density, affine, pose, detector, threads=threads)
    return _fastest(trace, repeats), f"{pixels} x {pixels} rays through {side}^3 voxels"


def _films(voxel_mm: float, repeats: int) -> dict[str, float]:
    spec = BodySpec(seed=1)
    body = build_body(spec, spacing_mm=voxel_mm)
    bare = _fastest(partial(build_body, spec, voxel_mm), repeats)
    seconds = {f"a body of {voxel_mm:.2g} mm voxels": bare}
    for what, (view, spacing_mm) in _FILMS.items():
        side = None if VIEWS[view].shows_both_hips else Laterality.LEFT
        taken = draw_film_spec(
            view, "alder", generator(1, view), laterality=side, spacing_mm=spacing_mm
        )
        seconds[what] = _fastest(partial(_expose, body, taken), repeats)
    seconds[f"{_WHOLE}, with its body of {voxel_mm:.2g} mm voxels"] = bare + seconds[_WHOLE]
    return seconds


def _expose(body: Body, spec: FilmSpec) -> None:
    expose(body, spec, generator(1, "noise"))


def _fastest(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats + 1):  # the first may compile
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return min(times[1:])
