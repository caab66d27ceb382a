"""Look for what training could see of the test, and stop where there is any."""

from osteon.cohort.persons import persons_of
from osteon.core.manifest import fingerprint
from osteon.pixels.fingerprint import FINGERPRINT_HASH
from osteon.workflow.context import Context
from osteon.workflow.leakage import audit_study, leakage_folder, refuse_leakage
from osteon.workflow.stage import Kept, Outcome, Stage

__all__ = ["STAGE"]


def _run(context: Context) -> Outcome:
    audit = audit_study(context)
    refuse_leakage(context, audit)
    found = {name: count for name, count in audit.counts().items() if count}
    return Outcome({"films_compared": audit.films, **found})


def _inputs(context: Context) -> dict[str, str]:
    return {
        **context.table_hashes("instances", "cases", "splits"),
        "persons": fingerprint(persons_of(context.study.folder)),
        "fingerprints": FINGERPRINT_HASH,
    }


STAGE = Stage(
    "audit_leakage",
    "looking for leakage",
    _run,
    Kept(
        folder=lambda context: context.study.tables,
        outputs=lambda context: [
            *context.study.table_paths("leakage"),
            leakage_folder(context) / "index.html",
        ],
        inputs=_inputs,
        settings=lambda context: context.study.settings.leakage.resolved(),
    ),
)
