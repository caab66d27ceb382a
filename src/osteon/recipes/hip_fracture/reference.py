"""What the class of a hip rests on: the operation, later CT and MRI, else the film.

Krogue et al. 2020: doubtful hips by later CT, MRI and postoperative imaging; after an operation the
implant names the fracture. The paper states no windows; these are ours.
"""

from types import MappingProxyType

from osteon.cohort.evidence_rules import EvidenceRule, ReferencePlan

__all__ = ["REFERENCE"]

_DAYS_TO_OPERATION = (0, 30)
_DAYS_TO_IMAGING = (0, 30)
_DAYS_TO_FOLLOW_UP = (0, 90)
_IMPLANTS_BEFORE = ("internal_fixation", "arthroplasty")

REFERENCE = ReferencePlan(
    rules=(
        EvidenceRule(
            name="implant",
            source="operation",
            window_days=_DAYS_TO_OPERATION,
            findings=MappingProxyType(
                {
                    "cannulated screws": "nondisplaced_femoral_neck",
                    "cannulated screw": "nondisplaced_femoral_neck",
                    "arthroplasty": "displaced_femoral_neck",
                    "hemiarthroplasty": "displaced_femoral_neck",
                    "total hip arthroplasty": "displaced_femoral_neck",
                    "cephalomedullary nail": "intertrochanteric",
                    "intramedullary nail": "intertrochanteric",
                    "nail": "intertrochanteric",
                }
            ),
            never_over=_IMPLANTS_BEFORE,
            warning="the implant follows the surgeon's preference as well as the fracture, and only"
            " operated hips have one (spectrum bias)",
        ),
        EvidenceRule(
            name="later_mri",
            source="mri",
            window_days=_DAYS_TO_IMAGING,
            warning="only doubtful hips had an MRI (verification bias)",
        ),
        EvidenceRule(
            name="later_ct",
            source="ct",
            window_days=_DAYS_TO_IMAGING,
            warning="only doubtful hips had a CT (verification bias), and CT misses some occult"
            " fractures",
        ),
        EvidenceRule(
            name="follow_up",
            source="follow_up",
            window_days=_DAYS_TO_FOLLOW_UP,
            never_over=_IMPLANTS_BEFORE,
            warning="a fracture seen at follow-up may have come after the film",
        ),
    ),
    film_warning="rests on the film alone: up to one in ten hip fractures is occult on it",
)
