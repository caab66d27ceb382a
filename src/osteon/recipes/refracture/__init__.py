"""Refracture: three projections of a hip CT, and when the next fracture comes.

Question: can projections of the CT made for a fracture tell who will fracture again, and when?
Reference standard: fractures in linked diagnoses that fit a written definition; death competes.
Unit of analysis: the patient. Primary endpoint: concordance of the ensemble on patients the models
never saw, against a clinical model.

Command: ``osteon init refracture my-study --source EXPORT``, the tables of events and vital status
named in ``study.yaml``, then ``osteon run my-study``; ``osteon run my-study --preset demo`` makes
synthetic patients. Published: C-index 0.73, areas 0.74, 0.74 and 0.73 at 2, 3 and 5 years; the
rest is in ``published.json``.
"""

from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from osteon.cohort.eligibility import Eligibility, Rule
from osteon.recipes.refracture.labels import TARGET
from osteon.recipes.refracture.presets import DEMO, MODERN, PAPER
from osteon.workflow.recipe import AnalysisPlan, Recipe

__all__ = ["RECIPE"]

RECIPE = Recipe(
    name="refracture",
    title="Subsequent fracture after a hip fracture, from projections of the CT",
    question="Who will fracture again after the fracture a hip CT was made for, and when?",
    paper="Kim et al., Radiology 2024;310(1):e230614, doi 10.1148/radiol.230614",
    unit_of_analysis="patient",
    reference_standard="Fractures coded in linked diagnoses that fit the definition (bone, side,"
    " energy, days since the first); death competes",
    target=TARGET,
    eligibility=Eligibility(
        (
            Rule(
                "patient_age_years",
                "at_least",
                18.0,
                "under_18",
                "18 years or older",
                missing_passes=True,
                level="patient",
            ),
        )
    ),
    presets=MappingProxyType({"paper": PAPER, "modern": MODERN, "demo": DEMO}),
    stages=(
        "synthesise",
        "ingest",
        "follow_up",
        "volumes",
        "patients",
        "split",
        "project",
        "audit_patients",
        "train_survival",
        "predict_survival",
        "evaluate_survival",
        "package_survival",
        "report_survival",
    ),
    analysis=AnalysisPlan(
        primary_endpoint="Harrell's concordance of the ensemble on the internal test set,"
        " against the clinical model",
        subgroups=("patient_sex", "institution_name"),
    ),
    published=Path(str(files(__name__) / "published.json")),
)
