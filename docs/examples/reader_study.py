"""A reader study on simulated data, analysed from end to end with osteon.statistics alone.

``python docs/examples/reader_study.py`` prints docs/reader-study-example.md. The design is that of
Krogue et al. 2020 (Radiol Artif Intell 2:e190023): hips of six classes, ten readers in groups of
two, three conditions. The readings are simulated; only the design is the paper's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon import statistics as st
from osteon.core.rng import generator

CLASSES = (
    "no fracture", "displaced femoral neck", "nondisplaced femoral neck", "intertrochanteric",
    "internal fixation", "arthroplasty",
)  # fmt: skip
SHARES = (0.42, 0.14, 0.12, 0.16, 0.08, 0.08)
EVIDENCE = (-1.8, 2.6, 0.6, 2.3, -2.6, -3.2)  # mean of the evidence for a fracture, by class
HIPS, LEVEL = 280, 0.95
GROUPS = {"experts": range(4), "residents": range(4, 10)}
NOISE = {"experts": 0.6, "residents": 1.1}  # standard deviation of a reader's own evidence
BIAS = {"experts": 0.3, "residents": 0.5}  # standard deviation of a reader's inclination to call
TYPE_RIGHT = {"experts": 0.97, "residents": 0.85}  # share of fractures given their right class
YIELDS = {"experts": 0.35, "residents": 0.6}  # share of disagreements given up for the model
CONDITIONS = ("model-quality images", "full-quality images", "aided")


@dataclass(frozen=True)
class Study:
    """What a study leaves: classes called, and evidence for a fracture.

    ``truth`` (hips,), ``patient`` (hips,), ``model`` (hips,), ``model_score`` (hips,), ``called``
    and ``rating`` (conditions, readers, hips).
    """

    truth: NDArray[np.intp]
    patient: NDArray[np.intp]
    model: NDArray[np.intp]
    model_score: NDArray[np.float64]
    called: NDArray[np.intp]
    rating: NDArray[np.float64]

    @property
    def fracture(self) -> NDArray[np.bool_]:
        """Whether a hip has an acute fracture, (hips,)."""
        return is_fracture(self.truth)


def is_fracture(classes: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Hardware counts as no fracture, as in the paper's binary task."""
    return np.isin(classes, (1, 2, 3))


def name_class(rng, truth, evidence, type_right):
    """Turn evidence for a fracture into one of the six classes."""
    right = rng.random(truth.shape) < type_right
    other = rng.integers(1, 4, truth.shape)
    kind = np.where(is_fracture(truth) & right, truth, other)
    return np.where(evidence > 0, kind, np.where(truth > 3, truth, 0))


def simulate(rng) -> Study:
    """Draw patients with one or two hips, the model's reading and the readers'."""
    patient = np.cumsum(rng.random(HIPS) < 0.54) - 1
    truth = rng.choice(len(CLASSES), HIPS, p=SHARES).astype(np.intp)
    case = np.array(EVIDENCE)[truth] + 1.1 * rng.normal(size=HIPS)
    score = case + 0.6 * rng.normal(size=HIPS)
    model = name_class(rng, truth, score, 0.93).astype(np.intp)
    called = np.empty((len(CONDITIONS), 10, HIPS), dtype=np.intp)
    rating = np.empty(called.shape)
    for group, readers in GROUPS.items():
        for reader in readers:
            own = BIAS[group] * rng.normal() + NOISE[group] * rng.normal(size=HIPS)
            for condition, blur in enumerate((0.9, 0.3)):
                evidence = case + own + blur * rng.normal(size=HIPS)
                called[condition, reader] = name_class(rng, truth, evidence, TYPE_RIGHT[group])
                rating[condition, reader] = np.digitize(evidence, (-2.0, -0.5, 0.5, 2.0))
            differs = called[1, reader] != model
            gives_up = differs & (rng.random(HIPS) < YIELDS[group])
            called[2, reader] = np.where(gives_up, model, called[1, reader])
            theirs = np.digitize(score, (-2.0, -0.5, 0.5, 2.0))
            rating[2, reader] = np.where(gives_up, theirs, rating[1, reader])
    return Study(truth, patient, model, score, called, rating)


def tasks(study: Study, classes):
    """Give the two tasks: fracture or not, and all six classes."""
    yield "binary", study.fracture, is_fracture(study.model), is_fracture(classes)
    yield "multiclass", study.truth, study.model, classes


def options(study: Study, replicates: int, *purpose: str):
    """Draw as the paper does: one hip of each patient, then patients."""
    return {
        "cluster": study.patient, "replicates": replicates, "one_per_cluster": True,
        "rng": generator(2020, "reader study", *purpose),
    }  # fmt: skip


def kappa_rows(study: Study, replicates: int):
    """Kappa of the model and of every group in every condition, both tasks."""
    yield "| who | condition | binary | multiclass |"
    yield "|---|---|---|---|"
    every = [(group, i) for group in GROUPS for i in range(len(CONDITIONS))]
    for group, i in [("model", 0), *every]:
        cells = []
        classes = study.called[i, list(GROUPS.get(group, [0]))]
        for task, truth, model, readers in tasks(study, classes):
            raters = model if group == "model" else readers
            how = options(study, replicates, "kappa", group, task, str(i))
            cells.append(st.group_kappa(truth, raters, **how).formatted(3))
        told = "alone" if group == "model" else CONDITIONS[i]
        yield f"| {group} | {told} | {cells[0]} | {cells[1]} |"


def margin(study: Study):
    """Mean absolute difference of kappa within the five pairs of like-trained readers."""
    gaps = []
    for called in study.called:
        for first, second in [(r, r + 1) for r in range(0, 10, 2)]:
            for _, truth, _, readers in tasks(study, called):
                one, other = (st.cohen_kappa(truth, readers[k]).value for k in (first, second))
                gaps.append(one - other)
    return st.krogue_margin(gaps)


def difference_rows(study: Study, replicates: int, width: float):
    """Model minus group, and what that shows against the margin."""
    yield "| model minus | condition | task | difference of kappa | conclusion |"
    yield "|---|---|---|---|---|"
    for group, readers in GROUPS.items():
        for i, condition in enumerate(CONDITIONS):
            for task, truth, model, called in tasks(study, study.called[i, list(readers)]):
                how = options(study, replicates, "difference", group, task, condition)
                gap = st.kappa_difference(truth, model, called, **how)
                told = st.conclude(gap, width).replace("_", "-")
                if task == "binary" and told == "superior":
                    told = binary_rule(study, gap, called, replicates)
                yield f"| {group} | {condition} | {task} | {gap.formatted(3)} | {told} |"


def binary_rule(study: Study, gap, called, replicates: int) -> str:
    """Binary superiority needs the group's point below the ROC band as well."""
    band = st.roc_band(study.fracture, study.model_score, **options(study, replicates, "band"))
    point = (float(called[:, ~study.fracture].mean()), float(called[:, study.fracture].mean()))
    found = st.superior_to_reader(gap, point, band.x, band.low)
    return "superior" if found.method.startswith("shown") else "kappa superior, point in the band"


def aid_rows(study: Study, replicates: int):
    """Aided minus unaided reading of full-quality images, by group."""
    yield "| group | task | aided minus unaided |"
    yield "|---|---|---|"
    for group, readers in GROUPS.items():
        chosen = study.called[:, list(readers)]
        pairs = zip(tasks(study, chosen[2]), tasks(study, chosen[1]), strict=True)
        for (task, truth, _, aided), (_, _, _, unaided) in pairs:
            how = options(study, replicates, "aid", group, task)
            gap = st.kappa_difference(truth, aided, unaided, **how)
            yield f"| {group} | {task} | {gap.formatted(3)} |"


def analyses(study: Study):
    """Multi-reader multi-case analyses of aided against unaided ratings."""
    treatments = study.rating[[2, 1]]
    calls = is_fracture(study.called[[2, 1]]).astype(float)
    yield (
        "area, Obuchowski-Rockette",
        st.obuchowski_rockette(study.fracture, treatments, cluster=study.patient),
    )
    yield "area, moments of Gallas", st.u_statistic_analysis(study.fracture, treatments)
    for figure in ("sensitivity", "specificity"):
        yield (
            f"{figure}, Obuchowski-Rockette",
            st.obuchowski_rockette(study.fracture, calls, figure=figure, cluster=study.patient),
        )


def analysis_rows(study: Study):
    """One row for each analysis."""
    yield "| figure | aided | unaided | difference | p |"
    yield "|---|---|---|---|---|"
    for name, found in analyses(study):
        test = found.differences[0, 1]
        cells = [mean.formatted(3) for mean in found.means] + [test.difference.formatted(3)]
        p_value = "< 0.001" if test.p_value < 0.001 else f"{test.p_value:.3f}"
        yield f"| {name} | {' | '.join(cells)} | {p_value} |"


def standalone_rows(study: Study):
    """Set the model alone against the readers of full-quality images."""
    yield "| readers | area of the model minus the readers' mean | p, non-inferior within 0.05 |"
    yield "|---|---|---|"
    for group, readers in (*GROUPS.items(), ("all", range(10))):
        found = st.standalone_against_readers(
            study.fracture, study.model_score, study.rating[1, list(readers)],
            margin=0.05, cluster=study.patient,
        )  # fmt: skip
        p_value = "< 0.001" if found.p_value < 0.001 else f"{found.p_value:.3f}"
        yield f"| {group} | {found.difference.formatted(3)} | {p_value} |"


def plan_rows(study: Study):
    """Cases the next study needs, by number of readers."""
    found = st.obuchowski_rockette(study.fracture, study.rating[[2, 1]])
    plan = st.reader_study_plan(0.015, found.components, pilot_cases=HIPS, readers=(4, 6, 10, 15))
    yield "| readers | hips for a power of 0.8 |"
    yield "|---|---|"
    for readers, size in plan.items():
        yield f"| {readers} | {'no number is enough' if size is None else size.n} |"


def page(replicates: int = 2000) -> str:
    """Write the page."""
    study = simulate(generator(2020, "reader study", "data"))
    width = margin(study)
    counts = np.bincount(study.truth, minlength=len(CLASSES))
    patients = np.unique(study.patient).size
    named = ", ".join(f"{n} {name}" for n, name in zip(counts, CLASSES, strict=True))
    parts = [
        "# A reader study from end to end, on simulated data", "",
        "Every reading on this page is **simulated**: it shows which function answers which "
        "question, and nothing about readers or models.", "",
        f"Design of Krogue et al. 2020: {HIPS} hips of {patients} patients ({named}); ten readers, "
        "four experts and six residents in pairs of like training; three conditions. "
        f"`python docs/examples/reader_study.py` makes this page; {replicates} bootstraps, each "
        "with one hip of each patient (`one_per_cluster`).", "",
        "## How well does everybody agree with the reference standard?", "",
        "`group_kappa`: mean kappa of the group, 95 % interval.", "",
        *kappa_rows(study, replicates), "",
        "## Which margin?", "",
        f"`krogue_margin`: {width.value:.3f}, the mean absolute difference of kappa within "
        f"{width.n} pairs (5 pairs, 3 conditions, 2 tasks). Its warning: {width.reason}.", "",
        "## Is the model superior, or at least not inferior?", "",
        "`kappa_difference`, then `conclude` against the margin; for the binary task superiority "
        "also needs the group's point below the ROC band (`superior_to_reader`).", "",
        *difference_rows(study, replicates, width.value), "",
        "## What does the aid do?", "",
        "`kappa_difference` of the same readers, paired.", "",
        *aid_rows(study, replicates), "",
        "For a population of readers and cases, on five-point ratings and on calls "
        "(`obuchowski_rockette` with patients as clusters, `u_statistic_analysis` with hips taken "
        "as independent):", "",
        *analysis_rows(study), "",
        "## The model alone against the readers", "",
        "`standalone_against_readers`, random readers and cases.", "",
        *standalone_rows(study), "",
        "## How large must the next study be?", "",
        "`reader_study_plan` for a difference in area of 0.015, from this study's components.", "",
        *plan_rows(study), "",
    ]  # fmt: skip
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
