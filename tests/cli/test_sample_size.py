import json

import pytest
from click.testing import CliRunner

from osteon.cli.sample_size import command


def run(*arguments):
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_the_registry_protocols_precision():
    found = run("proportion", "--expected", "0.90", "--half-width", "0.05", "--json")
    content = json.loads(found.output)
    assert content["n"] == 139
    assert content["unrounded"] == pytest.approx(138.29, abs=0.005)
    told = run("proportion", "--expected", "0.90", "--half-width", "0.05").output
    assert told.startswith("139 units (138.29 before rounding")


@pytest.mark.parametrize(
    ("arguments", "n"),
    [
        (("auroc", "--area", "0.8", "--power", "0.95", "--ratio", "1.7"), 17),
        (("prediction-model", "--prevalence", "0.174", "--parameters", "24", "--r2", "0.288"), 801),
        (
            (
                "survival-model",
                "--rate",
                "0.065",
                "--parameters",
                "25",
                "--r2",
                "0.051",
                "--horizon",
                "2",
                "--mean-follow-up",
                "2.07",
            ),
            4286,
        ),
        (
            (
                "validation",
                "--prevalence",
                "0.018",
                "--area",
                "0.8",
                "--lp-mean",
                "-5",
                "--lp-sd",
                "2.5",
                "--ratio-width",
                "1",
            ),
            4554,
        ),
        (("auroc-difference", "--first", "0.9", "--second", "0.8", "--power", "0.8"), 61),
        (("external", "--prevalence", "0.047"), 2128),
    ],
)
def test_the_other_questions(arguments, n):
    assert json.loads(run(*arguments, "--json").output)["n"] == n
    assert run(*arguments).output.startswith(str(n))


def test_kappa_needs_more_for_less_width():
    sizes = [
        json.loads(run("kappa", "--kappa", "0.6", "--half-width", str(w), "--json").output)["n"]
        for w in (0.2, 0.1)
    ]
    assert sizes[1] == pytest.approx(4 * sizes[0], abs=4)
