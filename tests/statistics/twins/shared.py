"""What the twins share: reading data, naming numbers."""

import csv

import numpy as np


def read_csv(path):
    """Columns of a CSV file by name, as lists of text."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def numbers(column):
    """Text to float64; empty and NA become NaN."""
    return np.array([float(v) if v not in ("", "NA") else np.nan for v in column])


def listed(prefix, values):
    """Name the members of a list as judge.py does."""
    return {f"{prefix}.{i}": value for i, value in enumerate(values)}


def with_tolerance(answers, rtol):
    """Give numbers a relative tolerance of their own."""
    return {name: (value, rtol) for name, value in answers.items()}


def rounded(answers, digits):
    """Compare with numbers printed to so many decimals."""
    return {name: (value, 0.0, 0.5 * 10**-digits * 1.0001) for name, value in answers.items()}
