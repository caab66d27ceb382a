"""The projector's bench runs small, and plastimatch's exact tracer gives the same picture."""

import numpy as np
import pytest

from osteon.drr.projector import project_attenuation
from osteon.workflow.bench import BenchSettings
from osteon.workflow.benches import drr


@pytest.mark.referee
def test_plastimatch_gives_the_same_picture(referee, tmp_path):
    referee("plastimatch")
    volume, affine, detector = drr._scene(0.01)
    _, theirs = drr._plastimatch(volume, affine, detector, folder=tmp_path)
    ours = project_attenuation(volume, affine, drr._pose(), detector)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * theirs.max())


@pytest.mark.slow
def test_the_bench_runs_small_and_finds_no_picture_that_differs(tmp_path):
    results = drr.run(BenchSettings(tmp_path, scale=0.002, workers=1, repeats=1))
    assert all(result.value > 0 for result in results)
    assert not any("DIFFER" in result.remark for result in results)
