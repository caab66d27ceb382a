"""Find the CT volumes, and choose one for each patient who is followed."""

from datetime import date

from osteon.cohort.volume_catalogue import catalogue_volumes
from osteon.cohort.volume_choice import choose_volumes
from osteon.workflow.context import Context
from osteon.workflow.stage import Kept, Outcome, Stage
from osteon.workflow.survival import survival_settings

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    study, settings = context.study, survival_settings(context)
    found = catalogue_volumes(
        study.read("instances"), study.cache, reading=settings.reading, workers=settings.workers
    )
    index = study.read("index_dates")
    dates = {
        str(patient): date.fromisoformat(str(day))
        for patient, day in zip(index["patient_id"], index["index_date"], strict=True)
    }
    volumes = choose_volumes(found.volumes, settings.volumes, dates)
    study.write("volumes", volumes)
    study.write_exclusions("volumes", found.exclusions)
    return Outcome({
        "volumes": len(volumes), "chosen": int(volumes["is_chosen"].sum()),
        "no_volumes": len(found.exclusions),
    })  # fmt: skip


STAGE = Stage(
    "volumes",
    "finding the CT volumes",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        outputs=lambda context: context.study.table_paths("volumes", "exclusions-volumes"),
        inputs=lambda context: context.table_hashes("instances", "index_dates"),
        settings=lambda context: {
            "reading": survival_settings(context).reading.resolved(),
            "volumes": survival_settings(context).volumes.resolved(),
        },
    ),
)
