"""RJafroc 2.1.2 on dataset 04 (Zanca et al. 2009), four readers, five modalities."""

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv

from osteon.statistics.bootstrap import Resampling
from osteon.statistics.froc import Marks, figure_of_merit_replicates, froc_points
from osteon.statistics.mrmc import analyse_readers
from osteon.statistics.mrmc_covariance import jackknife_covariance

NOT_OURS = {
    "figures_of_merit.HrSe": "share of diseased cases with a mark: sensitivity() does it",
    "figures_of_merit.HrSp": "share of healthy cases without a mark: specificity() does it",
    "wAFROC_OR_RRRC.ANOVA.TRanova": "mean squares, not returned",
    "wAFROC_OR_RRRC.ANOVA.VarCom.Rhos": "ratios of the components",
    "wAFROC_OR_RRRC.ANOVA.Individual*": "parts of the error term, not returned",
    "wAFROC_OR_RRRC.RRRC.FTests.DF": "degrees of freedom, in the method's name",
    "wAFROC_OR_RRRC.RRRC.FTests.MS": "part of F, not returned",
    "wAFROC_OR_RRRC.*.DF": "degrees of freedom, in the method's name",
    "wAFROC_OR_RRRC.*.StdErr": "half the interval, compared as the interval",
    "wAFROC_OR_RRRC.*.Cov2": "part of the error term, not returned",
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


def _readers(values, all_marks):
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
    c, head = found.components, "wAFROC_OR_RRRC"
    parts = (c.reader, c.treatment_reader, c.cov1, c.cov2, c.cov3, c.error)
    values |= listed(f"{head}.ANOVA.VarCom.Estimates", parts)
    for reader, column in zip(READERS, table.T, strict=True):
        values |= listed(f"{head}.FOMs.foms.rdr{reader}", column)
    values |= listed(f"{head}.FOMs.trtMeans.Estimate", [m.value for m in found.means])
    gaps = [test.difference for test in found.differences.values()]
    values |= listed(f"{head}.FOMs.trtMeanDiffs.Estimate", [g.value for g in gaps])
    row = f"{head}.RRRC.ciDiffTrt"
    values |= listed(f"{row}.Estimate", [g.value for g in gaps])
    values |= listed(f"{row}.CILower", [g.low for g in gaps])
    values |= listed(f"{row}.CIUpper", [g.high for g in gaps])
    values |= listed(f"{row}.t", [t.statistic for t in found.differences.values()])
    values |= listed(f"{row}.PrGTt", [t.p_value for t in found.differences.values()])
    row = f"{head}.RRRC.ciAvgRdrEachTrt"
    values |= listed(f"{row}.Estimate", [m.value for m in found.means])
    values |= listed(f"{row}.CILower", [m.low for m in found.means])
    values |= listed(f"{row}.CIUpper", [m.high for m in found.means])
    values[f"{head}.RRRC.FTests.FStat.0"] = found.equality.statistic
    values[f"{head}.RRRC.FTests.p.0"] = found.equality.p_value


def answers(data):
    """Every number of froc_dataset04.json that is ours."""
    values = {}
    all_marks = marks_of(data)
    _readers(values, all_marks)
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
