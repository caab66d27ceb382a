"""Hip CTs of synthetic patients as files: good ones, and each kind that is refused."""

import nibabel
import numpy as np
from tests.pixels.ct_bodies import part, pelvis
from tests.prediction.conftest import make_film

from osteon.core.geometry import Affine
from osteon.dicom.identity import PatientTags
from osteon.dicom.write_ct import CtScanner, write_ct


def dicom_ct(folder, patient="P1", *, body=None, series=1, study="1", date="20200101", **scanner):
    body = body or pelvis(1)
    tags = PatientTags(patient, "F", 80, series_number=series, study_key=study, study_date=date)
    write_ct(body.hu, body.affine, tags, folder, CtScanner(**scanner))
    return folder


def nifti_ct(path, body=None):
    body = body or pelvis(1)
    matrix = np.eye(4)
    matrix[:3, :3] = body.affine.matrix[:3, [2, 1, 0]]
    matrix[:3, 3] = body.affine.matrix[:3, 3]
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(body.hu.transpose(2, 1, 0), ras), path)
    return path


def belly():
    """What lies above the hips."""
    return part(pelvis(1), low=(-1e3, -1e3, 60.0))


def bad_export(folder):
    """An export in which nobody can be read; patient to the reason that must be told."""
    dicom_ct(folder / "belly", "BELLY", body=belly())
    dicom_ct(folder / "gap", "GAP")
    sorted((folder / "gap").iterdir())[5].unlink()
    hu = pelvis(1).hu[:1]
    one = type(pelvis(1))(np.ascontiguousarray(hu), Affine(pelvis(1).affine.matrix))
    dicom_ct(folder / "one", "ONE", body=one)
    make_film(folder / "film.dcm", PatientID="FILM", SeriesInstanceUID="1.2.3")
    return {"GAP": "missing_slices", "ONE": "one_slice", "FILM": "not_ct", "BELLY": None}
