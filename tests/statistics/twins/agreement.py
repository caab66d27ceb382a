"""irr, psych, vcd, irrCAC and epiR of R 4.2.2, and published tables."""

import numpy as np
from tests.statistics.twins.shared import listed, numbers, read_csv, rounded

from osteon.statistics.agreement import cohen_kappa
from osteon.statistics.agreement_many import (
    agreement_parts,
    brennan_prediger,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
)
from osteon.statistics.agreement_tests import (
    fleiss_kappa_by_category,
    fleiss_kappa_test,
    icc_test,
    kappa_test,
)
from osteon.statistics.measurement import bland_altman, intraclass_correlation, lin_concordance
from osteon.statistics.proportion import proportion

Z = 1.959963984540054
WRONG = (
    "contradicts its own source: by Gwet's formula the file on record gives AC1 0.77544, which the "
    "irrCAC manual prints (and AC2 0.914), and Krippendorff 2011 prints 0.743 for the same table "
    "(entry krippendorff_alpha_example, which agrees); the entry's observed agreement 0.7879 is "
    "not that of the file (9/11 = 0.8182), and no change of one or two ratings makes it so"
)
NOT_OURS = {
    "gwet_4raters_with_missing": WRONG,
    "*.subjects": "input",
    "*.raters": "input",
    "fleiss_conger_exact_diagnoses": "Conger's kappa: not offered",
    "light_diagnoses": "Light's kappa: not offered",
    "*.p.value": "test of the coefficient = 0 from its own interval: not offered",
    "icc_anxiety_irr.twoway_agreement_*.df2": "irr tests with the interval's freedom, ours exactly",
    "icc_anxiety_irr.twoway_agreement_*.p": "irr tests with the interval's freedom, ours exactly",
    "icc_anxiety_irr.twoway_agreement_average.ci95": (
        "irr's own approximation; ours steps the single rater's limits up, as psych does"
    ),
    "kendall_w_*": "Kendall's W: not offered",
}
KINDS = {"fleis": "fleiss", "brennan": "brennan_prediger"}
FORMS = ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k")


def _square(path):
    return np.column_stack([numbers(column) for column in read_csv(path).values()])


def _kappas(values, data):
    table = read_csv(data / "irr_diagnoses.csv")
    kappa = cohen_kappa(table["rater2"], table["rater3"], method="large-sample")
    values["cohen_unweighted_diagnoses_r2_r3.value"] = kappa.value
    prefix = "cohen_unweighted_diagnoses_r2_r3.psych"
    values |= listed(f"{prefix}_ci95", (kappa.low, kappa.value, kappa.high))
    values[f"{prefix}_var"] = ((kappa.high - kappa.low) / 2 / Z) ** 2
    test = kappa_test(table["rater2"], table["rater3"])
    prefix = "cohen_unweighted_diagnoses_r2_r3"
    values |= {f"{prefix}.statistic": test.statistic, f"{prefix}.p": test.p_value}
    anxiety = _square(data / "irr_anxiety.csv").astype(int)
    for kind in ("unweighted", "linear", "quadratic"):
        kappa = cohen_kappa(
            anxiety[:, 0],
            anxiety[:, 1],
            weighting=kind,
            categories=[1, 2, 3, 4, 5, 6],
            method="large-sample",
        )
        se = (kappa.high - kappa.low) / 2 / Z
        test = kappa_test(
            anxiety[:, 0], anxiety[:, 1], weighting=kind, categories=[1, 2, 3, 4, 5, 6]
        )
        prefix = f"cohen_anxiety_r1_r2.{kind}"
        values |= {f"{prefix}.statistic": test.statistic, f"{prefix}.p": test.p_value}
        values[f"cohen_anxiety_r1_r2.{kind}.value"] = kappa.value
        if kind == "unweighted":
            values["cohen_anxiety_r1_r2.vcd_unweighted_ASE"] = se
        else:
            values |= listed(f"cohen_anxiety_r1_r2.vcd_{kind}", (kappa.value, se))


def _many(values, data):
    ratings = np.column_stack(list(read_csv(data / "irr_diagnoses.csv").values()))
    values["fleiss_diagnoses.value"] = fleiss_kappa(ratings).value
    test = fleiss_kappa_test(ratings)
    values |= {"fleiss_diagnoses.statistic": test.statistic, "fleiss_diagnoses.p": test.p_value}
    by_category = [one.test for one in fleiss_kappa_by_category(ratings)]
    parts = [test.difference.value for test in by_category]
    parts += [test.statistic for test in by_category] + [test.p_value for test in by_category]
    names = {f"fleiss_diagnoses.by_category.{i}.Freq": part for i, part in enumerate(parts)}
    values |= rounded(names, 3)
    alike = (ratings == ratings[:, :1]).all(axis=1)
    values["agree_diagnoses_percent"] = 100 * proportion(alike).value
    for name, function in {
        "gwet_ac1_diagnoses": gwet_ac,
        "fleiss_diagnoses_irrCAC_unconditional_se": fleiss_kappa,
        "brennan_prediger_diagnoses": brennan_prediger,
        "krippendorff_diagnoses_irrCAC": krippendorff_alpha,
    }.items():
        found = function(ratings, method="linearised")
        se = (found.high - found.low) / 2 / 2.0452296421327034  # Student, 29 degrees of freedom
        values |= rounded({f"{name}.coeff.val": found.value, f"{name}.coeff.se": se}, 5)
        kind = name.split("_")[0].removesuffix("s")
        observed, expected = agreement_parts(ratings, coefficient=KINDS.get(kind, kind))
        values |= {f"{name}.pa": observed, f"{name}.pe": expected}
    four = _square(data / "krippendorff_example.csv")
    for metric in ("nominal", "ordinal", "interval", "ratio"):
        name = f"krippendorff_alpha_example.{metric}"
        values[name] = krippendorff_alpha(four, metric=metric).value


def _measurements(values, data):
    anxiety = _square(data / "irr_anxiety.csv")
    for theirs, form in zip(
        ("oneway_consistency", "twoway_agreement", "twoway_consistency"), "123", strict=True
    ):
        for size, k in (("single", "1"), ("average", "k")):
            icc = intraclass_correlation(anxiety, form=f"{form},{k}")
            prefix = f"icc_anxiety_irr.{theirs}_{size}"
            values[f"{prefix}.icc"] = icc.value
            values |= _f_test(prefix, icc_test(anxiety, form=f"{form},{k}"), form)
            if (form, k) != ("2", "k"):
                values |= listed(f"{prefix}.ci95", (icc.low, icc.high))
    judges = _square(data / "shrout_fleiss_1979.csv")
    names = ("raters_absolute", "random_raters", "fixed_raters")
    for form in FORMS:
        icc = intraclass_correlation(judges, form=form)
        size = "Single" if form[2] == "1" else "Average"
        prefix = f"icc_shrout_fleiss_1979.psych.{size}_{names[int(form[0]) - 1]}"
        values[f"{prefix}.ICC"] = icc.value
        values |= _f_test(prefix, icc_test(judges, form=form), "3")
        values[f"{prefix}.lower bound"] = icc.low
        values[f"{prefix}.upper bound"] = icc.high
    meters = read_csv(data / "bland_altman_1986_pefr.csv")
    wright, mini = numbers(meters["wright"]), numbers(meters["mini"])
    found, t16 = bland_altman(wright, mini, method="approximate"), 2.1199052992210112
    prefix = "bland_altman_pefr"
    values[f"{prefix}.mean_diff"], values[f"{prefix}.sd_diff"] = found.bias.value, found.sd
    values |= listed(f"{prefix}.limits_1.96", (found.lower.value, found.upper.value))
    values |= listed(f"{prefix}.ci_mean_t", (found.bias.low, found.bias.high))
    values[f"{prefix}.se_mean"] = (found.bias.high - found.bias.low) / 2 / t16
    limit_se = (found.lower.high - found.lower.low) / 2 / t16
    values[f"{prefix}.se_limits_sqrt3_over_n"] = limit_se
    ccc = lin_concordance(wright, mini)
    for theirs, value in (("est", ccc.value), ("lower", ccc.low), ("upper", ccc.high)):
        values[f"lin_ccc_pefr.ccc.{theirs}"] = value


def _f_test(prefix, test, form):
    """F, its freedom and p; irr's agreement forms take another freedom."""
    first, second = test.method.removesuffix(" df").split(" with ")[1].split(" and ")
    values = {f"{prefix}.F": test.statistic, f"{prefix}.df1": int(first)}
    if form != "2":
        values |= {f"{prefix}.df2": int(second), f"{prefix}.p": test.p_value}
    return values


def answers(data):
    """Every number of agreement.json that is ours."""
    values = {}
    _kappas(values, data)
    _many(values, data)
    _measurements(values, data)
    return values
