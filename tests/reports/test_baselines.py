import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from tests.reports.simulated import PROBABILITIES, DrawnFilms

from osteon.core.labels import HIP_CLASSES
from osteon.errors import DataError, StudyError
from osteon.reports.baselines import (
    BaselineSettings,
    fit_softmax,
    header_baseline,
    thumbnail_baseline,
)
from osteon.reports.thumbnails import make_thumbnails

SETTINGS = BaselineSettings(ridges=(1.0, 100.0))


@pytest.mark.parametrize("ridge", [0.1, 1.0, 30.0])
def test_softmax_regression_is_that_of_scikit_learn(ridge):
    rng = np.random.default_rng(1)
    features = rng.normal(2, 3, (150, 4))
    labels = rng.integers(0, 3, 150)
    features[labels == 1, 0] += 4
    ours = fit_softmax(features, labels, 3, ridge)
    standard = (features - features.mean(0)) / features.std(0)
    theirs = LogisticRegression(C=1 / ridge, tol=1e-9, max_iter=2000).fit(standard, labels)
    expected = theirs.predict_proba(standard)
    np.testing.assert_allclose(ours.probabilities(features), expected, atol=2e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_units_of_a_feature_do_not_matter(seed, scale, shift):
    rng = np.random.default_rng(seed)
    features, labels = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    first = fit_softmax(features, labels, 2, 1.0).probabilities(features)
    other = features * scale + shift
    second = fit_softmax(other, labels, 2, 1.0).probabilities(other)
    np.testing.assert_allclose(first, second, atol=1e-4)
    np.testing.assert_allclose(first.sum(axis=1), 1)


def test_a_class_without_training_cases_keeps_a_small_probability():
    model = fit_softmax(np.arange(6.0)[:, None], np.array([0, 0, 0, 1, 1, 1]), 3, 1.0)
    assert model.probabilities(np.array([[2.5]]))[0, 2] < 0.05


def test_nothing_to_fit_on_is_refused():
    with pytest.raises(DataError, match="needs training cases"):
        fit_softmax(np.zeros((0, 2)), np.zeros(0, int), 2, 1.0)
    with pytest.raises(DataError, match="must be finite"):
        fit_softmax(np.array([[np.nan], [1.0]]), np.array([0, 1]), 2, 1.0)


def test_only_training_cases_are_fitted(study):
    kept = header_baseline(study.cases, study.splits, HIP_CLASSES, SETTINGS)
    is_test = study.splits.set_index("patient_id")["subset"].str.endswith("_test")
    cases = study.cases.copy()
    in_test = cases["patient_id"].map(is_test)
    cases.loc[in_test, "label"] = "arthroplasty"
    moved = header_baseline(cases, study.splits, HIP_CLASSES, SETTINGS)
    np.testing.assert_array_equal(kept[PROBABILITIES], moved[PROBABILITIES])
    assert "training" not in set(kept["subset"])


def test_header_baseline_takes_vendors_and_ages_it_has_never_seen(study):
    cases = study.cases.assign(manufacturer="Unheard of", patient_age_years=np.nan)
    held_out = ~study.cases["patient_id"].isin(
        study.splits.loc[study.splits["subset"] == "training", "patient_id"]
    )
    mixed = study.cases.copy()
    mixed.loc[held_out] = cases.loc[held_out]
    table = header_baseline(mixed, study.splits, HIP_CLASSES, SETTINGS)
    assert np.isfinite(table[PROBABILITIES].to_numpy(float)).all()


def test_thumbnails_see_what_is_drawn_into_the_box(study):
    cases = study.cases
    thumbnails = make_thumbnails(cases, DrawnFilms(cases))
    assert len(thumbnails) == len(cases)
    assert {image.shape for image in thumbnails.values()} == {(16, 16)}
    table = thumbnail_baseline(thumbnails, cases, study.splits, HIP_CLASSES, SETTINGS)
    score = table["probability_fracture"].to_numpy(float)
    is_positive = table["label"].isin(HIP_CLASSES.positive).to_numpy()
    assert score[is_positive].mean() > score[~is_positive].mean() + 0.1


class NoFilms:
    def load(self, content_hash):
        raise StudyError("not prepared")


class SomeFilms(DrawnFilms):
    def load(self, content_hash):
        if content_hash.endswith("1"):
            raise StudyError("not prepared")
        return super().load(content_hash)


def test_films_that_are_not_prepared_are_told(study, caplog):
    with pytest.raises(StudyError, match="no film of the cases is prepared"):
        make_thumbnails(study.cases, NoFilms())
    some = make_thumbnails(study.cases, SomeFilms(study.cases))
    assert 0 < len(some) < len(study.cases)
    assert f"{len(study.cases) - len(some)} of {len(study.cases)} cases" in caplog.text


def test_exposure_tells_the_thumbnail_baseline_nothing(study):
    cases = study.cases
    thumbnails = make_thumbnails(cases, DrawnFilms(cases))
    brighter = {name: 3 * image + 0.7 for name, image in thumbnails.items()}
    first, second = (
        thumbnail_baseline(item, cases, study.splits, HIP_CLASSES, SETTINGS)[PROBABILITIES]
        for item in (thumbnails, brighter)
    )
    np.testing.assert_allclose(first.to_numpy(float), second.to_numpy(float), atol=1e-3)


def test_a_thumbnail_of_another_size_is_refused(study):
    wrong = {study.cases["case_id"].iloc[0]: np.zeros((8, 8))}
    with pytest.raises(DataError, match=r"shape \(8, 8\), wanted \(16, 16\)"):
        thumbnail_baseline(wrong, study.cases, study.splits, HIP_CLASSES, SETTINGS)
