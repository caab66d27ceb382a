"""Multiple imputation by chained equations, proper in Rubin's sense: parameters are drawn too.

Numbers by Bayesian linear regression, yes and no by Bayesian logistic regression, each on all other
variables and on helpers that are complete (for a survival model: the event and the Nelson-Aalen
cumulative hazard). The conditional models of the last round can be kept and used for new rows.
Sources: Rubin 1987; van Buuren and Groothuis-Oudshoorn 2011 (J Stat Softw 45(3), mice: ``norm``
and ``logreg``); White and Royston 2009 (Stat Med 28:1982, event and cumulative hazard); Hoogland
et al. 2020 (Stat Med 39:3591, new patients without their outcome).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from osteon.errors import DataError
from osteon.statistics.checks import Bools, Floats, number_table

__all__ = ["ChainedModel", "Imputations", "VariableKind", "impute_chained"]

VariableKind = Literal["number", "binary"]

_RIDGE = 1e-5  # of the cross products' diagonal, as in mice
_PRIOR_SD = 10.0  # of logistic coefficients of standardised variables: keeps separation finite


@dataclass(frozen=True, slots=True, eq=False)
class ChainedModel:
    """One draw of the conditional models of all variables.

    Parameters
    ----------
    kinds
        Of the p variables.
    centre, scale
        Mean and standard deviation of the variables where they are seen, shapes (p,).
    coefficients
        Shape (p, p): row j are the intercept (at j) and the slopes of variable j's model on the
        standardised others.
    residual_sd
        Of the standardised numbers, shape (p,); 0 for yes and no.
    """

    kinds: tuple[VariableKind, ...]
    centre: Floats
    scale: Floats
    coefficients: Floats
    residual_sd: Floats

    def complete(self, row: Floats, rounds: int, rng: np.random.Generator) -> Floats:
        """Draw the missing values of a row of shape (p,), all others given.

        Starts from the centres and goes round ``rounds`` times; the row alone and the generator
        decide, so one patient is imputed alike alone and among others.
        """
        gone = np.flatnonzero(np.isnan(row))
        z = np.where(np.isnan(row), 0.0, (row - self.centre) / self.scale)
        for _ in range(rounds if gone.size else 0):
            for j in gone:
                weights = self.coefficients[j]
                value = weights[j] + z @ weights - z[j] * weights[j]
                if self.kinds[j] == "number":
                    z[j] = value + self.residual_sd[j] * rng.standard_normal()
                else:
                    one = float(rng.random() < special.expit(value))
                    z[j] = (one - self.centre[j]) / self.scale[j]
        filled: Floats = np.where(np.isnan(row), z * self.scale + self.centre, row)
        return filled


@dataclass(frozen=True, slots=True, eq=False)
class Imputations:
    """Completed tables (m, n, p), and for each the models its last round drew.

    ``models`` are there only where there were no helpers: with them they ask for the outcome.
    """

    completed: Floats
    models: tuple[ChainedModel, ...]


def impute_chained(
    table: ArrayLike,
    kinds: Sequence[VariableKind],
    *,
    helpers: ArrayLike | None = None,
    imputations: int = 20,
    rounds: int = 10,
    rng: np.random.Generator,
) -> Imputations:
    """Impute a table several times.

    Parameters
    ----------
    table
        Shape (n, p), NaN where missing; binaries are 0 and 1. Missing at random given the rest.
    kinds
        ``number`` or ``binary`` for each variable.
    helpers
        Complete further columns (n, q) that every model uses.
    imputations
        How many, at least 2.
    rounds
        How often each chain goes through the variables, the fewest missing first.
    rng
        Draws.

    Raises
    ------
    DataError
        If a variable is never seen or never differs, a binary is neither 0 nor 1, or helpers are
        incomplete.

    Examples
    --------
    >>> table = [[1.0, 0.0], [2.0, 1.0], [3.0, 1.0], [4.0, np.nan], [5.0, 0.0]]
    >>> found = impute_chained(
    ...     table, ["number", "binary"], imputations=3, rng=np.random.default_rng(0)
    ... )
    >>> found.completed.shape
    (3, 5, 2)
    """
    x = number_table("table", table, "(n, p)", missing=True)
    _check(x, kinds, imputations, rounds)
    further = np.zeros((len(x), 0))
    if helpers is not None:
        further = _standardised(number_table("helpers", helpers, "(n, q)"))
    if len(further) != len(x):
        raise DataError(f"got {len(further)} rows of helpers for {len(x)} rows")
    gone = np.isnan(x)
    centre, scale = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    z = (x - centre) / scale
    completed, models = [], []
    for _ in range(imputations):
        chain, model = _chain(z, gone, further, tuple(kinds), (centre, scale), rounds, rng)
        completed.append(np.where(gone, chain * scale + centre, x))
        models.append(model)
    return Imputations(np.stack(completed), tuple(models) if helpers is None else ())


def _check(x: Floats, kinds: Sequence[VariableKind], imputations: int, rounds: int) -> None:
    if len(kinds) != x.shape[1]:
        raise DataError(f"got {len(kinds)} kinds for {x.shape[1]} variables")
    if imputations < 2 or rounds < 1:
        raise DataError(
            f"got {imputations} imputations and {rounds} rounds, wanted at least 2 and 1"
        )
    for j, kind in enumerate(kinds):
        seen = x[~np.isnan(x[:, j]), j]
        if seen.size == 0 or np.ptp(seen) == 0:
            raise DataError(f"variable {j} is never seen, or never differs", remedy="leave it out")
        if kind == "binary" and not np.isin(seen, (0.0, 1.0)).all():
            raise DataError(f"variable {j} is binary, wanted 0 and 1")


def _standardised(columns: Floats) -> Floats:
    spread = columns.std(axis=0)
    result: Floats = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return result


def _chain(
    z: Floats,
    gone: Bools,
    helpers: Floats,
    kinds: tuple[VariableKind, ...],
    units: tuple[Floats, Floats],
    rounds: int,
    rng: np.random.Generator,
) -> tuple[Floats, ChainedModel]:
    """Run one chain on standardised variables; its last round's draws are the model."""
    centre, scale = units
    p = z.shape[1]
    current = z.copy()
    for j in range(p):  # start: draws from what is seen
        current[gone[:, j], j] = rng.choice(z[~gone[:, j], j], int(gone[:, j].sum()))
    coefficients, spread = np.zeros((p, p)), np.zeros(p)
    for last in (False,) * (rounds - 1) + (True,):
        for j in np.argsort(gone.sum(axis=0), kind="stable"):
            if not (gone[:, j].any() or last):
                continue
            others = np.delete(np.arange(p), j)
            design = np.c_[np.ones(len(z)), current[:, others], helpers]
            seen = ~gone[:, j]
            if kinds[j] == "number":
                beta, sigma = _draw_linear(design[seen], z[seen, j], rng)
                drawn = design @ beta + sigma * rng.standard_normal(len(z))
            else:
                ones = (z[seen, j] * scale[j] + centre[j] > 0.5).astype(np.float64)
                beta, sigma = _draw_logistic(design[seen], ones, rng), 0.0
                drawn = (rng.random(len(z)) < special.expit(design @ beta)) - centre[j]
                drawn = drawn / scale[j]
            current[gone[:, j], j] = drawn[gone[:, j]]
            coefficients[j, j], coefficients[j, others] = beta[0], beta[1:p]
            spread[j] = sigma
    return current, ChainedModel(kinds, centre, scale, coefficients, spread)


def _draw_linear(x: Floats, y: Floats, rng: np.random.Generator) -> tuple[Floats, float]:
    """Draw coefficients and residual deviation of a linear regression (Rubin 1987, p. 167)."""
    products = x.T @ x
    inverse = np.linalg.inv(products + np.diag(_RIDGE * np.diag(products)))
    beta = inverse @ (x.T @ y)
    residual = y - x @ beta
    df = max(len(x) - x.shape[1], 1)
    sigma = float(np.sqrt(residual @ residual / rng.chisquare(df)))
    root = np.linalg.cholesky((inverse + inverse.T) / 2)
    return np.asarray(beta + sigma * root @ rng.standard_normal(len(beta))), sigma


def _draw_logistic(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Draw coefficients of a logistic regression from their normal approximation."""
    prior = np.full(x.shape[1], 1 / _PRIOR_SD**2)
    beta = np.zeros(x.shape[1])
    information = np.diag(prior)
    for _ in range(50):
        chance = special.expit(x @ beta)
        information = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(prior)
        step = np.linalg.solve(information, x.T @ (y - chance) - prior * beta)
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    root = np.linalg.cholesky(np.linalg.inv(information))
    return np.asarray(beta + root @ rng.standard_normal(len(beta)))
