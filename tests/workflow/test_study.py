import pytest

from osteon import recipes
from osteon.errors import SettingsError, StudyError, UsageError
from osteon.workflow.run import open_study, run_study
from osteon.workflow.study import Study, name_in_study_file, read_study_file

RECIPE = recipes.load("hip_fracture")


def write(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "study.yaml").write_text(text)
    return folder


def test_study_file_goes_over_the_preset_and_the_command_line_over_both(tmp_path):
    write(tmp_path, "recipe: hip_fracture\npreset: demo\nseed: 3\nclassifier: {fit: {epochs: 2}}\n")
    settings = open_study(tmp_path, RECIPE, ["seed=4"]).study.settings
    assert settings.seed == 4
    assert settings.classifier.fit.epochs == 2
    demo = RECIPE.presets["demo"]
    assert settings.classifier.fit.learning_rate == demo.classifier.fit.learning_rate


def test_an_unknown_key_is_refused_with_the_nearest_name(tmp_path):
    write(tmp_path, "recipe: hip_fracture\npreset: demo\nsede: 3\n")
    with pytest.raises(SettingsError, match="did you mean seed"):
        open_study(tmp_path, RECIPE)


def test_an_unknown_preset_lists_those_there_are(tmp_path):
    write(tmp_path, "recipe: hip_fracture\npreset: quick\n")
    with pytest.raises(UsageError, match="one of paper"):
        open_study(tmp_path, RECIPE)


@pytest.mark.parametrize("text", ["seed: 3\n", "- a\n", "a: [1\n"])
def test_a_study_file_that_names_no_recipe_is_refused(tmp_path, text):
    write(tmp_path, text)
    with pytest.raises(SettingsError, match=r"study\.yaml"):
        read_study_file(tmp_path)


def test_a_folder_without_a_study_says_how_to_make_one(tmp_path):
    with pytest.raises(StudyError, match="osteon init"):
        read_study_file(tmp_path)


def test_a_study_is_not_overwritten(tmp_path):
    write(tmp_path, "recipe: hip_fracture\n")
    with pytest.raises(StudyError, match="already holds"):
        Study.create(tmp_path, RECIPE.presets["demo"], "")


def test_an_unknown_stage_is_refused(tmp_path):
    write(tmp_path, "recipe: hip_fracture\npreset: demo\n")
    with pytest.raises(UsageError, match="one of ingest"):
        list(run_study(open_study(tmp_path, RECIPE), until="bake"))


def test_a_study_without_sources_says_so(tmp_path):
    write(tmp_path, "recipe: hip_fracture\npreset: demo\n")
    with pytest.raises(StudyError, match="names no sources"):
        list(run_study(open_study(tmp_path, RECIPE)))


@pytest.mark.parametrize(
    "written",
    [
        "annotations: []",
        "annotations: [a, 'b c']",
        "annotations:",
        "annotations:\n- a\n  \n- b",
        "",
    ],
)
def test_a_list_is_set_and_every_other_line_stays(written, tmp_path):
    others = ["# mine", "recipe: hip_fracture  # six classes", "seed: 3", "# the end"]
    write(tmp_path, "\n".join([*others[:2], written, *others[2:]]) + "\n")
    name_in_study_file(tmp_path, "annotations", ["x.json", "ö: #1.csv"])
    assert read_study_file(tmp_path)["annotations"] == ["x.json", "ö: #1.csv"]
    assert read_study_file(tmp_path)["seed"] == 3
    lines = (tmp_path / "study.yaml").read_text("utf-8").splitlines()
    assert [line for line in lines if line in others] == others
