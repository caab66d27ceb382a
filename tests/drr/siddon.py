"""An exact ray tracer in float64 that shares no code with the kernels: Siddon's list of crossings.

Slow and plain on purpose. Every ray is cut where it meets any plane between voxels; the voxel of a
piece is the one its middle lies in.
"""

import numpy as np


def siddon(values, matrix, sources, ends):
    """Integrate ``values`` (z, y, x) from sources to ends, both (n, 3) in mm; ``matrix`` 4 x 4."""
    inverse = np.linalg.inv(matrix)
    result = np.zeros(len(ends))
    for number, (source, end) in enumerate(zip(sources, ends, strict=True)):
        a = inverse[:3, :3] @ source + inverse[:3, 3] + 0.5 + 1e-9
        b = inverse[:3, :3] @ end + inverse[:3, 3] + 0.5 + 1e-9
        cuts = [np.array([0.0, 1.0])]
        for axis, size in enumerate(values.shape):
            if abs(b[axis] - a[axis]) > 1e-12:
                cuts.append((np.arange(size + 1) - a[axis]) / (b[axis] - a[axis]))
        cuts = np.sort(np.concatenate(cuts))
        cuts = cuts[(cuts >= 0) & (cuts <= 1)]
        middles = a + ((cuts[1:] + cuts[:-1]) / 2)[:, None] * (b - a)
        index = np.floor(middles).astype(int)
        inside = ((index >= 0) & (index < values.shape)).all(axis=1)
        lengths = np.diff(cuts)[inside] * np.linalg.norm(end - source)
        result[number] = values[tuple(index[inside].T)].astype(np.float64) @ lengths
    return result


def project_by_siddon(values, affine, pose, detector):
    """Float64 (rows, columns), from what the pose's fields say."""
    row_mm, column_mm = detector.spacing_mm
    rows = (np.arange(detector.rows) - (detector.rows - 1) / 2)[:, None, None] * row_mm
    columns = (np.arange(detector.columns) - (detector.columns - 1) / 2)[None, :, None] * column_mm
    middle = np.array(pose.detector_center_lps_mm)
    ends = middle + rows * np.array(pose.along_rows) + columns * np.array(pose.along_columns)
    sources = np.broadcast_to(np.array(pose.source_lps_mm), ends.shape)
    if pose.is_parallel:
        sources = ends - (middle - np.array(pose.source_lps_mm))
    flat = siddon(values, affine.matrix, sources.reshape(-1, 3), ends.reshape(-1, 3))
    return flat.reshape(detector.shape)
