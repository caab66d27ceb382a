"""Every recipe that is found keeps the same promises, as data."""

import json
from pathlib import Path

import pytest

from osteon import recipes
from osteon.core.settings import load_settings
from osteon.errors import UsageError
from osteon.workflow.recipe import AnalysisPlan
from osteon.workflow.run import load_stage

RECIPES = [recipes.load(name) for name in recipes.names()]


def by_name(recipe):
    return recipe.name


@pytest.mark.parametrize("recipe", RECIPES, ids=by_name)
def test_it_says_what_it_asks_of_whom_and_against_what(recipe):
    assert recipe.question.endswith("?")
    assert "doi" in recipe.paper
    assert recipe.unit_of_analysis in {"patient", "hip", "vertebra", "image"}
    assert len(recipe.reference_standard) > 20


@pytest.mark.parametrize("recipe", RECIPES, ids=by_name)
def test_its_stages_exist_and_begin_with_the_sources(recipe):
    assert [load_stage(name).name for name in recipe.stages] == list(recipe.stages)
    assert next(name for name in recipe.stages if name != "synthesise") == "ingest"


@pytest.mark.parametrize("recipe", RECIPES, ids=by_name)
def test_its_presets_are_whole_settings_that_survive_the_file(recipe):
    for settings in recipe.presets.values():
        assert (
            load_settings(type(settings), json.loads(json.dumps(settings.resolved()))) == settings
        )


@pytest.mark.parametrize("recipe", RECIPES, ids=by_name)
def test_its_subgroups_are_columns_of_the_cases(recipe):
    assert set(recipe.analysis.subgroups) <= set(recipe.cases_table.names)


@pytest.mark.parametrize("recipe", RECIPES, ids=by_name)
def test_its_published_numbers_have_a_source(recipe):
    published = json.loads(recipe.published.read_text("utf-8"))
    assert published["study"]["doi"]
    assert all(row["source"] and row["status"] for row in published["values"])


@pytest.mark.parametrize("recipe", RECIPES, ids=by_name)
def test_it_is_data_without_loops_or_decisions(recipe):
    folder = recipe.published.parent
    assert {path.name for path in folder.glob("*.py")} >= {"__init__.py", "labels.py"}
    for path in folder.glob("*.py"):
        if path.name != "parts.py":
            words = set(path.read_text("utf-8").split('"""')[-1].split())
            assert not words & {"for", "while", "if", "def"}, path


@pytest.mark.parametrize("recipe", RECIPES, ids=by_name)
def test_it_has_a_page_of_its_own(recipe):
    page = (recipe.published.parent / "README.md").read_text("utf-8")
    assert recipe.title in page
    assert f"osteon init {recipe.name}" in page


def test_thresholds_never_come_from_a_test_set():
    with pytest.raises(ValueError, match="tuning"):
        AnalysisPlan("x", (), thresholds_from="internal_test")


def test_an_unknown_recipe_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean hip_fracture"):
        recipes.load("hip_fractur")


def test_recipes_are_the_folders():
    here = Path(recipes.__file__).parent
    assert recipes.names() == sorted(p.parent.name for p in here.glob("*/__init__.py"))
