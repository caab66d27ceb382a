import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from tests.statistics.reading_lists import study

from osteon.cli.stats import command
from osteon.errors import OsteonError, TableError, UsageError
from osteon.statistics import (
    Readings,
    auroc,
    cohen_kappa,
    fleiss_kappa,
    gray_test,
    u_statistic_analysis,
    write_imrmc,
)


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    rng = np.random.default_rng(0)
    truth = rng.random(80) < 0.4
    table = pd.DataFrame(
        {
            "truth": truth.astype(int),
            "p": truth + rng.normal(size=80),
            "patient": [f"p{i // 2}" for i in range(80)],
            "r1": np.where(truth, "A", "B"),
            "r2": np.where(rng.random(80) < 0.8, np.where(truth, "A", "B"), "A"),
            "r3": np.where(rng.random(80) < 0.8, np.where(truth, "A", "B"), "B"),
        }
    )
    path = tmp_path_factory.mktemp("sheet") / "reads.csv"
    table.to_csv(path, index=False)
    return path, table


def run(*arguments):
    result = CliRunner().invoke(command, [str(a) for a in arguments])
    if isinstance(result.exception, OsteonError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_the_same_numbers_as_the_library(sheet):
    path, table = sheet
    row = json.loads(
        run(path, "auroc", "reference_standard=truth", "score=p", "cluster=patient", "--format",
            "json")
    )  # fmt: skip
    wanted = auroc(table["truth"], table["p"], cluster=table["patient"])
    assert row["value"] == pytest.approx(wanted.value)
    assert row["low"] == pytest.approx(wanted.low)
    assert row["method"] == wanted.method
    compared = json.loads(
        run(path, "auroc", "reference_standard=r1==A", "score=p", "--format", "json")
    )
    assert compared["value"] == pytest.approx(wanted.value)
    many = json.loads(run(path, "fleiss_kappa", "ratings=r1,r2,r3", "--format", "json"))
    assert many["value"] == pytest.approx(fleiss_kappa(table[["r1", "r2", "r3"]].values).value)


def test_curves_are_rows_and_resampling_repeats(sheet):
    path, _ = sheet
    text = run(path, "roc_curve", "reference_standard=truth", "score=p", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert float(rows[-1]["sensitivity"]) == 1
    same = [
        run(path, "auroc", "reference_standard=truth", "score=p", "method=bootstrap")
        for _ in range(2)
    ]
    assert same[0] == same[1]
    other = run(
        path, "auroc", "reference_standard=truth", "score=p", "method=bootstrap", "--seed", 1
    )
    assert other != same[0]


def test_the_list_and_the_table(sheet):
    path, _ = sheet
    assert "cohen_kappa(" in run(path)
    table = run(path, "delong_test", "reference_standard=truth", "first=p", "second=truth")
    assert "difference.value" in table


def test_mistakes_are_named(sheet):
    path, _ = sheet
    with pytest.raises(UsageError, match="no statistic aurocc") as error:
        run(path, "aurocc")
    assert error.value.remedy == "did you mean auroc?"
    with pytest.raises(UsageError, match="missing score"):
        run(path, "auroc", "reference_standard=truth")
    with pytest.raises(UsageError, match="tau is no argument"):
        run(path, "auroc", "tau=3")
    with pytest.raises(UsageError, match="wanted name=column"):
        run(path, "auroc", "truth")
    with pytest.raises(TableError, match="no column r9"):
        run(path, "fleiss_kappa", "ratings=r1,r9")


def test_reader_studies_from_lists_and_from_imrmc(tmp_path):
    truth, ratings = study("missing")
    readings = Readings.of_arrays(truth, ratings)
    write_imrmc(tmp_path / "study.imrmc", readings)
    pd.DataFrame(readings.rows()).to_csv(tmp_path / "study.csv", index=False)
    wanted = u_statistic_analysis(truth, ratings).differences[0, 1]
    for file in ("study.imrmc", "study.csv"):
        text = run(
            tmp_path / file, "u_statistic_analysis", "ratings=rating@treatment,reader,case",
            "reference_standard=truth@case", "--format", "json",
        )  # fmt: skip
        row = json.loads(text)
        assert row["differences.0-1.p_value"] == pytest.approx(wanted.p_value)
        assert row["means.0.n"] == 4
    by_covariance = run(
        tmp_path / "study.csv", "obuchowski_rockette", "ratings=rating@treatment,reader,case",
        "reference_standard=truth@case",
    )  # fmt: skip
    assert "equality.p_value" in by_covariance
    with pytest.raises(TableError, match="rating has several values at reader, case"):
        run(tmp_path / "study.csv", "obuchowski_rockette", "ratings=rating@reader,case")
    gone = pd.DataFrame(readings.rows())
    gone.loc[3, "reader"] = None
    gone.to_csv(tmp_path / "gone.csv", index=False)
    with pytest.raises(TableError, match="1 rows have no reader or case, the first is row 3"):
        run(tmp_path / "gone.csv", "obuchowski_rockette", "ratings=rating@reader,case")
    with pytest.raises(TableError, match="no column arm"):
        run(tmp_path / "study.csv", "obuchowski_rockette", "ratings=rating@arm,case")


def test_a_row_for_each_column(sheet):
    path, table = sheet
    text = run(
        path, "group_kappa", "reference_standard=r1", "raters=r2+r3", "replicates=50",
        "--format", "json",
    )  # fmt: skip
    raters = table[["r2", "r3"]].to_numpy().T
    wanted = np.mean([cohen_kappa(table["r1"], rater).value for rater in raters])
    assert json.loads(text)["value"] == pytest.approx(wanted)


def test_what_no_spreadsheet_can_give_is_not_listed(sheet):
    path, _ = sheet
    listed = run(path)
    assert "obuchowski_rockette(" in listed
    for name in ("figure_of_merit", "write_imrmc", "reader_study_power", "permutation_test"):
        assert f"{name}(" not in listed


def test_grays_test_on_a_spreadsheet(tmp_path):
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {"days": rng.exponential(900, 60), "cause": rng.integers(0, 3, 60), "arm": ["a", "b"] * 30}
    )
    table.to_csv(tmp_path / "follow.csv", index=False)
    arguments = ["gray_test", "time=days", "event=cause", "group=arm", "--format", "json"]
    result = CliRunner().invoke(command, [str(tmp_path / "follow.csv"), *arguments])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    expected = gray_test(table["days"], table["cause"], table["arm"])
    assert told["p_value"] == pytest.approx(expected.p_value)
    assert told["method"] == "Gray, 1 df"
