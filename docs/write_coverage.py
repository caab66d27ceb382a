"""Simulate the studies behind coverage.md and write the page; ends with 1 if a default fails.

``python docs/write_coverage.py [RUNS] [PAGE]`` (1,000 studies for each design, docs/coverage.md).
"""

import sys
import time
from pathlib import Path

from osteon.core.files import write_text
from osteon.workflow.coverage import EVERY_INTERVAL
from osteon.workflow.coverage.not_simulated import as_list
from osteon.workflow.coverage.simulate import covered
from osteon.workflow.coverage.table import as_markdown, failing

HEAD = """# How often the intervals hold

Synthetic studies: `make coverage` simulates {runs} for each design (fewer where an interval is
slow) with a known truth and counts how often a 95 % interval holds it. Columns: number of rows,
prevalence (share of events, or of events by the horizon). With two rows for each patient these
are correlated by 0.5. Areas are binormal with a truth of 0.85; probabilities are calibrated
(where a slope of 0.5 is named, their logits lie twice as far apart as they should);
event times are exponential given the score, censored uniformly from 0.3 to 3 horizons; readers are
right in nine of ten cases (the second of a difference in eight); an overlap is near 0.9, or 0 in
half the prevalence of the cases. Multi-reader studies draw readers anew too (Roe and Metz 1997),
with mean areas of 0.85 and 0.80; four of five lesions are marked (boxes are found), and two of five
cases have false marks. A band is judged at one point, a simultaneous one over the whole curve. A
count is discrete, so that any interval of a proportion jumps around its level with the truth:
proportions, likelihood ratios and predictive values are judged on truths spread by a fifth around
the design's (Agresti and Coull 1998), the rows of proportions in italics show one truth.

Every default must hold its level within Monte Carlo error, or the run fails. Where a study has too
few events or patients for an interval that holds, the default gives the value without one.

"""

TAIL = f"""
## Without a row of their own

{as_list()}
"""


def main(runs: int, page: Path) -> int:
    start = time.perf_counter()
    rows = list(covered(EVERY_INTERVAL, runs=runs, description="coverage"))
    minutes = (time.perf_counter() - start) / 60
    write_text(page, HEAD.format(runs=f"{runs:,}") + as_markdown(rows) + TAIL)
    failed = failing(rows)
    for row in failed:
        print(f"{row.name}, {row.design}: {row.share:.3f}", file=sys.stderr)
    print(f"{page}: {len(rows)} designs in {minutes:.1f} minutes, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    default = Path(__file__).with_name("coverage.md")
    sys.exit(main(int(given[0]) if given else 1000, Path(given[1]) if given[1:] else default))
