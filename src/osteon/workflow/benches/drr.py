"""Projections: a cone beam against plastimatch and DiffDRR, other beams, CTs per hour."""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteon.core.geometry import Affine
from osteon.core.optional import is_installed, require
from osteon.core.parallel import worker_count
from osteon.core.progress import say
from osteon.core.rng import generator
from osteon.drr.detector import Detector
from osteon.drr.pose import Pose, view_pose
from osteon.drr.projector import project_attenuation
from osteon.drr.rays import trace_rays
from osteon.drr.views import PATIENT_VIEWS
from osteon.errors import DataError
from osteon.workflow.bench import BenchResult, BenchSettings, measure
from osteon.workflow.projection_sheet import write_projection_sheet
from osteon.workflow.projection_throughput import throughput

__all__ = ["run"]

_SAME = 1e-4  # of the largest value
_BATCH = 2**14  # rays at once for DiffDRR, whose memory grows with them
_COMPARED = ("frontal, cone", "slanted, cone", "between frontal and lateral, cone")
Picture = NDArray[np.float32]
Peer = Callable[..., tuple[float, Picture] | str]


def run(settings: BenchSettings) -> Sequence[BenchResult]:
    """Trace the same rays through the same random volume by all, and compare the pictures.

    Only computing is timed: no reading, no compiling. plastimatch's time is what it prints,
    without its own input and output; DiffDRR's is that of its renderer. The volume has an empty
    border, as a CT has, because plastimatch leaves out a part of the outermost voxels.
    """
    threads = worker_count(settings.workers)
    timed = measure(partial(_own, settings.scale, threads, settings.repeats))
    volume, affine, detector = _scene(settings.scale)
    what = f"{detector.rows} x {detector.columns} pixels, {volume.shape[0]}^3 voxels"
    results = []
    for name, (seconds, picture) in timed.value.items():
        for peer, compute in _peers(name, settings.folder).items():
            theirs, remark = _peer(compute, volume, affine, detector, picture)
            row = BenchResult(
                what=f"{name}, {what}",
                value=seconds,
                unit="s",
                peer=peer if theirs else None,
                peer_value=theirs,
                more_is_better=False,
                peak_mib=timed.peak_mib,
                remark=remark,
            )
            results.append(row)
    if settings.output is not None:
        say(write_projection_sheet(settings.output / "projections.png"))
    return [*results, *throughput(settings)]


def _peers(name: str, folder: Path) -> dict[str, Peer | None]:
    """Find what a pose is held against; ``None`` stands for nothing."""
    if name not in _COMPARED:
        return {"": None}
    pose = _poses()[name]
    exact: dict[str, Peer | None] = {
        "plastimatch, exact": partial(_plastimatch, pose=pose, folder=folder)
    }
    if name != _COMPARED[0]:
        return exact
    return exact | {
        f"DiffDRR, {kind}": partial(_diffdrr, pose=pose, renderer=kind.capitalize())
        for kind in ("Siddon", "trilinear")
    }


def _scene(scale: float) -> tuple[Picture, Affine, Detector]:
    side = max(round(256 * scale ** (1 / 3)), 16)
    pixels = max(round(512 * scale ** (1 / 3)), 32)
    volume = generator(1, "bench", "drr").random((side, side, side), dtype=np.float32) * 0.02
    volume = np.pad(volume[2:-2, 2:-2, 2:-2], 2)
    middle = -(side - 1) / 2
    affine = Affine.from_spacing((1.0, 1.0, 1.0), (middle, middle, middle))
    step = 1.16 * side / pixels
    return volume, affine, Detector(pixels, pixels, (step, step))


def _pose(view: str = "frontal", **changes: Any) -> Pose:
    return view_pose(PATIENT_VIEWS[view], (0.0, 0.0, 0.0), object_to_detector_mm=160.0, **changes)


def _poses() -> dict[str, Pose]:
    poses = {f"{view}, cone": _pose(view) for view in PATIENT_VIEWS}
    poses["frontal, parallel"] = _pose(is_parallel=True)
    poses[_COMPARED[1]] = _pose(tilt_deg=(5.0, 10.0, 3.0))
    poses[_COMPARED[2]] = _pose(tilt_deg=(0.0, 45.0, 0.0))
    return poses


def _own(scale: float, threads: int, repeats: int) -> dict[str, tuple[float, Picture]]:
    volume, affine, detector = _scene(scale)
    found = {}
    for name, pose in _poses().items():
        trace = partial(project_attenuation, volume, affine, pose, detector, threads=threads)
        found[name] = _fastest(trace, repeats + 1)  # the first may compile
    one = partial(project_attenuation, volume, affine, _pose(), detector, threads=1)
    found["frontal, cone, one thread"] = _fastest(one, repeats)
    return found


def _fastest(work: Callable[[], Picture], repeats: int) -> tuple[float, Picture]:
    times = []
    for _ in range(repeats):
        started = perf_counter()
        picture = work()
        times.append(perf_counter() - started)
    return min(times), picture


def _peer(
    peer: Peer | None,
    volume: Picture,
    affine: Affine,
    detector: Detector,
    picture: Picture,
) -> tuple[float | None, str]:
    """Seconds, and what a reader should know; ``None`` when the peer is not there."""
    if peer is None:
        return None, ""
    answer = peer(volume, affine, detector)
    if isinstance(answer, str):
        return None, answer
    seconds, theirs = answer
    if theirs.size == 0:
        return seconds, "samples between voxels: another picture by design, not compared"
    apart = float(np.abs(theirs - picture).max() / picture.max())
    share = float((np.abs(theirs - picture) > _SAME * picture.max()).mean())
    verdict = f"PICTURES DIFFER in {share:.3%} of the pixels" if share else "pictures equal"
    return seconds, f"{verdict}: at most {apart:.0e} of the maximum apart"


def _plastimatch(
    volume: Picture, affine: Affine, detector: Detector, *, pose: Pose, folder: Path
) -> tuple[float, Picture] | str:
    program = shutil.which("plastimatch")
    if program is None:
        return "plastimatch is not installed: apt-get install plastimatch to compare"
    path = folder / "volume.mha"
    _write_mha(volume, affine, path)
    size = f"{detector.size_mm[0]} {detector.size_mm[1]}"
    towards_source = " ".join(f"{-v:.17g}" for v in pose.normal)
    up = " ".join(f"{-v:.17g}" for v in pose.along_rows)
    command = [
        program, "drr", "-i", "exact", "-P", "none", "-t", "pfm", "-A", "cpu", "--sad", "990",
        "--sid", "1150", "-o", "0 0 0", "-n", towards_source, "--vup", up, "-z", size,
        "-r", f"{detector.rows} {detector.columns}", "-I", str(path), "-O", str(folder / "drr"),
    ]  # fmt: skip
    times = []
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        total, of_files = (_printed(name, done.stdout) for name in ("Total", "I/O"))
        times.append(total - of_files)
    raw = (folder / "drr0000.pfm").read_bytes().split(b"\n", 3)[3]
    return min(times), np.frombuffer(raw, "<f4").reshape(detector.shape) * np.float32(10.0)  # cm


def _printed(name: str, text: str) -> float:
    match = re.search(rf"{name} time: ([-+\d.e]+)", text)
    if match is None:
        raise DataError(f"plastimatch printed no {name} time: {text[-200:]}")
    return float(match[1])


def _write_mha(volume: Picture, affine: Affine, path: Path) -> None:
    depth, height, width = volume.shape
    x, y, z = affine.matrix[:3, 3]
    header = (
        f"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        f"TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = {x} {y} {z}\nElementSpacing = 1 1 1\n"
        f"DimSize = {width} {height} {depth}\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n"
    )
    path.write_bytes(header.encode() + volume.astype("<f4").tobytes())


def _diffdrr(
    volume: Picture,
    affine: Affine,
    detector: Detector,
    *,
    pose: Pose,
    renderer: str,
) -> tuple[float, Picture] | str:
    if not is_installed("diffdrr"):
        return "DiffDRR is not installed: pip install diffdrr to compare"
    torch = require("torch", purpose="the comparison")
    kind = getattr(require("diffdrr.renderers", purpose="the comparison"), renderer)()
    rays = trace_rays(affine, pose, detector)
    row, column = np.mgrid[: detector.rows, : detector.columns].reshape(2, -1, 1)
    towards, across = (
        part[0] + row * part[1] + column * part[2] for part in (rays.towards, rays.across_mm)
    )
    source = torch.tensor(rays.start[0, ::-1] - 0.5, dtype=torch.float32)[None, None]
    targets = torch.tensor((rays.start[0] + towards)[:, ::-1] - 0.5, dtype=torch.float32)[None]
    lengths = torch.tensor(np.linalg.norm(across, axis=1), dtype=torch.float32)[None, None]
    solid = torch.from_numpy(np.ascontiguousarray(volume.transpose(2, 1, 0)))
    parts = []
    started = perf_counter()
    with torch.no_grad():
        for at in range(0, len(row), _BATCH):
            batch = slice(at, at + _BATCH)
            parts.append(kind(solid, source, targets[:, batch], lengths[..., batch]))
    seconds = perf_counter() - started
    if renderer != "Siddon":
        return seconds, np.zeros(0, dtype=np.float32)
    return seconds, torch.cat([part.reshape(-1) for part in parts]).reshape(detector.shape).numpy()
