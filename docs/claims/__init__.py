"""The figures that README and pages state, and where in benchmarks/results each comes from.

A module for each subject has CLAIMS, {page: [Claim]}: a text of the page in which each `{}` stands
for a number, and a Value for each of these. `docs/check_claims.py` compares them.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

REPOSITORY = Path(__file__).parents[2]
RESULTS = REPOSITORY / "benchmarks" / "results"


class Value(NamedTuple):
    """A number, and the CSV, rows and column that it comes from."""

    source: str
    number: float


class Claim(NamedTuple):
    """A text with `{}` for each number, and the Values that stand there."""

    text: str
    values: list[Value]


@cache
def table(csv):
    """Return a CSV of benchmarks/results as a frame."""
    return pd.read_csv(RESULTS / f"{csv}.csv")


def rows_of(csv, rows):
    """Return those rows of a CSV for which a query of pandas holds; there must be some."""
    found = table(csv).query(rows) if rows else table(csv)
    if found.empty:
        raise ValueError(f"{csv}.csv has no rows with {rows}.")
    return found


def mean(csv, rows, column, each=None):
    """Return the mean of a column: of its means by `each`, where that is given."""
    values = rows_of(csv, rows)
    numbers = (
        values.groupby(each)[column].mean() if each else values[column]
    )
    return Value(f"{csv}.csv: mean {column} where {rows}", numbers.mean())


def cell(csv, rows, column, times=1.0):
    """Return the one number of a column in these rows, multiplied."""
    number = rows_of(csv, rows)[column].item() * times
    return Value(f"{csv}.csv: {column} where {rows}", number)


def ratio(above, below):
    """Return the ratio of two Values."""
    return Value(
        f"{above.source} / {below.source}", above.number / below.number
    )
