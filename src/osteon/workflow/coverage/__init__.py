"""How often the intervals hold the truth: simulated studies with known truth.

Every default interval is examined with 30, 100 and 500 rows, a prevalence of 0.05, 0.2 and 0.5,
with patients of one row and of two. A default must hold its level within Monte Carlo error, among
the studies in which it gives an interval; methods that a caller names are shown beside.
"""

from osteon.workflow.coverage.bands import BANDS
from osteon.workflow.coverage.detection import DETECTION
from osteon.workflow.coverage.follow_up import FOLLOW_UP
from osteon.workflow.coverage.follow_up_risks import FOLLOW_UP_RISKS
from osteon.workflow.coverage.probabilities import PROBABILITIES
from osteon.workflow.coverage.rates_and_means import RATES_AND_MEANS
from osteon.workflow.coverage.readers import READERS
from osteon.workflow.coverage.readings import READINGS
from osteon.workflow.coverage.utility import UTILITY
from osteon.workflow.coverage.yes_no import YES_NO

__all__ = ["EVERY_INTERVAL"]

EVERY_INTERVAL = (
    *YES_NO, *RATES_AND_MEANS, *PROBABILITIES, *READINGS, *READERS, *DETECTION, *FOLLOW_UP,
    *FOLLOW_UP_RISKS, *UTILITY, *BANDS,
)  # fmt: skip
