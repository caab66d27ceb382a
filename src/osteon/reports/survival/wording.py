"""How models, horizons and measures of a survival study are written for a reader."""

from osteon.reports.survival.plan import CEILING

__all__ = ["MODEL_TITLES", "folds_words", "horizon_title", "model_title", "ranks_words"]

MODEL_TITLES = {
    "ensemble": "Ensemble of three views",
    "ensemble+clinical": "Ensemble and clinical factors",
    "clinical": "Clinical model",
    "frontal": "Frontal view",
    "lateral": "Lateral view",
    "axial": "Axial view",
    "frontal+lateral": "Frontal and lateral views",
    "frontal+axial": "Frontal and axial views",
    "lateral+axial": "Lateral and axial views",
    "mean_brightness": "Baseline: mean brightness",
    CEILING: "Known ceiling (true hazard)",
}
_DAYS_PER_YEAR = 365.0


def model_title(model: str) -> str:
    """Say which model.

    Examples
    --------
    >>> model_title("frontal+axial"), model_title("gait_speed")
    ('Frontal and axial views', 'Gait speed')
    """
    words = model.replace("_", " ")
    return MODEL_TITLES.get(model, words[:1].upper() + words[1:])


def folds_words(folds: int) -> str:
    """Say how a study with folds is pooled; nothing for a study with one split.

    Examples
    --------
    >>> folds_words(1)
    ''
    """
    if folds < 2:
        return ""
    return (
        f"Pooled over {folds} folds: each patient of the internal test once, scored by the models"
        " that he neither trained nor tuned; external patients by the mean of the folds. "
    )


def ranks_words(folds: int) -> str:
    """Say that ranks of several models do not compare; nothing for a study with one split."""
    if folds < 2:
        return ""
    return (
        f"Internal test: pairs of patients of one fold only, counted together over the {folds}"
        " folds, since scores of two models have no common scale. "
    )


def horizon_title(days: float) -> str:
    """Say a horizon in years where it is a whole number of years of 365 days.

    Examples
    --------
    >>> horizon_title(1095.0), horizon_title(365.0), horizon_title(100.0)
    ('3 years', '1 year', '100 days')
    """
    years = days / _DAYS_PER_YEAR
    if years != round(years):
        return f"{days:g} days"
    return "1 year" if years == 1 else f"{years:.0f} years"
