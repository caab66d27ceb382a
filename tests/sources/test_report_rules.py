"""What the recipe's rules read out of reports, one sentence after another."""

import pytest
from report_files import reports_of

from osteon import recipes
from osteon.core.labels import HIP_CLASSES
from osteon.errors import SettingsError
from osteon.sources.report_rules import load_rules, read_findings

RULES = {code: load_rules(path) for code, path in recipes.load("hip_fracture").report_rules.items()}


def findings(text, language="en", **columns):
    frame = read_findings(
        reports_of({"accession_number": "A1", "text": text} | columns), RULES[language]
    )
    return {row.laterality: (row.finding, row.certainty) for row in frame.itertuples(index=False)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Displaced fracture of the left femoral neck.", {"L": "displaced_femoral_neck"}),
        ("Nondisplaced right femoral neck fracture.", {"R": "nondisplaced_femoral_neck"}),
        ("Impacted subcapital fracture, right hip.", {"R": "nondisplaced_femoral_neck"}),
        ("Garden IV femoral neck fracture on the left.", {"L": "displaced_femoral_neck"}),
        ("Comminuted left intertrochanteric fracture with varus angulation.",
         {"L": "intertrochanteric"}),
        ("Left femoral neck fracture.", {"L": "femoral_neck_displacement_unstated"}),
        ("Right hip fracture.", {"R": "hip_fracture_site_unstated"}),
        ("Status post left total hip arthroplasty. No acute fracture.",
         {"L": "arthroplasty", "U": "no_fracture"}),
        ("Prior ORIF of the right hip.", {"R": "internal_fixation"}),
        ("Bilateral hip arthroplasty.", {"L": "arthroplasty", "R": "arthroplasty"}),
        ("No evidence of fracture or dislocation.", {"U": "no_fracture"}),
        ("Left hip: no fracture. Displaced right femoral neck fracture.",
         {"L": "no_fracture", "R": "displaced_femoral_neck"}),
        ("No displaced fracture.", {}),
        ("Healed old left intertrochanteric fracture.", {}),
        ("Severe osteoarthritis.", {}),
    ],
)  # fmt: skip
def test_english(text, expected):
    assert {side: found for side, (found, _) in findings(text).items()} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dislozierte Schenkelhalsfraktur links.", {"L": "displaced_femoral_neck"}),
        ("Eingestauchte Schenkelhalsfraktur rechts.", {"R": "nondisplaced_femoral_neck"}),
        ("Pertrochantäre Femurfraktur rechts.", {"R": "intertrochanteric"}),
        ("Z.n. Hüft-TEP beidseits.", {"L": "arthroplasty", "R": "arthroplasty"}),
        ("Liegender Gammanagel links.", {"L": "internal_fixation"}),
        ("Kein Nachweis einer Fraktur.", {"U": "no_fracture"}),
    ],
)
def test_german(text, expected):
    assert {side: found for side, (found, _) in findings(text, "de").items()} == expected


def test_doubt_is_kept_and_outranks_absence():
    text = "No acute fracture of the left hip seen. Possible impacted left femoral neck fracture."
    assert findings(text) == {"L": ("nondisplaced_femoral_neck", "uncertain")}


def test_the_examination_names_the_side_where_the_text_does_not():
    assert findings("Intertrochanteric fracture.", examination="XR HIP LEFT") == {
        "L": ("intertrochanteric", "affirmed")
    }


def test_only_the_report_in_force_counts():
    frame = reports_of(
        {"accession_number": "A1", "status": "preliminary", "text": "Left hip fracture."},
        {"accession_number": "A1", "status": "final", "text": "No fracture."},
        {"text": "Left hip fracture."},
    )
    found = read_findings(frame, RULES["en"])
    assert found[["accession_number", "finding"]].to_numpy().tolist() == [["A1", "no_fracture"]]


@pytest.mark.parametrize("language", RULES)
def test_the_rules_know_every_class(language):
    assert set(HIP_CLASSES.classes) <= {rule.finding for rule in RULES[language].rules}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("language: en\nrules: []", "rules"),
        ("language: en\nrules: [{name: a, finding: b, term: [x]}]", "term is not a setting"),
        ("- a", "no mapping"),
        ("a: [", "cannot be read"),
    ],
)
def test_rules_that_are_none_are_refused(tmp_path, text, said):
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_rules(path)
