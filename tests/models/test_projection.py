"""The torch kernel against the compiled one, and its gradients against finite differences."""

import numpy as np
import pytest
import torch
from tests.drr.siddon import project_by_siddon

from osteon.core.geometry import Affine
from osteon.drr.detector import Detector
from osteon.drr.pose import VIEWS, view_pose
from osteon.drr.projector import project_attenuation
from osteon.drr.rays import trace_rays
from osteon.errors import GeometryError
from osteon.models.projection import project_tensor, rays_tensor

DETECTOR = Detector(13, 17, (6.0, 5.0))
AFFINE = Affine.from_spacing((5.0, 4.0, 6.0), (-33.0, -22.0, -22.5))
VALUES = np.random.default_rng(1).random((10, 12, 12)).astype(np.float32)


def pose(tilt=(0.0, 0.0, 0.0), *, is_parallel=False):
    aim = (1.2, -0.7, 2.1)
    return view_pose(VIEWS["ap_pelvis"], aim, tilt_deg=tilt, is_parallel=is_parallel)


@pytest.mark.parametrize("is_parallel", [False, True])
@pytest.mark.parametrize("tilt", [(0, 0, 0), (10, 20, 30), (80, 5, 0), (0, 88, 3), (44, 1, 45)])
def test_all_kernels_agree(tilt, is_parallel):
    where = pose(tilt, is_parallel=is_parallel)
    rays = rays_tensor(trace_rays(AFFINE, where, DETECTOR))
    found = project_tensor(torch.from_numpy(VALUES), rays, DETECTOR.shape).numpy()
    compiled = project_attenuation(VALUES, AFFINE, where, DETECTOR)
    exact = project_by_siddon(VALUES, AFFINE, where, DETECTOR)
    for one, other in ((found, exact), (found, compiled), (compiled, exact)):
        np.testing.assert_allclose(one, other, atol=1e-4 * exact.max())


def test_gradients_of_the_voxels_are_the_lengths_of_the_rays():
    volume = torch.from_numpy(VALUES).double().requires_grad_()
    rays = rays_tensor(trace_rays(AFFINE, pose((7, 3, 5)), DETECTOR))
    weights = torch.rand(DETECTOR.shape, generator=torch.Generator().manual_seed(1)).double()
    (project_tensor(volume, rays, DETECTOR.shape) * weights).sum().backward()
    for index in ((4, 5, 6), (0, 0, 0), (9, 11, 3)):
        single = np.zeros_like(VALUES)
        single[index] = 1.0
        lengths = project_by_siddon(single, AFFINE, pose((7, 3, 5)), DETECTOR)
        assert volume.grad[index].item() == pytest.approx((lengths * weights.numpy()).sum())


def test_gradients_of_the_pose_are_finite_differences():
    volume = torch.from_numpy(VALUES).double()
    rays = rays_tensor(trace_rays(AFFINE, pose((7, 3, 5)), DETECTOR)).requires_grad_()
    weights = torch.rand(DETECTOR.shape, generator=torch.Generator().manual_seed(2)).double()

    def loss(geometry):
        return (project_tensor(volume, geometry, DETECTOR.shape) * weights).sum()

    loss(rays).backward()
    step = 1e-7
    with torch.no_grad():
        for place in np.ndindex(3, 3, 3):
            moved = torch.zeros(3, 3, 3, dtype=torch.float64)
            moved[place] = step
            difference = (loss(rays + moved) - loss(rays - moved)).item() / (2 * step)
            assert rays.grad[place].item() == pytest.approx(difference, rel=2e-3, abs=0.05)


def test_a_cone_wider_than_a_right_angle_is_refused():
    wide = Detector(201, 201, (30.0, 30.0))
    rays = rays_tensor(trace_rays(AFFINE, pose((45, 45, 0)), wide))
    with pytest.raises(GeometryError, match="one axis"):
        project_tensor(torch.from_numpy(VALUES), rays, wide.shape)
