import numpy as np

from osteon.phantom.other_scene import SIDE_PX, OtherScene


def _films(count: int = 40) -> list[np.ndarray]:
    films = []
    for seed in range(count):
        scene = OtherScene(np.random.default_rng(seed), 250.0)
        scene.tissue((0, -200), (0, 200), (50, 50))
        scene.bone((0, -200), (0, 200), (14, 14))
        films.append(scene.developed())
    return films


def test_borders_are_open_or_closed_and_closed_ones_bright_or_black():
    """What surrounds the field must tell as little of the body part as on films of hips."""
    edges = np.array([film[:, 0].mean() for film in _films()])
    assert (edges > 0.9).any()
    assert (edges < 0.02).any()
    assert ((edges > 0.02) & (edges < 0.9)).any()


def test_a_side_letter_lies_on_some_films():
    rng = np.random.default_rng(3)
    marked = []
    for _ in range(40):
        scene = OtherScene(rng, 250.0)
        scene._mark(np.ones((SIDE_PX, SIDE_PX), np.float32))
        marked.append(scene.attenuation.max() > 0)
    assert 0.3 < np.mean(marked) < 0.9


def test_path_lengths_add_up():
    scene = OtherScene(np.random.default_rng(0), 192.0)
    scene.add((-100, 0), (100, 0), (10, 10), 0.1)
    scene.add((-100, 0), (100, 0), (10, 10), 0.1)
    np.testing.assert_allclose(scene.attenuation.max(), 2 * 20 * 0.1, rtol=0.01)
