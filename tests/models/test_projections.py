import numpy as np
import pandas as pd
import pytest

from osteon.errors import DataError
from osteon.models.projections import load_projections


def rows(folder, *pictures, shape=None):
    kept = []
    for number, picture in enumerate(pictures):
        np.save(folder / f"{number}.npy", picture)
        height, width = shape or picture.shape
        kept.append(
            {
                "case_id": f"CT-{number}",
                "view": "axial",
                "path": f"{number}.npy",
                "rows": height,
                "columns": width,
            }
        )
    return pd.DataFrame(kept)


def test_pictures_of_any_size_fill_the_square_with_air_around(tmp_path):
    wide, square = np.full((20, 40), 7.5, np.float32), np.full((16, 16), 3.0, np.float32)
    found = load_projections(rows(tmp_path, wide, square), tmp_path, 32)
    assert found.shape == (2, 1, 32, 32)
    assert found[0, 0, :8].max() == found[0, 0, 24:].max() == 0
    np.testing.assert_allclose(found[0, 0, 8:24], 7.5, rtol=1e-6)  # line integrals, as they were
    np.testing.assert_allclose(found[1], 3.0, rtol=1e-6)


def test_what_is_no_line_integral_is_refused_and_the_case_named(tmp_path):
    good = np.ones((4, 4), np.float32)
    for wrong, message in [
        (good.astype(np.float64), "is float64"),
        (good - 2, "negative or not finite"),
        (good * np.nan, "negative or not finite"),
    ]:
        with pytest.raises(DataError, match=f"CT-0, axial.*{message}"):
            load_projections(rows(tmp_path, wrong), tmp_path, 8)
    with pytest.raises(DataError, match=r"wanted float32 \(9, 9\)"):
        load_projections(rows(tmp_path, good, shape=(9, 9)), tmp_path, 8)
    table = rows(tmp_path, good)
    for content in (None, b"half a file", np.lib.format.MAGIC_PREFIX):
        (tmp_path / "0.npy").unlink(missing_ok=True)
        if content is not None:
            (tmp_path / "0.npy").write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            load_projections(table, tmp_path, 8)
