"""The paper's search, what stands beside each hit, the controls, and hostile queries."""

import contextlib
import json
import sqlite3
from contextlib import closing
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from report_files import reports_of

from osteon.cli.search_reports import command
from osteon.core.rng import generator
from osteon.errors import SettingsError, UsageError
from osteon.sources.report_index import ReportIndex, match_expression
from osteon.sources.report_scope import ReportScope
from osteon.sources.report_search import SearchSettings, search_reports
from osteon.sources.safe_csv import write_csv

TEXTS = [
    "Displaced fracture of the LEFT femoral neck.",
    "No fracture of the femoral neck.",
    "Possible right intertrochanteric fracture.",
    "Femoral neck intact. " + "word " * 11 + "Fracture of the pubic ramus.",
    "Normal hip.",
    "Old healed intertrochanteric fracture, right.",
]


def reports():
    rows = [
        {"accession_number": f"A{n}", "patient_id": f"P{n}", "text": text}
        for n, text in enumerate(TEXTS)
    ]
    return reports_of(*rows)


def search(frame=None, seed=0, **values):
    frame = reports() if frame is None else frame
    return search_reports(frame, SearchSettings(**values), generator(seed, "test"))


def test_the_papers_search():
    found = search()
    assert found.candidates["accession_number"].tolist() == ["A0", "A1", "A2", "A5"]
    told = found.hits[["accession_number", "certainty", "laterality", "is_history"]]
    assert told.fillna("").to_numpy().tolist() == [
        ["A0", "affirmed", "L", False],
        ["A1", "negated", "", False],
        ["A2", "uncertain", "R", False],
        ["A5", "affirmed", "R", True],
    ]
    assert "«fracture of the LEFT femoral neck»" in found.hits["snippet"][0]
    assert "No" in found.hits["cue"][1]


def test_the_distance_counts_words():
    assert "A3" not in search(within_words=10).candidates["accession_number"].tolist()
    assert "A3" in search(within_words=12).candidates["accession_number"].tolist()


def test_what_is_kept_follows_the_certainty():
    assert len(search(keep="not_negated").candidates) == 3
    assert len(search(keep="affirmed").candidates) == 2


def test_diacritics_case_prefixes_and_japanese():
    frame = reports_of(
        {"text": "Fracture du COL FÉMORAL"}, {"text": "Schenkelhalsfrakturen"},
        {"text": "左大腿骨頸部骨折の疑い"}, {"text": "大腿骨、頸部の骨"},
    )  # fmt: skip

    def found(term, language="en"):
        hits = search(frame, terms=(term,), near=(), language=language).hits
        return hits["report_id"].tolist()

    assert found("col femoral", "fr") == ["r0"]
    assert found("schenkelhals*", "de") == ["r1"]
    assert found("schenkelhals", "de") == []
    assert found("頸部骨折", "ja") == ["r2"]
    assert "«頸部骨折»" in search(frame, terms=("頸部骨折",), near=()).hits["snippet"][0]


def test_near_words_of_the_same_sentence_decide():
    frame = reports_of({"text": "No dislocation or other fracture. Femoral neck fracture, left."})
    hits = search(frame).hits
    assert hits[["certainty", "laterality"]].to_numpy().tolist() == [["affirmed", "L"]]


def test_a_cue_between_the_two_words_counts():
    frame = reports_of({"text": "Femoral neck without fracture."})
    assert search(frame).hits["certainty"].tolist() == ["negated"]


def test_controls_are_others_of_the_scope_and_follow_the_seed():
    frame = reports_of(*({"accession_number": f"N{n}", "text": "Normal."} for n in range(50)))
    both = pd.concat([reports(), frame.assign(report_id=frame["accession_number"])])
    drawn = [
        search(both, seed, controls=20).controls["accession_number"].tolist() for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 20
    assert not set(drawn[0]) & {"A0", "A1", "A2", "A5"}


def test_the_steps_add_up():
    frame = reports()
    found = search(frame, controls=1, keep="affirmed", scope=ReportScope(since="1998-01-01"))
    assert found.candidates.empty
    assert [item.reason for item in found.exclusions] == ["date_outside"] * len(frame)
    for settings in ({"controls": 2}, {"keep": "affirmed"}, {"scope": ReportScope()}):
        steps = search(frame, **settings).steps
        assert steps[0].left_out + steps[0].remaining == len(frame)
        for before, after in pairwise(steps):
            assert before.remaining - after.left_out == after.remaining


def test_limits_of_the_scope():
    row = {"acquired_at": "2010-05-01T10:00", "examination": "XR Hüfte", "patient_class": "E",
           "patient_birth_date": "1992-05-02", "text": "x"}  # fmt: skip
    frame = reports_of(row)
    for scope, count in (
        ({"since": "2010-05-01", "until": "2010-05-01"}, 0),
        ({"until": "2010-04-30"}, 1),
        ({"examinations": ["hufte", "pelvis"]}, 0),
        ({"examinations": ["knee"]}, 1),
        ({"patient_classes": ["e"]}, 0),
        ({"minimum_age_years": 17}, 0),
        ({"minimum_age_years": 18}, 1),
    ):
        found = search(frame, scope=ReportScope(**scope), terms=("x",), near=())
        assert len(found.exclusions) == count, scope


HOSTILE = [
    '" OR 1=1 --', "x'); DROP TABLE report; --", 'a" NEAR("b" "c", 99999)', "body: secret",
    "{body} : x", "^start", "a AND (b", "NOT", "\0x", "report MATCH 'x'", "-x", '"', "*x*",
]  # fmt: skip


@pytest.mark.parametrize("term", HOSTILE)
def test_hostile_terms_have_no_power(term):
    frame = reports_of({"text": "plain text"}, {"text": "drop table report"})
    with ReportIndex(frame) as index:
        with contextlib.suppress(UsageError):
            assert index.search([term], [], 10) == []
        assert index.search(["plain"], [], 10) == [0]


@given(st.text(max_size=60), st.text(max_size=20), st.integers(0, 1000))
def test_any_term_is_a_valid_expression_or_refused(term, near, within):
    with ReportIndex(reports_of({"text": "a"})) as index:
        try:
            index.search([term], [near], within)
        except UsageError:
            return


@given(st.lists(st.sampled_from(["neck", "bone", "hip", "fracture"]), min_size=1, max_size=12))
def test_near_agrees_with_counting_words(words):
    frame = reports_of({"text": " ".join(words)})
    places = {word: [i for i, other in enumerate(words) if other == word] for word in words}
    gaps = [abs(a - b) - 1 for a in places.get("neck", []) for b in places.get("fracture", [])]
    with ReportIndex(frame) as index:
        for within in (0, 2, 5):
            is_found = bool(index.search(["neck"], ["fracture"], within))
            assert is_found == any(gap <= within for gap in gaps)


def test_terms_without_words_and_far_distances_are_refused():
    for bad in ([], ["..."], ["x" * 401]):
        with pytest.raises(UsageError):
            match_expression(bad, [], 10)
    with pytest.raises(UsageError):
        match_expression(["a"], ["b"], 1001)
    with pytest.raises(SettingsError):
        search(language="klingon")


def test_a_kept_index_is_used_again_and_rebuilt_for_other_texts(tmp_path):
    path = tmp_path / "index.sqlite"
    for text, found in (("one", [0]), ("one", [0]), ("two", [])):
        with ReportIndex(reports_of({"text": text}), path) as index:
            assert index.search(["one"], [], 1) == found
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT COUNT(*) FROM made_from").fetchone() == (1,)


def test_the_verb_writes_what_the_flow_chart_needs(tmp_path):
    lines = ["accession_number,patient_id,text"]
    lines += [
        f'A{n},P{n},"{text}"' for n, text in enumerate([*TEXTS, "=cmd() femoral neck fracture"])
    ]
    (tmp_path / "reports.csv").write_text("\n".join(lines))
    arguments = [str(tmp_path / "reports.csv"), "-o", str(tmp_path / "out"), "--controls", "1"]
    result = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    told = json.loads(result.output)
    assert told["candidates"] == 5
    assert json.loads((tmp_path / "out/counts.json").read_text())["steps"] == told["steps"]
    again = CliRunner().invoke(command, [str(tmp_path / "out/reports.parquet"), "--term", "normal"])
    assert again.output.splitlines()[-1] == "1 candidates, 0 controls"


def test_a_spreadsheet_runs_nothing(tmp_path):
    write_csv(pd.DataFrame({"a": ["=1+1", "@x", "plain"], "n": [-1, 2, 3]}), tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv").to_numpy().tolist() == [
        ["'=1+1", -1], ["'@x", 2], ["plain", 3]
    ]  # fmt: skip


def test_rng_is_passed():
    assert len(search_reports(reports(), SearchSettings(), np.random.default_rng(1)).controls) == 0
