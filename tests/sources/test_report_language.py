"""Negation, doubt, history and side around a finding, in five languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.errors import SettingsError
from osteon.sources.report_language import ReportText, fold, languages, load_language


def around(language, sentence, finding, examination=""):
    text = ReportText(sentence, load_language(language))
    first, last = next(text.occurrences(finding))
    return text.around(first, last, examination)


@pytest.mark.parametrize(
    ("language", "sentence", "finding", "certainty"),
    [
        ("en", "Displaced fracture of the neck.", "fracture", "affirmed"),
        ("en", "There is no evidence of an acute fracture.", "fracture", "negated"),
        ("en", "No dislocation. Fracture of the neck.", "fracture", "affirmed"),
        ("en", "No dislocation but a fracture.", "fracture", "affirmed"),
        ("en", "A fracture is ruled out.", "fracture", "negated"),
        ("en", "A fracture cannot be ruled out.", "fracture", "uncertain"),
        ("en", "Cannot exclude a fracture.", "fracture", "uncertain"),
        ("en", "Suspicious for fracture.", "fracture", "uncertain"),
        ("en", "No change in the fracture.", "fracture", "affirmed"),
        ("en", "Not seen on the earlier film at all, which showed quite another fracture.",
         "fracture", "affirmed"),
        ("de", "Kein Anhalt für eine Fraktur.", "fraktur", "negated"),
        ("de", "Fraktur nicht sicher auszuschließen.", "fraktur", "uncertain"),
        ("de", "V.a. Schenkelhalsfraktur links.", "schenkelhalsfraktur", "uncertain"),
        ("de", "Keine Luxation, jedoch Fraktur.", "fraktur", "affirmed"),
        ("fr", "Pas de fracture.", "fracture", "negated"),
        ("fr", "Fracture du col fémoral.", "fracture", "affirmed"),
        ("es", "No se observan fracturas.", "fractura*", "negated"),
        ("es", "Sospecha de fractura.", "fractura", "uncertain"),
        ("ja", "右大腿骨に骨折を認めない。", "骨折", "negated"),
        ("ja", "左大腿骨頸部骨折の疑い。", "骨折", "uncertain"),
        ("ja", "骨折なし。左大腿骨頸部骨折。", "頸部骨折", "affirmed"),
    ],
)  # fmt: skip
def test_certainty(language, sentence, finding, certainty):
    assert around(language, sentence, finding).certainty == certainty


@pytest.mark.parametrize(
    ("language", "sentence", "examination", "side"),
    [
        ("en", "Left hip fracture.", "XR hip right", "L"),
        ("en", "Prosthesis on the right. Fracture of the left hip.", "", "L"),
        ("en", "Right prosthesis, fracture of the left hip.", "", "L"),
        ("en", "Bilateral hip fracture.", "", "B"),
        ("en", "Fracture of both left and right hips.", "", "B"),
        ("en", "A fracture.", "XR HIP RT 2 VIEWS", "R"),
        ("en", "A fracture.", "", ""),
        ("de", "Fracture li. Hüfte.", "", "L"),
        ("fr", "fracture à droite", "", "R"),
        ("es", "fracture de cadera izquierda", "", "L"),
    ],
)
def test_side(language, sentence, examination, side):
    assert around(language, sentence, "fracture", examination).laterality == side


def test_the_past_is_told():
    assert around("en", "History of fracture.", "fracture").is_history
    assert not around("en", "Acute fracture.", "fracture").is_history


def test_abbreviations_end_no_sentence():
    text = ReportText("Fx of the lt. hip, reported by Dr. A. Miller. Done.", load_language("en"))
    assert [text.sentence_of(i) for i in (0, len(text.words) - 2, len(text.words) - 1)] == [0, 0, 1]


def test_a_language_of_the_users_own(tmp_path):
    path = tmp_path / "la.yaml"
    path.write_text(
        "language: la\nlaterality: {L: [sinistra]}\nnegation: {before: [sine]}\n"
        "uncertainty: {}\nhistory: {}\n"
    )
    found = around(str(path), "sine fractura coxae sinistrae, sinistra", "fractura")
    assert (found.certainty, found.laterality) == ("negated", "L")


@pytest.mark.parametrize("code", ["xx", "../en", "/nowhere/at/all.yaml"])
def test_an_unknown_language_is_refused(code):
    with pytest.raises(SettingsError, match="no cues"):
        load_language(code)


def test_a_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("language: a\nlateralty: {}\n")
    with pytest.raises(SettingsError, match="did you mean laterality"):
        load_language(str(path))


@pytest.mark.parametrize("code", languages())
def test_every_language_is_whole(code):
    language = load_language(code)
    assert set(language.laterality) == {"L", "R", "B"}
    assert language.negation.before or language.negation.after
    assert language.language == code


@given(st.text(max_size=80), st.sampled_from(languages()))
def test_any_text_can_be_judged(text, code):
    report = ReportText(text, load_language(code))
    for word in range(len(report.words)):
        start, end = report.spans[word]
        assert report.words[word] == fold(text[start:end])
        assert report.around(word, word).certainty in {"affirmed", "uncertain", "negated"}
