"""Alternatives to the default way of pruning: one thing changed at a time.

    python -m benchmarks.defaults.pruning [--data FOLDER] [--sets NAME ...] [--splits N] [--jobs N]

Every training run takes 3,200 steps of 32 samples with 32 hidden units. Digits are the training
rows of the research notebook's split, other sets those of the first split of
`accuracy/tables.py`; they are split again, 75 / 25. Writes pruning_choices.csv, a row per run, and
pruning_choices.md, a line per change: its mean differences from the defaults over the sets at each
p, with 95 % intervals. Goes on where it was ended.
"""

import sys
from functools import partial
from itertools import product

import pandas as pd

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import extremes, half_width, machine, markdown_table, paragraphs
from benchmarks._common.results import Cell, Results, complete
from benchmarks.defaults.changes import DEFAULTS, with_defaults
from benchmarks.digits import data as notebook_digits
from sksgdprune import SparsitySweep
from sksgdprune.schedules import Geometric

P = 0.8, 0.9, 0.95, 0.98
STEPS = 3_200
KEY = "set", "change", "p", "split"
COLUMNS = *KEY, "score", "version"
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


TRIED_BY_HAND = """Tried by hand on some of these sets and left out, as nothing was gained: half
the rate after the last cut; no penalty after it; the cut starting from the mean of the iterates; C
forgotten at each cut; gradients over 500 rows; scores weighted by their hidden unit's total; higher
rates for all short runs (better on dense networks of large sets, worse on small ones). Second-order
compensation (OBS) and regrowth were not tried."""


def known_sets():
    """Return the sets that need no folder; the notebook's training rows are those of digits."""
    X, y, cv = notebook_digits()
    own = [s for s in datasets.included() + datasets.synthetic((1_000,)) if s.name != "digits"]
    return [datasets.Dataset("digits", X, y, tuple(cv.split())), *own]


def sweep(classifies, change, p, seed):
    """Return a sweep at p with a change."""
    kind = with_defaults(datasets.estimator_class(classifies), change)
    warmup = int(change.get("warm-up", 1 / 16) * STEPS)
    model = SparsitySweep(kind((32,), batch_size=32), p=p, random_state=seed)
    model.set_params(warmup_steps=warmup, finetune_steps=STEPS - warmup)
    parameters = model.get_params()
    return model.set_params(**{k: v for k, v in change.items() if k in parameters})


def measure(dataset, name, p, split, train, validation):
    """Return the row of one training run."""
    model = sweep(dataset.classifies, CHANGES[name], p, split)
    model.fit(dataset.X[train], dataset.y[train])
    return {"score": model.score(dataset.X[validation], dataset.y[validation])}


def cells(sets, n_splits):
    """Yield a cell for each set, split, change and p."""
    for dataset in sets:
        for split, rows in enumerate(dataset.inner_splits(n_splits)):
            for name, p in product(CHANGES, P):
                yield Cell((dataset.name, name, p, split), (dataset, name, p, split, *rows))


def differences(table):
    """Return the scores less the defaults', a row per (p, set), a column per change.

    Splits are averaged. A difference counts as ±0.5 at most.
    """
    means = table.groupby(["p", "set", "change"]).score.mean().unstack("change")
    return means.sub(means[DEFAULTS], axis=0).clip(-0.5, 0.5)


def summary(table):
    """Return a line per change: mean differences over sets, each with its interval, at each p.

    The interval is that of the mean over the sets.
    """
    by_change, lines = differences(table), []
    for name in CHANGES:
        line = {"change": name}
        for p, values in by_change[name].groupby("p"):
            line[f"p={p}"] = f"{values.mean():+.4f} ± {half_width(values):.4f}"
        values = by_change[name].groupby("set").mean()
        line["all p"] = f"{values.mean():+.4f} ± {half_width(values):.4f}"
        line["hurts most"], line["helps most"] = extremes(values)
        lines.append(line)
    return pd.DataFrame(lines)


def markdown(table, about):
    """Return the report of all that was tried."""
    lines = summary(table)
    scores = table[table.change == DEFAULTS].groupby(["set", "p"]).score.mean().unstack("p")
    return paragraphs(
        "# Alternatives to the default way of pruning",
        f"Made by `python -m benchmarks.defaults.pruning`: {len(table)} training runs of {STEPS} "
        f"steps, 32 hidden units, {table.split.nunique()} inner splits of the training rows of "
        f"{table.set.nunique()} sets (accuracy, R²). One thing is changed at a time: differences "
        "from the defaults, the mean over the sets with its 95 % interval.",
        markdown_table(list(lines.columns), lines.to_numpy().tolist()),
        "The defaults' mean scores on the validation rows:",
        markdown_table(
            ["set", *(f"p={p}" for p in scores)],
            [[name, *(f"{x:.4f}" for x in row)] for name, *row in scores.itertuples()],
        ),
        TRIED_BY_HAND,
        about,
    )


def main(arguments=None):
    """Measure, write, print."""
    parser = command_line.parser(__doc__, "data", "sets", "splits", "jobs", splits=5)
    options = parser.parse_args(arguments)
    sets = command_line.chosen(parser, options, known_sets(), ["wine"])
    facts = partial(machine, "numpy", "scikit-learn")
    results = Results(options.out / "pruning_choices.csv", COLUMNS, KEY, facts=facts)
    todo = cells(sets, 1 if options.quick else options.splits)
    complete(results, options, measure, todo, markdown)


if __name__ == "__main__":
    sys.exit(main())
