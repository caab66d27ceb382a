import pytest

from osteon.errors import StudyError
from osteon.workflow import demo
from osteon.workflow.demo import SYNTHETIC_LINE, demo_films, prepare_demo_study
from osteon.workflow.study import read_study_file


@pytest.fixture
def made(monkeypatch):
    calls = []
    monkeypatch.setattr(demo, "make_hips", lambda *arguments: calls.append(arguments))
    return calls


def test_the_second_hospital_has_other_machines_and_prevalence():
    films = demo_films(300)
    internal, external = films["internal"].site_settings, films["external"].site_settings
    assert films["external"].n == 90
    assert not set(internal.vendors) & set(external.vendors)
    assert internal.class_mix != external.class_mix
    assert internal.kerma_factor != external.kerma_factor


def test_the_study_says_first_that_patients_are_synthetic(made, tmp_path):
    study = prepare_demo_study(tmp_path, patients=40, seed=3, workers=1)
    assert (study / "study.yaml").read_text().splitlines()[0] == f"# {SYNTHETIC_LINE}"
    written = read_study_file(study)
    assert written["split"]["external"] == ["patient_id~^EXT"]
    assert [seed for _, _, seed, _ in made] == [3, 4]


def test_the_same_demonstration_goes_on_and_another_is_refused(made, tmp_path):
    first = prepare_demo_study(tmp_path, patients=40, seed=3, workers=1)
    assert prepare_demo_study(tmp_path, patients=40, seed=3, workers=1) == first
    with pytest.raises(StudyError, match="other settings"):
        prepare_demo_study(tmp_path, patients=40, seed=4, workers=1)
