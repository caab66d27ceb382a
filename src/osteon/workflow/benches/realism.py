"""How like a radiograph synthetic films are: edges, contrast and noise beside the real film's."""

from collections.abc import Callable, Sequence
from statistics import median

from osteon.core.rng import generator
from osteon.errors import DataError
from osteon.phantom.anatomy import build_body
from osteon.phantom.body import Body
from osteon.phantom.film import Film, draw_film_spec, expose
from osteon.phantom.processing import VENDORS
from osteon.phantom.realism import FilmLook, measure_look
from osteon.phantom.specs import BodySpec
from osteon.workflow.bench import BenchResult, BenchSettings
from osteon.workflow.real_hips import TEST_DATA, real_film, test_data_folder

__all__ = ["run"]

_SPACING_MM = 0.4
_REAL_SPACING_MM = 0.2  # as box.json says of the real film
_DRAWS = 3  # films of each vendor; their median counts, since exposure errors are drawn
_MEASURES: tuple[tuple[str, str, Callable[[FilmLook], float]], ...] = (
    ("edge, 10 to 90 %", "mm", lambda look: look.edge_width_mm),
    ("bone edge contrast", "of the grey range", lambda look: look.edge_contrast),
    ("noise", "of the grey range", lambda look: look.noise_sd),
    ("mean noise frequency", "per mm", lambda look: look.noise_mean_frequency_per_mm),
    ("grey, 5th percentile", "of the grey range", lambda look: look.grey_percentiles[0]),
    ("grey, median", "of the grey range", lambda look: look.grey_percentiles[2]),
    ("grey, 95th percentile", "of the grey range", lambda look: look.grey_percentiles[4]),
)


def run(settings: BenchSettings) -> Sequence[BenchResult]:
    """Measure pelvis films of every vendor; the ratio is to the real film, 1 is alike.

    Raises
    ------
    DataError
        If the real film is not there.
    """
    real = real_film(test_data_folder())
    if real is None:
        raise DataError(
            f"no real film in {test_data_folder()}", remedy=f"let {TEST_DATA} name its folder"
        )
    (box,) = real.hips.values()
    target = measure_look(real.grey, _REAL_SPACING_MM, box)
    body = build_body(BodySpec(seed=3), spacing_mm=1.0 / min(settings.scale, 1.0) ** (1 / 3))
    results = []
    for vendor in VENDORS:
        looks = [_look(_film(body, vendor, draw)) for draw in range(_DRAWS)]
        results += [
            BenchResult(
                what=f"{vendor}: {what}",
                value=median(measure(look) for look in looks),
                unit=unit,
                peer="real film",
                peer_value=measure(target),
            )
            for what, unit, measure in _MEASURES
        ]
    return results


def _film(body: Body, vendor: str, draw: int) -> Film:
    rng = generator(4, vendor, draw)
    spec = draw_film_spec("ap_pelvis", vendor, rng, spacing_mm=_SPACING_MM)
    return expose(body, spec, rng)


def _look(film: Film) -> FilmLook:
    return measure_look(film.grey, _SPACING_MM, film.hips[0].whole_box)
