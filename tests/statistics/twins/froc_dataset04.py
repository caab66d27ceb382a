"""RJafroc 2.1.2 on dataset 04 (Zanca et al. 2009), four readers, five modalities."""

import numpy as np
from tests.statistics.twins.rjafroc import anova, common, equality, intervals
from tests.statistics.twins.shared import numbers, read_csv

from osteon.statistics.bootstrap import Resampling
from osteon.statistics.froc import FIGURES, figure_of_merit_replicates
from osteon.statistics.froc_curves import froc_points
from osteon.statistics.marks import Marks
from osteon.statistics.mrmc import analyse_readers
from osteon.statistics.mrmc_covariance import jackknife_covariance

NOT_OURS: dict[str, str] = {}
READERS = (1, 3, 4, 5)


def marks_of(data):
    """Marks by (modality, reader) number."""
    cases = read_csv(data / "froc_dataset04_cases.csv")
    table = read_csv(data / "froc_dataset04_marks.csv")
    n_lesions = numbers(cases["n_lesions"]).astype(int)
    columns = {name: numbers(table[name]) for name in ("modality", "reader", "case", "rating")}
    lesion = np.array([int(v) - 1 if v not in ("", "NA") else -1 for v in table["lesion"]])
    readers = np.unique(columns["reader"])
    result = {}
    for i, modality in enumerate(np.unique(columns["modality"])):
        for j, reader in enumerate(readers):
            rows = (columns["modality"] == modality) & (columns["reader"] == reader)
            result[i, j] = Marks.of(
                n_lesions, columns["case"][rows] - 1, columns["rating"][rows], lesion[rows]
            )
    return result


def _readers(all_marks):
    """Obuchowski-Rockette analysis of wAFROC with the jackknife over cases."""
    out = Resampling(np.arange(200))
    parts = [
        np.stack(
            [figure_of_merit_replicates(m, "wAFROC", weights=w) for m in all_marks.values()], axis=1
        )
        for w in out.reweighted(0.0)
    ]
    table = np.array([figure_of_merit_replicates(m, "wAFROC")[0] for m in all_marks.values()])
    table = table.reshape(5, 4)
    found = analyse_readers(table, jackknife_covariance(np.concatenate(parts)))
    values = common(found, READERS) | anova(found)
    values |= intervals("RRRC", found) | equality("RRRC", found)
    return {f"wAFROC_OR_RRRC.{name}": value for name, value in values.items()}


def answers(data):
    """Every number of froc_dataset04.json that is ours."""
    values = {}
    all_marks = marks_of(data)
    values |= _readers(all_marks)
    for (i, j), marks in all_marks.items():
        for figure in FIGURES:
            value = float(figure_of_merit_replicates(marks, figure)[0])
            values[f"figures_of_merit.{figure}.{i}.{j}"] = value
    x, y, cuts = froc_points(all_marks[0, 0], np.ones((1, 200)))
    for k, cut in enumerate(cuts):
        prefix = f"froc_modality1_reader1.{k}"
        values[f"{prefix}.threshold"] = cut
        values[f"{prefix}.LLF"], values[f"{prefix}.NLF_per_image"] = y[0, k], x[0, k]
    return values
