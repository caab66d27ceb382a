"""How often the intervals hold the truth: simulated studies with known truth.

Every default interval is examined with 30, 100 and 500 rows, a prevalence of 0.05, 0.2 and 0.5,
with patients of one row and of two. An interval that says in its method that it may be too narrow
is counted apart; one that does not must hold its level within Monte Carlo error.
"""

from osteon.workflow.coverage.follow_up import FOLLOW_UP
from osteon.workflow.coverage.yes_no import YES_NO

__all__ = ["EVERY_INTERVAL"]

EVERY_INTERVAL = (*YES_NO, *FOLLOW_UP)
