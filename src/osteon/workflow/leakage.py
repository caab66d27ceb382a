"""The audit of a study: what it is made of, and the tables and the page it leaves."""

from pathlib import Path

from osteon.cohort.leakage.audit import Audit, AuditInput, audit_leakage
from osteon.cohort.leakage.pixels import films_of
from osteon.cohort.persons import persons_of
from osteon.core.files import write_json
from osteon.core.schemas import IDENTITIES
from osteon.errors import StudyError
from osteon.pixels.fingerprint_store import gather_fingerprints
from osteon.reports.leakage_page import leakage_page
from osteon.reports.pages import write_page
from osteon.workflow.context import Context
from osteon.workflow.films import pixel_cache

__all__ = ["audit_study", "leakage_folder", "refuse_leakage"]


def leakage_folder(context: Context) -> Path:
    """Where the audit's page goes."""
    return context.study.folder / "reports" / "leakage"


def audit_study(context: Context) -> Audit:
    """Audit a study that is split and whose films are prepared; write the tables and the page."""
    study, cache = context.study, pixel_cache(context)
    cases = context.prepared_cases()
    hashes = films_of(cases)["content_hash"].astype(str).to_list()
    has_identities = study.table_path("identities").exists()
    data = AuditInput(
        cases,
        study.read("instances"),
        study.read("splits"),
        gather_fingerprints(cache, hashes, study.settings.workers),
        persons_of(study.folder),
        study.read("identities") if has_identities else IDENTITIES.empty(),
    )
    settings = context.study.settings.leakage
    audit = audit_leakage(data, settings, context.recipe.labels, study.settings.seed)
    study.write("leakage", audit.table())
    study.write("acquisition", audit.acquisition)
    folder = leakage_folder(context)
    write_json(folder / "leakage.json", audit.as_json())
    write_page(leakage_page(audit, is_synthetic=context.is_synthetic()), folder, "index")
    return audit


def refuse_leakage(context: Context, audit: Audit) -> None:
    """Stop where leakage was found that nobody accepted.

    Raises
    ------
    StudyError
        With the number of findings, the first of them, and how to accept them.
    """
    if not audit.refusing:
        return
    first = audit.refusing[0]
    checks = sorted({item.check for item in audit.refusing})
    raise StudyError(
        f"{len(audit.refusing)} findings of leakage ({', '.join(checks)}); first: {first.detail}",
        remedy=f"see {leakage_folder(context) / 'index.html'}; mend the split or the ids, or write "
        f"a reason into study.yaml: leakage: {{accept: {{{checks[0]}: why}}}}",
    )
