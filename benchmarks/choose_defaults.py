"""What else the defaults could be: one of them changed at a time, scored by cross-validation.

    python benchmarks/choose_defaults.py [--data FOLDER] [--splits N] [--jobs N] [--out DIR]

Of each data set up to 25,000 rows the training part of the first split of `untuned.py` is split
again, 75 / 25: the rows on which untuned.py compares our fits with their peers' are not seen here.
Writes choices.csv, a row per fit, and choices.md, a line per change: its mean difference from the
defaults over the sets with a 95 % interval, and the set that it helps and hurts most.
"""

import argparse
import sys
import warnings
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from reports import half_width, machine, markdown_table
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from threadpoolctl import threadpool_limits

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

RESULTS = Path(__file__).parent / "results"
MOST_ROWS = 25_000
DEFAULTS = "defaults"
FACTORS = 0.25, 0.5, 2, 4
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


def with_defaults(kind, change):
    """Return a class of estimators for which "auto" stands for something else."""
    auto = kind._auto_defaults
    for name, value in change.items():
        if name.startswith("auto × "):
            field = name.removeprefix("auto × ")
            auto = auto._replace(**{field: value * getattr(auto, field)})
        elif name.startswith("auto "):
            auto = auto._replace(**{name.removeprefix("auto "): value})
    return type(kind.__name__, (kind,), {"_auto_defaults": auto})


def estimator(classifies, change, seed):
    """Return our estimator with a change of its parameters, or of what "auto" stands for."""
    kind = PreconditionedMLPClassifier if classifies else PreconditionedMLPRegressor
    model = with_defaults(kind, change)(random_state=seed)
    for name, value in change.items():
        if isinstance(value, dict):
            value = value["classifier" if classifies else "regressor"]
        if not name.startswith("auto "):
            model.set_params(**{name: value})
    return model


def inner_splits(dataset, n):
    """Return (train, validation) rows within the first split's training rows."""
    ((rows, _),) = dataset.splits(1)
    kind = StratifiedShuffleSplit if dataset.classifies else ShuffleSplit
    splits = kind(n, test_size=0.25, random_state=1).split(rows, dataset.y[rows])
    return [(rows[train], rows[validation]) for train, validation in splits]


def measure(dataset, name, split, train, validation):
    """Return the row of one fit."""
    model = estimator(dataset.classifies, CHANGES[name], split)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(dataset.X[train], dataset.y[train])
        score = model.score(dataset.X[validation], dataset.y[validation])
    return {
        "task": "classification" if dataset.classifies else "regression",
        "set": dataset.name,
        "change": name,
        "split": split,
        "score": score,
        "steps": model.n_iter_,
    }


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
            lines.append(
                {
                    "task": task,
                    "change": name,
                    "mean score": scores[name].clip(lower=-1).mean(),
                    "difference": difference.mean(),
                    "± (95 %)": half_width(difference),
                    "hurts most": f"{difference.idxmin()} {difference.min():+.3f}",
                    "helps most": f"{difference.idxmax()} {difference.max():+.3f}",
                    "steps": steps[task, name],
                }
            )
    return pd.DataFrame(lines)


def text(value):
    """Return a cell of the Markdown table."""
    return f"{value:.4f}" if isinstance(value, float) and abs(value) < 2 else f"{value}"


def report(table):
    """Return the Markdown of all that was tried."""
    parts = [
        "# What else the defaults could be",
        f"Made by `python benchmarks/choose_defaults.py`, {len(table)} fits, "
        f"{table.split.nunique()} inner splits of the training rows of {table.set.nunique()} sets "
        "(accuracy, R²). One default is changed at a time. A difference counts as ±0.5 at most.",
    ]
    for task, lines in summary(table).groupby("task"):
        cells = [[text(v) for v in line] for line in lines.drop(columns="task").values.tolist()]
        parts += [f"## {task.capitalize()}", markdown_table(list(lines.columns[1:]), cells)]
    parts += [f"{what}: {said}" for what, said in machine(["numpy", "scikit-learn"]).items()]
    return "\n\n".join(parts) + "\n"


def main(arguments=None):
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of more sets; datasets.py says how")
    parser.add_argument("--splits", type=int, default=3, help="inner splits (default: 3)")
    parser.add_argument("--jobs", type=int, default=2, help="fits side by side (default: 2)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args(arguments)
    sets = datasets.included() + datasets.synthetic()
    sets += datasets.folder(options.data) if options.data else []
    cells = [
        (dataset, name, split, *rows)
        for dataset in sets
        if len(dataset.y) <= MOST_ROWS
        for split, rows in enumerate(inner_splits(dataset, options.splits))
        for name in CHANGES
    ]
    fits = Parallel(n_jobs=options.jobs, verbose=1)(delayed(measure)(*cell) for cell in cells)
    table = pd.DataFrame(fits)
    options.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(options.out / "choices.csv", index=False, float_format="%.6g")
    (options.out / "choices.md").write_text(report(table), encoding="utf-8")
    print(report(table))


if __name__ == "__main__":
    sys.exit(main())
