import pandas as pd
import pytest

from osteon import recipes
from osteon.core.schemas import SPLITS
from osteon.errors import StudyError
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage, run_stage
from osteon.workflow.study import Study


@pytest.fixture
def context(tmp_path):
    recipe = recipes.load("hip_fracture")
    return Context(Study(tmp_path, recipe.presets["demo"]), recipe)


def counting_stage(calls, fail=False):
    def run(context):
        calls.append(1)
        if fail:
            raise RuntimeError("stopped half way")
        context.study.tables.mkdir(exist_ok=True)
        context.study.table_path("counted").write_bytes(b"three")
        return Outcome({"out": 3})

    kept = Kept(
        folder=lambda context: context.study.tables,
        outputs=lambda context: context.study.table_paths("counted"),
        inputs=lambda context: {"cases": "ab"},
        settings=lambda context: {"x": 1},
    )
    return Stage("count", "counting", run, kept)


def test_a_finished_stage_is_not_run_again(context):
    calls = []
    first = run_stage(counting_stage(calls), context)
    second = run_stage(counting_stage(calls), context)
    assert (first.ran, second.ran) == (True, False)
    assert dict(second.counts) == {"out": 3}
    assert len(calls) == 1


def test_a_stage_that_failed_is_run_again(context):
    calls = []
    with pytest.raises(RuntimeError, match="half way"):
        run_stage(counting_stage(calls, fail=True), context)
    assert run_stage(counting_stage(calls), context).ran


def test_another_seed_makes_the_result_stale(context):
    calls = []
    run_stage(counting_stage(calls), context)
    other = Context(
        Study(context.study.folder, context.study.settings.changed({"seed": 1})), context.recipe
    )
    assert run_stage(counting_stage(calls), other).ran


def test_a_stage_whose_result_was_deleted_runs_again(context):
    calls = []
    run_stage(counting_stage(calls), context)
    context.study.table_path("counted").unlink()
    assert run_stage(counting_stage(calls), context).ran
    assert context.study.table_path("counted").exists()


def test_a_room_that_keeps_its_own_manifest_is_asked_every_time(context):
    stage = Stage("own", "asking", lambda context: Outcome({}, ran=False))
    assert not run_stage(stage, context).ran


def test_a_missing_table_names_the_command(context):
    with pytest.raises(StudyError, match="osteon run"):
        context.table_hash("cases")


def test_the_run_is_named_by_settings_and_inputs(context):
    frame = pd.DataFrame([{"patient_id": "P", "fold": 0, "subset": "training"}])
    context.study.write("splits", frame)
    context.study.table_path("cases").write_bytes(b"cases")
    same = Context(context.study, context.recipe)
    changed = context.study.settings.changed({"film_side_px": 512})
    other = Context(Study(context.study.folder, changed), context.recipe)
    assert context.run_id == same.run_id != other.run_id
    assert SPLITS.name in context.table_hashes("splits")
