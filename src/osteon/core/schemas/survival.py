"""How long patients were followed, and what models say of the time until an event."""

from osteon.core.schemas.cases import SUBSETS
from osteon.core.tables import Column, Schema

__all__ = ["CENSORED", "DEATH", "END_REASONS", "FOLLOW_UP", "RISK_SCORES", "SUBSEQUENT_FRACTURE",
           "SURVIVAL_CURVES"]  # fmt: skip

CENSORED, SUBSEQUENT_FRACTURE, DEATH = 0, 1, 2
END_REASONS = ("subsequent_fracture", "death", "lost", "end_of_study")

FOLLOW_UP = Schema(
    name="follow_up",
    key=("patient_id",),
    is_open=True,
    columns=(
        Column("patient_id", "text", "Patient", required=True),
        Column("index_date", "text", "Day from which is counted, YYYY-MM-DD", required=True),
        Column("entry_days", "number", "From the index date to the start of observation", True),
        Column("time_days", "number", "From the index date to the end of follow-up", True),
        Column("cause", "integer", "0 censored, 1 subsequent fracture, 2 death", required=True),
        Column("end_reason", "text", "What ended the follow-up", True, END_REASONS),
        Column("end_date", "text", "Day of the end, YYYY-MM-DD", required=True),
    ),
)

RISK_SCORES = Schema(
    name="risk_scores",
    key=("case_id", "fold", "model"),
    columns=(
        Column("case_id", "text", "Case, as in the table of projections", required=True),
        Column("patient_id", "text", "Patient", required=True),
        Column("subset", "text", "Where the patient is", True, SUBSETS),
        Column("fold", "integer", "Fold, 0 when there is one split", required=True),
        Column("model", "text", "ensemble, frontal, frontal+axial, clinical, ...", required=True),
        Column("risk_score", "number", "Higher is worse; ranks, is no probability", required=True),
    ),
)

SURVIVAL_CURVES = Schema(
    name="survival_curves",
    key=("case_id", "fold", "model", "time_days"),
    columns=(
        Column("case_id", "text", "Case, as in the table of projections", required=True),
        Column("patient_id", "text", "Patient", required=True),
        Column("subset", "text", "Where the patient is", True, SUBSETS),
        Column("fold", "integer", "Fold, 0 when there is one split", required=True),
        Column("model", "text", "As in the table of risk scores", required=True),
        Column("time_days", "number", "From the index date; ascending, the first is 0", True),
        Column("event_free", "number", "Cause-specific probability of no fracture by then", True),
        Column("event_free_low", "number", "Lower end over the ensemble's members"),
        Column("event_free_high", "number", "Upper end over the ensemble's members"),
        Column("cumulative_incidence", "number", "Probability of a fracture, death competing"),
    ),
)
