"""Hip fracture on radiographs: find both hips, put each into one of six classes.

Question: can a detector and a classifier find a hip fracture on an emergency radiograph and name
the group of operations it leads to? Reference standard: later imaging and the operation where
there was one, else the films. Unit of analysis: the hip on one film. Primary endpoint: binary
accuracy on patients the models never saw.

Command: ``osteon init hip_fracture my-study --source EXPORT --annotations BOXES``, then
``osteon run my-study``. Published: binary accuracy 93.7 % (90.8 to 96.5), six-class accuracy
90.8 % (87.5 to 94.2); the rest is in ``published.json``.
"""

from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from osteon.cohort.eligibility import Eligibility, Rule
from osteon.recipes.hip_fracture.labels import LABELS
from osteon.recipes.hip_fracture.presets import DEMO, KEPT, MODERN, PAPER
from osteon.recipes.hip_fracture.reference import REFERENCE
from osteon.workflow.recipe import AnalysisPlan, Recipe

__all__ = ["RECIPE"]

RECIPE = Recipe(
    name="hip_fracture",
    title="Hip fracture identification and functional subclassification",
    question="Is a hip on an emergency radiograph broken, and which operation does it lead to?",
    paper="Krogue et al., Radiology: Artificial Intelligence 2020;2(2):e190023,"
    " doi 10.1148/ryai.2020190023",
    unit_of_analysis="hip",
    reference_standard="Later CT, MRI and postoperative imaging and the implant chosen, where there"
    " was one; else two orthopaedic residents on the films",
    target=LABELS,
    eligibility=Eligibility(
        (
            Rule(
                "modality",
                "one_of",
                ("DX", "CR", "RG", "RF"),
                "not_a_radiograph",
                "a film",
                level="image",
            ),
            Rule(
                "patient_age_years",
                "at_least",
                18.0,
                "under_18",
                "18 years or older",
                missing_passes=True,
                level="image",
            ),
            Rule(
                "view_position",
                "none_of",
                ("LL", "RL", "XTABLE LATERAL", "CROSS-TABLE LATERAL", "LATERAL"),
                "cross_table_lateral",
                "an anteroposterior or frog-leg view",
                missing_passes=True,
                level="image",
            ),
            Rule(
                "number_of_frames",
                "at_most",
                1.0,
                "several_frames",
                "a single frame",
                level="image",
            ),
        )
    ),
    presets=MappingProxyType({"paper": PAPER, "modern": MODERN, "demo": DEMO, "kept": KEPT}),
    stages=(
        "ingest",
        "label",
        "cohort",
        "split",
        "prepare",
        "audit_leakage",
        "train_detector",
        "train_classifier",
        "train_gate",
        "predict",
        "evaluate",
        "package",
        "report",
    ),
    analysis=AnalysisPlan(
        primary_endpoint="binary accuracy on the internal test set",
        subgroups=("view_position", "patient_sex", "manufacturer", "institution_name"),
    ),
    published=Path(str(files(__name__) / "published.json")),
    reference_plan=REFERENCE,
    report_rules=MappingProxyType(
        {
            "en": Path(str(files(__name__) / "report_rules_en.yaml")),
            "de": Path(str(files(__name__) / "report_rules_de.yaml")),
        }
    ),
)
