"""Rules that choose a prior's precision and the steps of a fit, compared on inner splits.

    python -m benchmarks.defaults.prior [--data FOLDER] [--sets NAME ...] [--splits N] [--jobs N]

Of each table the training rows of its first split are split again, 75 / 25: the test rows are not
seen here. A network is trained with each precision, on all inner training rows and on those
without a fold, three or five of them (above 2,000 rows the first alone), and judged on the rest
after 50, 100, 200 … steps. Rules are then applied to these numbers: which precision they
choose, and what loss it has on the inner test rows. Writes prior_choices.csv, a row per network and
number of steps, and prior_choices.md, a line per rule. Goes on where it was ended.
"""

import sys
from copy import copy
from functools import partial
from itertools import islice

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import half_width, machine, markdown_table, paragraphs
from benchmarks._common.results import Cell, Results, complete
from sksgdprune._data.folds import folds
from sksgdprune._estimator.input import training_rows
from sksgdprune._training import runs
from sksgdprune._training import state as states
from sksgdprune._training.config import Horizon
from sksgdprune._training.evaluation import evaluate

PRECISIONS = 128.0, 32.0, 8.0, 2.0, 0.5
TRIAL_STEPS = 50, 100, 200, 400, 600, 1200
FINAL_STEPS = 800, 1600, 3200, 6400, 12_800
MOST_FOLDED = 2000  # rows; above, one part is held out
TOLERANCES = 0.005, 0.01, 0.02, 0.05, 0.1, 0.2
FOLDS = 3, 5
QUICK = "iris", "diabetes"
KEY = "task", "set", "split"
COLUMNS = *KEY, "n_train", "part", "precision", "steps", "loss", "score", "train_loss", "version"


def begin(dataset, train, validation, seed):
    """Return config, state and the Data of both kinds of rows at the start of a default fit."""
    model = datasets.estimator_class(dataset.classifies)(random_state=seed)
    checked, config = copy(model), model._config()
    rows = training_rows(checked, dataset.X[train], dataset.y[train], reset=True)
    state, data = model._start(rows, config, check_random_state(seed))
    rest = training_rows(checked, dataset.X[validation], dataset.y[validation])
    return config, states.settled(state), data, states.encode(rest, state.network, config)


def judged(state, run, data):
    """Return loss and score of the network that predicts."""
    with np.errstate(all="ignore"):
        loss, Z = evaluate(data, state.network, state.network.dense().theta, run.hyper)
        return loss, float(state.network.targets.grade(Z, data.Y, data.weights))


def rows_of(part, config, state, train, rest, precision, steps):
    """Yield a row after each number of steps of one run."""
    horizon, done = Horizon(FINAL_STEPS[-1]), 0
    run = config.for_run(state.network, train.size, 0, horizon, precision)
    for n in steps:
        _, state = runs._advance(state, train, run, n - done, (), None)
        done, (loss, score) = n, judged(state, run, rest)
        yield {
            "part": part,
            "precision": precision,
            "steps": n,
            "loss": loss,
            "score": score,
            "train_loss": judged(state, run, train)[0] if part == "all" else np.nan,
        }


def measure(dataset, split, train, validation):
    """Return the rows of all precisions and parts."""
    config, state, data, rest = begin(dataset, train, validation, split)
    parts = [("all", data, rest, FINAL_STEPS)]
    many = len(train) > MOST_FOLDED
    for n in FOLDS:
        dealt = islice(folds(data, n), 1 if many else n)
        parts += [(f"{k} of {n}", *pair, TRIAL_STEPS) for k, pair in enumerate(dealt)]
    return [
        {"n_train": len(train)} | row
        for precision in PRECISIONS
        for name, own, others, steps in parts
        for row in rows_of(name, config, state, own, others, precision, steps)
    ]


def cells(sets, n_splits):
    """Yield a cell for each set and split."""
    for dataset in sets:
        for split, rows in enumerate(dataset.inner_splits(n_splits)):
            yield Cell((dataset.task, dataset.name, split), (dataset, split, *rows))


# The rules: functions from a cell's rows to (precision, steps).


def fixed(precision, steps):
    """Return the rule that looks at nothing."""
    return lambda rows: (precision, steps)


def oracle(steps):
    """Return the rule that looks at the inner test rows: what is to be reached."""

    def choose(rows):
        final = rows[(rows.part == "all") & (rows.steps == steps)]
        return final.precision[final.loss.idxmin()], steps

    return choose


def held_out(n_folds, trial_steps, steps, parts=None, standard_errors=0.0, alone=None):
    """Return the rule of the least mean loss over folds, or of the strongest prior near it.

    A single part is tried for `alone` steps, where that is given.
    """

    def choose(rows):
        many = rows.n_train.iloc[0] > MOST_FOLDED
        n_trial = alone if alone and many else trial_steps
        trials = rows[(rows.steps == n_trial) & (rows.part != "all")]
        own = trials[trials.part.str.endswith(f" of {n_folds}")]
        if parts is not None:
            own = own[own.part.str[0].astype(int) < parts]
        losses = own.pivot(index="part", columns="precision", values="loss").fillna(np.inf)
        best = losses.mean().idxmin()
        if standard_errors and len(losses) > 1:
            apart = losses.sub(losses[best], axis=0)
            near = apart.mean() <= standard_errors * apart.sem()
            best = max(precision for precision in losses if near[precision] or precision == best)
        return best, steps

    return choose


def until(tolerance, choose):
    """Return a rule with the steps after which doubling no longer lowers the training loss."""

    def choose_both(rows):
        precision, _ = choose(rows)
        final = rows[(rows.part == "all") & (rows.precision == precision)].sort_values("steps")
        least, kept = np.inf, None
        for steps, loss in zip(final.steps, final.train_loss, strict=True):
            ended = loss > (1 - tolerance) * least
            if loss < least:
                least, kept = loss, steps
            if ended:
                break
        return precision, kept

    return choose_both


SHARED = "3 folds of 200 or one of 600"
RULES = (
    {"precision 2, 12,800 steps": fixed(2.0, 12_800), "precision 8, 3,200": fixed(8.0, 3200)}
    | {f"the best on the test rows, {n:,} steps": oracle(n) for n in FINAL_STEPS}
    | {
        f"{k} folds of {t} steps, then {n:,}": held_out(k, t, n)
        for k in FOLDS
        for t in TRIAL_STEPS
        for n in (3200, 12_800)
    }
    | {f"one of 5 folds, {t} steps, then 3,200": held_out(5, t, 3200, 1) for t in TRIAL_STEPS}
    | {"3 folds of 200, one standard error": held_out(3, 200, 3200, standard_errors=1.0)}
    | {f"{SHARED}, then 3,200": held_out(3, 200, 3200, alone=600)}
    | {
        f"{SHARED}, until doubling gains {100 * x:g} %": until(x, held_out(3, 200, None, alone=600))
        for x in TOLERANCES
    }
)
TAKEN = f"{SHARED}, until doubling gains 2 %"


def chosen(table):
    """Return a row per cell and rule: what its choice has on the inner test rows."""
    found = []
    for key, rows in table.groupby(list(KEY)):
        final = rows[rows.part == "all"].set_index(["precision", "steps"])
        for name, rule in RULES.items():
            choice = rule(rows)
            loss, score = final.loc[choice, ["loss", "score"]]
            found.append((*key, name, loss, score, choice[1]))
    return pd.DataFrame(found, columns=[*KEY, "rule", "loss", "score", "steps"])


def summary(table):
    """Return a line per task and rule; differences are to the rule that was taken."""
    lines = []
    for task, rows in chosen(table).groupby("task"):
        means = rows.groupby(["set", "rule"])[["loss", "score", "steps"]].mean().unstack("rule")
        for name in RULES:
            apart = means.loss[name] - means.loss[TAKEN]
            lines.append(
                {
                    "task": task,
                    "rule": name,
                    "loss": means.loss[name].mean(),
                    "less the rule taken": apart.mean(),
                    "± (95 %)": half_width(apart),
                    "score": means.score[name].mean(),
                    "steps": means.steps[name].mean(),
                }
            )
    return pd.DataFrame(lines)


def markdown(table, about):
    """Return the report of all that was tried."""
    parts = []
    for task, lines in summary(table).groupby("task"):
        header = list(lines.columns[1:])
        text = [
            [name, *(f"{v:.4f}" for v in numbers[:-1]), f"{numbers[-1]:,.0f}"]
            for name, *numbers in lines.drop(columns="task").values.tolist()
        ]
        parts += [f"## {task.capitalize()}", markdown_table(header, text)]
    return paragraphs(
        "# Rules that choose a prior",
        f"Made by `python -m benchmarks.defaults.prior`, {table.split.nunique()} inner splits of "
        f"the training rows of {table.set.nunique()} tables: mean loss (log-loss, half the squared "
        "error of standardised targets) and score (accuracy, R²) on the inner test rows, equal "
        f"weight for each table. The rule taken is “{TAKEN}”; "
        "above 2,000 rows a single part is held out.",
        *parts,
        about,
    )


def main(arguments=None):
    """Measure, write, print."""
    parser = command_line.parser(__doc__, "data", "sets", "splits", "jobs", splits=2)
    options = parser.parse_args(arguments)
    sets, n_splits = command_line.inner(parser, options, command_line.tables(options), QUICK)
    facts = partial(machine, "numpy", "scikit-learn")
    results = Results(options.out / "prior_choices.csv", COLUMNS, KEY, facts=facts)
    complete(
        results,
        options,
        measure,
        cells(sets, n_splits),
        markdown,
        summary=lambda table: f"{len(table)} rows",
    )


if __name__ == "__main__":
    sys.exit(main())
