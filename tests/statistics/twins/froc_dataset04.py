"""RJafroc 2.1.2 on dataset 04 (Zanca et al. 2009), four readers, five modalities."""

import numpy as np
from tests.statistics.twins.shared import numbers, read_csv

from osteon.statistics.froc import Marks, figure_of_merit_replicates, froc_points

NOT_OURS = {
    "figures_of_merit.HrSe": "share of diseased cases with a mark: sensitivity() does it",
    "figures_of_merit.HrSp": "share of healthy cases without a mark: specificity() does it",
    "wAFROC_OR_RRRC": "multi-reader analysis: not yet offered",
}
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


def answers(data):
    """Every number of froc_dataset04.json that is ours."""
    values = {}
    all_marks = marks_of(data)
    for (i, j), marks in all_marks.items():
        for figure in ("wAFROC", "AFROC", "HrAuc", "wAFROC1", "AFROC1", "MaxLLF", "MaxNLF"):
            value = float(figure_of_merit_replicates(marks, figure)[0])
            values[f"figures_of_merit.{figure}.{i}.{j}"] = value
    x, y, cuts = froc_points(all_marks[0, 0], np.ones((1, 200)))
    for k, cut in enumerate(cuts):
        prefix = f"froc_modality1_reader1.{k}"
        values[f"{prefix}.threshold"] = cut
        values[f"{prefix}.LLF"], values[f"{prefix}.NLF_per_image"] = y[0, k], x[0, k]
    return values
