from tests.prediction.ct_files import bad_export, dicom_ct, nifti_ct
from tests.prediction.survival_packages import PREPROCESSING

from osteon.prediction.ct_sources import find_cts


def found(tmp_path, *sources):
    return find_cts(sources or [tmp_path / "in"], tmp_path / "out", PREPROCESSING, workers=1)


def test_every_patient_has_one_ct_and_every_other_volume_its_reason(tmp_path):
    dicom_ct(tmp_path / "in" / "a", "P1", series=1)
    dicom_ct(tmp_path / "in" / "b", "P1", series=2, contrast_bolus_agent="Iohexol")
    dicom_ct(tmp_path / "in" / "c", "P2", contrast_bolus_agent="Iohexol")
    nifti_ct(tmp_path / "in" / "P3.nii.gz")
    (tmp_path / "in" / "notes.txt").write_text("hello")
    cts = found(tmp_path)
    by_patient = {ct.patient_id: ct for ct in cts.cts}
    assert sorted(by_patient) == ["P1", "P2", "P3"]
    assert cts.unread == ()
    assert {item.reason for item in cts.left_out} == {"contrast_given", "not_dicom"}
    assert [note.code for note in by_patient["P2"].flags] == ["contrast_given"]
    assert by_patient["P1"].is_synthetic
    assert not by_patient["P3"].is_synthetic
    one, other = (by_patient[name].volume(PREPROCESSING.reading) for name in ("P1", "P3"))
    assert (one.hu == other.hu).all()


def test_who_has_no_ct_to_be_read_is_told_why(tmp_path):
    wanted = bad_export(tmp_path / "in")
    cts = found(tmp_path)
    assert cts.cts == ()
    reasons = {one.patient_id: [note.code for note in one.reasons] for one in cts.unread}
    assert set(reasons) == set(wanted)
    for patient, reason in wanted.items():
        assert reason is None or reason in reasons[patient], reasons
    assert set(reasons["BELLY"]) <= {"hips_not_in_view", "too_short", "one_hip_in_view"}
    film = next(one for one in cts.unread if one.patient_id == "FILM")
    assert "this package reads CTs" in film.reasons[0].detail


def test_nifti_files_of_one_name_are_two_patients(tmp_path):
    nifti_ct(tmp_path / "in" / "a" / "hip.nii.gz")
    nifti_ct(tmp_path / "in" / "b" / "hip.nii.gz")
    assert [ct.patient_id for ct in found(tmp_path).cts] == ["a/hip", "b/hip"]


def test_results_inside_the_source_are_not_read(tmp_path):
    path = nifti_ct(tmp_path / "hip.nii.gz")
    for _ in range(2):
        cts = found(tmp_path, tmp_path)
    assert [ct.source for ct in cts.cts] == [str(path)]
    assert cts.left_out == ()
