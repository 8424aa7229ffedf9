"""Alternatives to the defaults: one of them changed at a time, scored by cross-validation.

    python -m benchmarks.defaults.fits [--data FOLDER] [--sets NAME ...] [--splits N] [--jobs N]

Of each data set up to 25,000 rows the training part of the first split of `accuracy/tables.py` is
split again, 75 / 25: the rows on which that compares our fits with their peers' are not seen here.
Writes choices.csv, a row per fit, and choices.md, a line per change: its mean difference from the
defaults over the sets with a 95 % interval, and the set that it helps and hurts most. Goes on where
it was ended.
"""

import sys
from functools import partial

import numpy as np
import pandas as pd

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import extremes, half_width, machine, markdown_table, paragraphs
from benchmarks._common.results import Cell, Results, complete
from benchmarks.defaults.changes import DEFAULTS, with_defaults

FACTORS = 0.25, 0.5, 2, 4
QUICK = "iris", "diabetes"
KEY = "task", "set", "change", "split"
COLUMNS = *KEY, "score", "steps", "version"
# Constructor parameters, and behind "auto" what "auto" stands for; "×" multiplies it.
CHANGES = (
    {DEFAULTS: {}}
    | {f"learning_rate × {x}": {"auto × learning_rate": x} for x in FACTORS}
    | {f"prior precision × {x}": {"auto × prior_precision": x} for x in FACTORS}
    | {f"alpha={alpha}": {"alpha": alpha} for alpha in (0.0, 1e-4, 0.1)}
    | {f"batch_size={S}": {"batch_size": S} for S in (16, 32, 128)}
    | {f"largest H × {x}": {"auto × largest_h": x} for x in (0.1, 0.3, 3, 10)}
    | {f"epochs = {n}": {"auto n_epochs": n} for n in (25, 50, 200)}
    | {f"at least {n} steps": {"auto fewest_steps": n} for n in (3200, 6400, 25_600)}
    | {f'activation="{name}"': {"activation": name} for name in ("tanh", "logistic")}
    | {f'preconditioner="{name}"': {"preconditioner": name} for name in ("sqrt", "scalar")}
    | {
        "average=False": {"average": False},
        'noise_estimator="batch"': {"noise_estimator": "batch"},
        'sampling="shuffle"': {"sampling": "shuffle"},
        "kappa=1": {"kappa": 1.0},
        "kappa=4": {"kappa": 4.0},
        "early_stopping=True": {"early_stopping": True},
        "tol=0 (all steps)": {"tol": 0},
        "a rate that is the same for all budgets": {
            "learning_rate": {"classifier": 0.3, "regressor": 0.035}
        },
        "the defaults until 2026-11": {
            "activation": "tanh",
            "learning_rate": {"classifier": 0.05, "regressor": 0.01},
            "alpha": 0.0,
            "kappa": 1.0,
            "average": False,
            "batch_size": 32,
            "max_steps": 3200,
        },
    }
)


def estimator(classifies, change, seed):
    """Return our estimator with a change of its parameters, or of what "auto" stands for."""
    model = with_defaults(datasets.estimator_class(classifies), change)(random_state=seed)
    for name, value in change.items():
        if isinstance(value, dict):
            value = value["classifier" if classifies else "regressor"]
        if not name.startswith("auto "):
            model.set_params(**{name: value})
    return model


def measure(dataset, name, split, train, validation):
    """Return the row of one fit."""
    model = estimator(dataset.classifies, CHANGES[name], split)
    model.fit(dataset.X[train], dataset.y[train])
    score = model.score(dataset.X[validation], dataset.y[validation])
    return {"score": score, "steps": model.n_iter_}


def cells(sets, n_splits):
    """Yield a cell for each set, split and change."""
    for dataset in sets:
        task = "classification" if dataset.classifies else "regression"
        for split, rows in enumerate(dataset.inner_splits(n_splits)):
            for name in CHANGES:
                yield Cell((task, dataset.name, name, split), (dataset, name, split, *rows))


def summary(table):
    """Return a line per task and change; a difference counts as ±0.5 at most."""
    means = table.fillna({"score": -np.inf}).groupby(["task", "set", "change"]).score.mean()
    means = means.unstack("change").clip(lower=-1e9)
    steps = table.groupby(["task", "change"]).steps.median()
    lines = []
    for task, scores in means.groupby("task"):
        scores = scores.droplevel("task")
        for name in CHANGES:
            difference = (scores[name] - scores[DEFAULTS]).clip(-0.5, 0.5)
            lowest, highest = extremes(difference)
            lines.append(
                {
                    "task": task,
                    "change": name,
                    "mean score": scores[name].clip(lower=-1).mean(),
                    "difference": difference.mean(),
                    "± (95 %)": half_width(difference),
                    "hurts most": lowest,
                    "helps most": highest,
                    "steps": steps[task, name],
                }
            )
    return pd.DataFrame(lines)


def text(value):
    """Return a cell of the Markdown table."""
    return f"{value:.4f}" if isinstance(value, float) and abs(value) < 2 else f"{value}"


def markdown(table, about):
    """Return the report of all that was tried."""
    parts = []
    for task, lines in summary(table).groupby("task"):
        cells = [[text(v) for v in line] for line in lines.drop(columns="task").values.tolist()]
        parts += [f"## {task.capitalize()}", markdown_table(list(lines.columns[1:]), cells)]
    return paragraphs(
        "# Alternatives to the defaults",
        f"Made by `python -m benchmarks.defaults.fits`, {len(table)} fits, "
        f"{table.split.nunique()} inner splits of the training rows of {table.set.nunique()} sets "
        "(accuracy, R²). One default is changed at a time. A difference counts as ±0.5 at most.",
        *parts,
        about,
    )


def main(arguments=None):
    """Measure, write, print."""
    parser = command_line.parser(__doc__, "data", "sets", "splits", "jobs", splits=3)
    options = parser.parse_args(arguments)
    own = datasets.included() + datasets.synthetic()
    sets, n_splits = command_line.inner(parser, options, own, QUICK)
    facts = partial(machine, "numpy", "scikit-learn")
    results = Results(options.out / "choices.csv", COLUMNS, KEY, facts=facts)
    complete(results, options, measure, cells(sets, n_splits), markdown)


if __name__ == "__main__":
    sys.exit(main())
