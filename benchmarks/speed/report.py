"""Tables of the comparison of speed."""

import math

import pandas as pd

from benchmarks._common.reports import markdown_table, paragraphs
from benchmarks._common.timing import NOT_AVAILABLE, Row

TEXT_COLUMNS = "figure", "network", "dtype", "contender", "unit", "against", "target", "met"
STEP, PREDICT = ["step"], ["predict 4,096", "predict 1"]
TARGET_HEADER = ["figure", "network", "ratio or value", "target", "measured", "met"]
OTHER_HEADER = ["figure", "network", "what", "measured"]


def frame(rows):
    """Return the rows as a DataFrame, the CSV's columns."""
    return pd.DataFrame([row._asdict() | {"met": row.met} for row in rows])


def rows_of(table):
    """Return the CSV's rows."""
    return [Row(*values) for values in table[list(Row._fields)].itertuples(index=False, name=None)]


def target_rows(rows):
    """Return the cells of the table of targets: one list per row that has one."""
    return [
        [
            row.figure,
            " ".join(filter(None, (row.network, row.dtype))),
            f"{row.contender} / {row.against}" if row.against else row.contender,
            row.target if row.against else f"{row.target} {row.unit}",
            NOT_AVAILABLE if row.met == NOT_AVAILABLE else row.measured,
            "" if row.met == NOT_AVAILABLE else row.met,
        ]
        for row in rows
        if row.target
    ]


def other_rows(rows):
    """Return the cells of the table of values that have no target and are not in microseconds."""
    return [
        [row.figure, row.network, row.contender, row.measured]
        for row in rows
        if not (row.target or row.against or row.unit == "µs" or math.isnan(row.value))
    ]


def microsecond_rows(rows, figures):
    """Return header and cells of a table of medians: a line per contender, a column per case."""
    keys = ["figure", "network", "dtype", "contender"]
    times = frame(rows).dropna(subset="value").drop_duplicates(keys)
    times = times[times["figure"].isin(figures)]
    times["case"] = times["figure"] + ", " + times["network"] + ", " + times["dtype"]
    cases, contenders = times["case"].unique(), times["contender"].unique()
    values = times.set_index(["contender", "case"])["value"]
    cells = [
        [name, *(f"{values[name, c]:,.4g}" if (name, c) in values.index else "" for c in cases)]
        for name in contenders
    ]
    return ["median µs", *cases], cells


def summary(rows):
    """Return the tables in Markdown."""
    return "\n\n".join(
        [
            markdown_table(TARGET_HEADER, target_rows(rows)),
            "Beside these:",
            markdown_table(OTHER_HEADER, other_rows(rows)),
            "A training step:",
            markdown_table(*microsecond_rows(rows, STEP)),
            "One call of predict_proba, on 4,096 rows and on 1 row:",
            markdown_table(*microsecond_rows(rows, PREDICT)),
        ]
    )


def markdown(table, about, figure, method):
    """Return the report; `method` says how was measured."""
    return paragraphs(
        f"# Speed\n\nMade by `python -m benchmarks.speed.comparison`.\n{method}",
        about,
        summary(rows_of(table)),
        f"![ratios]({figure})",
    )
