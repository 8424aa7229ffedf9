"""What else the default way of pruning could be: one thing changed at a time.

    python benchmarks/choose_pruning.py [--data FOLDER] [--sets NAME ...] [--splits N] [--jobs N]
        [--out DIR]

Every training takes 3,200 steps of 32 samples with 32 hidden units. Digits are the training rows of
the research notebook's split, other sets those of the first split of `untuned.py`; they are split
again, 75 / 25. Writes pruning_choices.csv, a row per training, and pruning_choices.md, a line per
change: its mean differences from the defaults over the sets at each p, with 95 % intervals.
"""

import argparse
import sys
import warnings
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
from choose_defaults import RESULTS, inner_splits, with_defaults
from digits import data as notebook_digits
from joblib import Parallel, delayed
from reports import half_width, machine, markdown_table
from threadpoolctl import threadpool_limits

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep
from sksgdprune.schedules import Geometric

P = 0.8, 0.9, 0.95, 0.98
STEPS = 3_200
DEFAULTS = "defaults"
NOTEBOOK = {
    "method": "magnitude",
    "scope": "layer",
    "include_biases": True,
    "schedule": "one_shot",
}
# Parameters of the sweep; of the estimator behind "estimator__"; behind "auto" what "auto" stands
# for, which "×" multiplies; "warm-up" is a share of the steps.
CHANGES = (
    {DEFAULTS: {}}
    | {f'method="{name}"': {"method": name} for name in ("magnitude", "noise", "gradient")}
    | {f'scope="{name}"': {"scope": name} for name in ("global", "layer")}
    | {"include_biases=True": {"include_biases": True}}
    | {
        f'schedule="{name}"': {"schedule": name}
        for name in ("one_shot", "linear", "cubic", "iterative")
    }
    | {f"Geometric(n_cuts={n})": {"schedule": Geometric(n_cuts=n)} for n in (20, 120)}
    | {f"Geometric(share={x:.2f})": {"schedule": Geometric(share=x)} for x in (1 / 3, 1 / 2, 5 / 6)}
    | {f"Geometric(penalty={x})": {"schedule": Geometric(penalty=x)} for x in (1, 3, 10)}
    | {f"S / K × {x} as least alpha": {"auto shrinking": x} for x in (0.0, 0.2, 1.0)}
    | {f"warm-up of 1/{n}": {"warm-up": 1 / n} for n in (64, 8, 4)}
    | {f"rate at most × {x} for sparse networks": {"auto sparse_rate": x} for x in (1.0, 2.0, 16.0)}
    | {f"learning_rate × {x}": {"auto × learning_rate": x} for x in (0.5, 2)}
    | {f"prior precision × {x}": {"auto × prior_precision": x} for x in (0.0, 0.5, 3)}
    | {f"kappa={x}": {"estimator__kappa": x} for x in (1.0, 4.0)}
    | {"average=False": {"estimator__average": False}, "the notebook's way": NOTEBOOK}
)


def sets(folder):
    """Return the sets, digits being the notebook's training rows alone."""
    X, y, cv = notebook_digits()
    ((train, _),) = cv.split()
    own = [s for s in datasets.included() + datasets.synthetic((1_000,)) if s.name != "digits"]
    digits = datasets.Dataset("digits", X[train], y[train])
    return [digits, *own, *(datasets.folder(folder) if folder else [])]


def splits(dataset, n):
    """Return (train, validation) rows; all rows of digits are training rows already."""
    if dataset.name == "digits":
        rows = np.arange(len(dataset.y))
        dataset = datasets.Dataset("", dataset.X, dataset.y, ((rows, rows),))
    return inner_splits(dataset, n)


def sweep(classifies, change, p, seed):
    """Return a sweep at p with a change."""
    kind = PreconditionedMLPClassifier if classifies else PreconditionedMLPRegressor
    kind = with_defaults(kind, change)
    warmup = int(change.get("warm-up", 1 / 16) * STEPS)
    model = SparsitySweep(kind((32,), batch_size=32), p=p, random_state=seed)
    model.set_params(warmup_steps=warmup, finetune_steps=STEPS - warmup)
    parameters = model.get_params()
    return model.set_params(**{k: v for k, v in change.items() if k in parameters})


def measure(dataset, name, p, split, train, validation):
    """Return the row of one training."""
    model = sweep(dataset.classifies, CHANGES[name], p, split)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(dataset.X[train], dataset.y[train])
        score = model.score(dataset.X[validation], dataset.y[validation])
    return {"set": dataset.name, "change": name, "p": p, "split": split, "score": score}


def summary(table):
    """Return a line per change: mean differences over sets, each with its interval, at each p.

    A difference counts as ±0.5 at most. The interval is that of the mean over the sets: splits are
    averaged first.
    """
    means = table.groupby(["p", "set", "change"]).score.mean().unstack("change")
    differences = means.sub(means[DEFAULTS], axis=0).clip(-0.5, 0.5)
    lines = []
    for name in CHANGES:
        line = {"change": name}
        for p, values in differences[name].groupby("p"):
            line[f"p={p}"] = f"{values.mean():+.4f} ± {half_width(values):.4f}"
        values = differences[name].groupby("set").mean()
        line["all p"] = f"{values.mean():+.4f} ± {half_width(values):.4f}"
        line["hurts most"] = f"{values.idxmin()} {values.min():+.3f}"
        line["helps most"] = f"{values.idxmax()} {values.max():+.3f}"
        lines.append(line)
    return pd.DataFrame(lines)


def report(table):
    """Return the Markdown of all that was tried."""
    lines = summary(table)
    scores = table[table.change == DEFAULTS].groupby(["set", "p"]).score.mean().unstack("p")
    parts = [
        "# What else the default way of pruning could be",
        f"Made by `python benchmarks/choose_pruning.py`: {len(table)} trainings of {STEPS} steps, "
        f"32 hidden units, {table.split.nunique()} inner splits of the training rows of "
        f"{table.set.nunique()} sets (accuracy, R²). One thing is changed at a time: differences "
        "from the defaults, the mean over the sets with its 95 % interval.",
        markdown_table(list(lines.columns), lines.to_numpy().tolist()),
        "The defaults' mean scores on the validation rows:",
        markdown_table(
            ["set", *(f"p={p}" for p in scores)],
            [[name, *(f"{x:.4f}" for x in row)] for name, *row in scores.itertuples()],
        ),
        *(f"{what}: {said}" for what, said in machine(["numpy", "scikit-learn"]).items()),
    ]
    return "\n\n".join(parts) + "\n"


def main(arguments=None):
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of more sets; datasets.py says how")
    parser.add_argument("--sets", nargs="+", help="names of sets (default: all)")
    parser.add_argument("--splits", type=int, default=5, help="inner splits (default: 5)")
    parser.add_argument("--jobs", type=int, default=2, help="trainings side by side (default: 2)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args(arguments)
    cells = [
        (dataset, name, p, split, *rows)
        for dataset in sets(options.data)
        if not options.sets or dataset.name in options.sets
        for split, rows in enumerate(splits(dataset, options.splits))
        for name in CHANGES
        for p in P
    ]
    rows = Parallel(n_jobs=options.jobs, verbose=1)(delayed(measure)(*cell) for cell in cells)
    table = pd.DataFrame(rows)
    options.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(options.out / "pruning_choices.csv", index=False, float_format="%.6g")
    (options.out / "pruning_choices.md").write_text(report(table), encoding="utf-8")
    print(report(table))


if __name__ == "__main__":
    sys.exit(main())
