"""Resumable runs: a CSV to which each cell of a benchmark adds its rows, and the report of them.

A cell is what is measured in one go, say a contender on a split of a data set. A run may be ended
and taken up: a cell that has its rows is not measured again. Rows of another version are dropped
as soon as more is measured. Beside the CSV lie what it was measured on (JSON), the report and the
figure, which can be made anew at any time.
"""

import json
import sys
import warnings
from functools import partial
from typing import NamedTuple

import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

import sksgdprune
from benchmarks._common.reports import bullets

FORM = "%.6g"  # of floats in the CSV
TOLD = "score", "log_loss", "log_likelihood", "seconds", "fit_seconds"  # while it runs


class Cell(NamedTuple):
    """What is measured in one go."""

    key: tuple  # its name: values of the columns that are the key of the results
    arguments: tuple = ()  # of the measuring function


def of_this_version(table):
    """Return which rows are of this version of the package."""
    return table["version"] == sksgdprune.__version__


class Results:
    """Rows of a benchmark in a CSV.

    Parameters
    ----------
    path : Path
        Of the CSV; facts, report and figure have the same name.
    columns : sequence of str
        Of the CSV. "version" and "warnings" (their number) are filled in.
    key : sequence of str
        Columns that name a cell.
    text : sequence of str
        Columns that hold text even where it looks like a number.
    facts : callable
        Returns {what: text}, what was measured on.
    is_current : callable
        Returns which rows of a table with all columns need not be measured anew.
    """

    def __init__(self, path, columns, key, text=(), facts=dict, is_current=of_this_version):
        self.path, self.columns, self.key = path, list(columns), list(key)
        self.text, self.facts, self.is_current = [*text, "version"], facts, is_current

    def read(self):
        """Return all rows."""
        if not self.path.exists():
            return pd.DataFrame(columns=self.columns)
        table = pd.read_csv(self.path, dtype=dict.fromkeys(self.text, str))
        return table.fillna({name: "" for name in self.text if name in table})

    def current(self):
        """Return the rows that are of the present versions."""
        table = self.read().reindex(columns=self.columns)
        return table[self.is_current(table).astype(bool)]

    def run(self, measure, cells, *, warm_up=None, jobs=1, again=False):
        """Measure the cells that have no rows, or all of them again.

        `measure` takes a cell's arguments and returns a row, a dict, or a list of rows. Before it
        `warm_up` gets the same arguments, so that nothing is compiled or imported within.
        """
        table, cells = self.current(), list(cells)
        keys = pd.Series(list(table[self.key].itertuples(index=False, name=None)), table.index)
        done = set() if again else set(keys)
        left = [cell for cell in cells if cell.key not in done]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kept = table[~keys.isin([cell.key for cell in left])]
        kept.to_csv(self.path, index=False, float_format=FORM)
        measured = partial(_measured, measure, warm_up, self.key)
        found = Parallel(jobs, return_as="generator_unordered")(
            delayed(measured)(cell) for cell in left
        )
        try:
            for i, rows in enumerate(found, start=1):
                self._append(rows)
                tell(f"[{i}/{len(left)}] {self._told(rows)}")
        finally:
            if left:
                facts = json.dumps(self.facts(), indent=1, ensure_ascii=False)
                self.path.with_suffix(".json").write_text(f"{facts}\n", encoding="utf-8")

    def _append(self, rows):
        frame = pd.DataFrame(rows, columns=self.columns)
        frame.to_csv(self.path, mode="a", header=False, index=False, float_format=FORM)

    def _told(self, rows):
        shown = [rows[0][name] for name in (*self.key, *TOLD) if name in rows[0]]
        return ", ".join(f"{v:.4g}" if isinstance(v, float) else f"{v}" for v in shown)

    def publish(self, markdown, draw=None):
        """Write report and figure, and return the rows that they are of.

        `markdown` is given the rows, what was measured on, and the figure's name if there is one.
        """
        table, facts = self.read(), self.path.with_suffix(".json")
        about = bullets(json.loads(facts.read_text(encoding="utf-8"))) if facts.exists() else ""
        figure = self.path.with_suffix(".png")
        text = markdown(table, about, *([figure.name] if draw else []))
        self.path.with_suffix(".md").write_text(text, encoding="utf-8")
        if draw:
            draw(table, figure)
        return table


def complete(results, options, measure, cells, markdown, draw=None, summary=None, warm_up=None):
    """Do what the command line asks for, print the summary, and return all rows.

    Where there is no `summary` the report without its circumstances and figure is printed.
    """
    if not options.report:
        jobs = getattr(options, "jobs", 1)
        results.run(measure, cells, warm_up=warm_up, jobs=jobs, again=options.again)
    table = results.publish(markdown, draw)
    print(summary(table) if summary else markdown(table, ""))
    return table


def _measured(measure, warm_up, key, cell):
    """Return the rows of a cell, in one thread."""
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if warm_up is not None:
            warm_up(*cell.arguments)
        caught.clear()
        found = measure(*cell.arguments)
    common = {"version": sksgdprune.__version__, "warnings": len(caught)}
    common |= dict(zip(key, cell.key, strict=True))
    return [common | row for row in (found if isinstance(found, list) else [found])]


def tell(text):
    """Say on the terminal how far it is."""
    print(text, file=sys.stderr, flush=True)
