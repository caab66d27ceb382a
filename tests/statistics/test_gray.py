"""Gray's test: R's cmprsk on fresh data, the log-rank test without competition, and simulation."""

import os
import subprocess

import numpy as np
import pytest

from osteon.errors import DataError
from osteon.statistics.gray import gray_test
from osteon.statistics.survival_comparison import log_rank_parts

PROGRAM = """
suppressMessages(library(cmprsk))
folder <- commandArgs(TRUE)[1]
for (path in sort(list.files(folder, full.names = TRUE))) {
  d <- read.csv(path)
  cat(sprintf("%.12g", c(cuminc(d$time, d$event, d$group)$Tests[, 1],
                         cuminc(d$time, d$event, d$group, d$stratum)$Tests[, 1])), "\\n")
}
"""
COHORTS = [(groups, ties) for groups in (2, 3, 4) for ties in (False, True)]


def cohort(seed, groups, ties, n=140, effect=-0.3, competing=0.4):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    time = rng.exponential(np.exp(effect * group))
    censored = rng.exponential(2, n)
    kind = np.where(rng.random(n) < competing, 2, 1)
    event, end = np.where(time < censored, kind, 0), np.minimum(time, censored)
    return {
        "time": np.ceil(10 * end) / 10 if ties else end, "event": event, "group": group,
        "stratum": rng.integers(0, 2, n),
    }  # fmt: skip


@pytest.fixture(scope="module")
def from_r(referee, tmp_path_factory):
    folder, program = tmp_path_factory.mktemp("gray"), referee("Rscript")
    for seed, (groups, ties) in enumerate(COHORTS):
        d = cohort(seed, groups, ties)
        rows = zip(*(column.tolist() for column in d.values()), strict=True)
        lines = [",".join(d), *(",".join(map(repr, row)) for row in rows)]
        (folder / f"{seed}.csv").write_text("\n".join(lines))
    script = folder.parent / "gray.R"
    script.write_text(PROGRAM)
    done = subprocess.run(
        [program, str(script), str(folder)], capture_output=True, text=True, check=False
    )
    if "there is no package called" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip("R lacks cmprsk: apt-get install r-cran-cmprsk")
    assert done.returncode == 0, done.stderr
    return [[float(word) for word in line.split()] for line in done.stdout.splitlines()]


@pytest.mark.referee
@pytest.mark.parametrize("seed", range(len(COHORTS)))
def test_cmprsk_has_the_same_numbers(seed, from_r):
    d = cohort(seed, *COHORTS[seed])
    arrays = (d["time"], d["event"], d["group"])
    found = [
        gray_test(*arrays, cause=cause, stratum=stratum).statistic
        for stratum in (None, d["stratum"])
        for cause in (1, 2)
    ]
    assert found == pytest.approx(from_r[seed], rel=1e-6)


def test_without_competition_it_counts_as_the_log_rank_test_does():
    d = cohort(3, 3, True, n=400, competing=0.0)
    parts = log_rank_parts(d["time"], d["event"], d["group"])
    gap = (parts.observed - parts.expected)[:-1]
    statistic = gap @ np.linalg.solve(parts.covariance[:-1, :-1], gap)
    found = gray_test(d["time"], d["event"], d["group"])
    assert found.statistic == pytest.approx(statistic, rel=0.05)  # the variances differ a little
    assert found.method == "Gray, 2 df"


def test_it_holds_its_level_and_sees_a_difference():
    null = [cohort(seed, 3, False, n=90, effect=0.0) for seed in range(300)]
    p = np.array([gray_test(d["time"], d["event"], d["group"]).p_value for d in null])
    assert 0.02 < np.mean(p < 0.05) < 0.09
    d = cohort(1, 2, False, n=200)
    shifted = np.where((d["group"] == 1) & (d["event"] == 2), 1, d["event"])
    assert gray_test(d["time"], shifted, d["group"]).p_value < 0.001


def test_it_answers_another_question_than_the_log_rank_test():
    """Equal hazards of the event, more deaths in one group: fewer of it ever have the event."""
    rng = np.random.default_rng(5)
    n = 1500
    group = rng.integers(0, 2, n)
    own, other = rng.exponential(1, n), rng.exponential(np.where(group == 1, 0.25, 4.0))
    event = np.where(own < other, 1, 2)
    time = np.minimum(own, other)
    parts = log_rank_parts(time, event == 1, group)
    z = (parts.observed - parts.expected)[0] / np.sqrt(parts.covariance[0, 0])
    assert abs(z) < 2.5
    assert gray_test(time, event, group).p_value < 1e-6


@pytest.mark.parametrize(
    ("time", "event", "group"),
    [([1, 2, 3], [1, 2, 0], [0, 0, 0]), ([1, 2, 3, 4], [0, 2, 0, 2], [0, 0, 1, 1]), ([], [], [])],
    ids=["one group", "no event", "no rows"],
)
def test_nothing_to_compare_has_its_reason(time, event, group):
    found = gray_test(time, event, group)
    assert np.isnan(found.p_value)
    assert found.reason


def test_undeclared_causes_are_named():
    with pytest.raises(DataError, match="event holds"):
        gray_test([1, 2], [3, 1], [0, 1])
