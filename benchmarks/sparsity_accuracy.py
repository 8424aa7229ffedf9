"""Which pruning recipe keeps accuracy: ours beside each other and beside torch's, at equal steps.

    python benchmarks/sparsity_accuracy.py [--data FOLDER] [--sets NAME ...] [--seeds N]
                                           [--hidden N] [--steps N] [--recipes NAME ...]
                                           [--libraries ours torch] [--jobs N] [--quick] [--again]

All networks have one hidden ReLU layer, minibatches of 32, the same number of steps, of which a
sixteenth come before the first cut, and log-loss or squared error. p is the fraction of the weights
that is pruned; biases stay. Seed k trains on split k, for everybody. Ours have no setting chosen.
Torch's have the best of a grid for each set, p, optimiser and schedule, by splits within the
training rows of split 0: all points on the first of them, the best four on two more.

Each training adds a row to sparsity_accuracy.csv, or to sparsity_torch_grid.csv if it is one of the
grid; one that has its row is not run again, so that a long run may be ended and taken up. Then
sparsity_accuracy.md and .png are drawn of all rows. Rows of another version of either package are
dropped; --again drops those that are asked for.
"""

import argparse
import sys
import time
import warnings
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import NamedTuple

import datasets
import numpy as np
import pandas as pd
import sparsity_figure
import sparsity_report
from choose_defaults import inner_splits
from joblib import Parallel, delayed
from reports import append_row
from sklearn.datasets import make_friedman1
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split
from sparsity_report import DEFAULTS, NONE, UNCUT, Recipe
from threadpoolctl import threadpool_limits
from untuned_report import ACCURACY, R2

import sksgdprune
from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep
from sksgdprune import schedules as plans

RESULTS = Path(__file__).parent / "results"
BATCH = 32
FRACTIONS = 0.0, 0.8, 0.9, 0.95, 0.98
METHODS = "magnitude", "noise", "fisher"
SCOPES = "layer", "global"
SCHEDULES = "one_shot", "linear", "cubic", "geometric", "iterative"
OPTIMISERS = "adam", "sgd"
TORCH_SCHEDULES = "one_shot", "cubic", "geometric"
OURS = (
    DEFAULTS,
    *(Recipe("ours", *names) for names in product(METHODS, SCOPES, SCHEDULES)),
    Recipe("ours", "fisher", "connected", "geometric"),
)
INNER_SPLITS, FINALISTS = 3, 4  # of the grid's halving
QUICK_SETS, QUICK_FRACTIONS = ("digits", "wine"), (0.0, 0.9)
QUICK_RECIPES = "magnitude layer one_shot", "fisher global geometric"
CELL = ("set", "library", "method", "scope", "schedule", "setting", "p", "seed")
COLUMNS = (
    *(*CELL, "score", "seconds", "sparsity", "warnings", "validation", "validation_loss"),
    *("metric", "n_train", "n_test", "hidden", "steps", "version"),
)
TRIED = ("set", "optimiser", "schedule", "p")
GRID_CELL = (*TRIED, "setting", "split")
GRID_COLUMNS = (*GRID_CELL, "score", "loss", "seconds", "hidden", "steps", "version")


class Budget(NamedTuple):
    """Hidden units and steps of every network.

    Parameters
    ----------
    hidden, steps : int
        Units, and steps in all.
    """

    hidden: int
    steps: int

    @property
    def warmup(self):
        """Steps before the first cut."""
        return self.steps // 16

    def stages(self, schedule, p):
        """Return the fractions of a schedule, each with the steps that follow."""
        if p == 0:
            return [(0.0, self.steps)]
        plan = plans.planned(plans.resolve(schedule), p, self.steps - self.warmup)
        return [(0.0, self.warmup), *(stage[:2] for stage in plan)]


def known_sets(folder, n_seeds):
    """Return the sets by their names; those of the folder last."""
    own = {dataset.name: dataset for dataset in datasets.included()}
    digits = own["digits"]
    notebook = train_test_split(np.arange(len(digits.y)), random_state=42, test_size=0.3)
    splitter = StratifiedShuffleSplit(n_seeds, test_size=0.3, random_state=0)
    sets = [
        replace(digits, name="digits-notebook", given=(tuple(notebook),)),
        replace(digits, given=tuple(splitter.split(digits.X, digits.y))),
        *(own[name] for name in ("breast_cancer", "wine", "diabetes")),
        datasets.Dataset("friedman1", *make_friedman1(1000, noise=1.0, random_state=0)),
        *(datasets.folder(folder) if folder else []),
    ]
    return {dataset.name: dataset for dataset in sets}


# One training each: ours, torch's.


def measure_ours(dataset, rows, recipe, p, seed, budget):
    """Return the row of one of ours."""
    train, test = rows
    kind = PreconditionedMLPClassifier if dataset.classifies else PreconditionedMLPRegressor
    said = {}
    if recipe != DEFAULTS:
        names = ("magnitude", "layer", "one_shot") if recipe == UNCUT else recipe[1:]
        said = dict(zip(("method", "scope", "schedule"), names, strict=True))
        said["include_biases"] = False
    sweep = SparsitySweep(
        kind((budget.hidden,), batch_size=BATCH),
        p=p,
        warmup_steps=budget.warmup,
        finetune_steps=budget.steps - budget.warmup,
        random_state=seed,
        **said,
    )
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        started = time.perf_counter()
        sweep.fit(dataset.X[train], dataset.y[train])
        seconds = time.perf_counter() - started
        score = sweep.score(dataset.X[test], dataset.y[test])
    weights = np.concatenate([np.ravel(W) for W in sweep.best_estimator_.coefs_])
    row = {"score": score, "seconds": seconds, "sparsity": np.mean(weights == 0)}
    return row | described(dataset, rows, recipe, "", p, seed, budget) | {"warnings": len(caught)}


def described(dataset, rows, recipe, setting, p, seed, budget):
    """Return the columns that say what a row is of."""
    sizes = {"n_train": len(rows[0]), "n_test": len(rows[1])}
    what = {"set": dataset.name, "setting": setting, "p": p, "seed": seed} | sizes
    what["version"] = versions()[recipe.library]
    what["metric"] = ACCURACY if dataset.classifies else R2
    return what | recipe._asdict() | budget._asdict()


def measure_torch(dataset, rows, recipe, chosen, p, seed, budget):
    """Return the row of one of torch's, with the chosen setting."""
    import torch_pruning

    point = torch_pruning.grid(recipe.method)[chosen.setting]
    stages = budget.stages(recipe.schedule, p)
    row = torch_pruning.fit(dataset, rows, point, stages, budget.hidden, BATCH, seed)
    row["validation"], row["validation_loss"] = chosen.score, chosen.loss
    return row | described(dataset, rows, recipe, chosen.setting, p, seed, budget)


def measure_point(dataset, rows, point, schedule, p, split, budget):
    """Return the row of a point of torch's grid on a split within the training rows."""
    import torch_pruning

    stages = budget.stages(schedule, p)
    row = torch_pruning.fit(dataset, rows, point, stages, budget.hidden, BATCH, split)
    names = {"set": dataset.name, "optimiser": point.optimiser, "schedule": schedule, "p": p}
    names |= {"setting": point.setting, "split": split, "version": versions()["torch"]}
    return row | names | budget._asdict()


def versions():
    """Return the packages' versions; torch's is None where it is not installed."""
    torch = version("torch") if find_spec("torch") else None
    return {"ours": sksgdprune.__version__, "torch": torch}


# All trainings that have no row yet.


def finished(path, columns):
    """Return the CSV's rows that are of the present versions."""
    if not path.exists():
        return pd.DataFrame(columns=columns)
    table = pd.read_csv(path, dtype={"version": str, "setting": str}).fillna({"setting": ""})
    library = table["library"] if "library" in table else pd.Series("torch", table.index)
    current = library.map(versions())
    return table[(table["version"] == current) | current.isna()]


def run(function, cells, path, columns, jobs):
    """Append to the CSV what the function returns of each cell, as it comes."""
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    for i, row in enumerate(parallel(delayed(function)(*cell) for cell in cells), start=1):
        append_row(path, row, columns)
        name = " ".join(str(row[key]) for key in (*CELL, "optimiser", "split") if key in row)
        told = f"[{i}/{len(cells)}] {name}: {row['score']:.4f} in {row['seconds']:.2f} s"
        print(told, file=sys.stderr, flush=True)


def done(path, columns, cell):
    """Return the cells that have their row."""
    return set(finished(path, columns)[list(cell)].itertuples(index=False, name=None))


def run_ours(sets, options):
    """Train all of ours."""
    there, cells = done(options.path, COLUMNS, CELL), []
    for dataset in sets:
        splits = dataset.splits(options.seeds)
        for p, seed in product(options.fractions, range(options.seeds)):
            # Without a cut all but the defaults are one network.
            recipes = options.recipes if p else [DEFAULTS, UNCUT]
            cells += [
                (dataset, splits[seed % len(splits)], recipe, p, seed, options.budget)
                for recipe in recipes
                if (dataset.name, *recipe, "", p, seed) not in there
            ]
    run(measure_ours, cells, options.path, COLUMNS, options.jobs)


def torch_recipes(options):
    """Return the optimiser, schedule and p of all networks of torch."""
    for optimiser, p in product(OPTIMISERS, options.fractions):
        for schedule in options.torch_schedules if p else (NONE,):
            yield optimiser, schedule, p


def run_grid(sets, options, halving):
    """Train the grid's points on the inner splits of this stage of the halving."""
    import torch_pruning

    table, cells = finished(options.grid, GRID_COLUMNS), []
    there = set(table[list(GRID_CELL)].itertuples(index=False, name=None))
    best = finalists(table, options.finalists) if halving else {}
    for dataset in sets:
        splits = inner_splits(dataset, INNER_SPLITS)
        for optimiser, schedule, p in torch_recipes(options):
            key = dataset.name, optimiser, schedule, p
            points = torch_pruning.grid(optimiser, options.quick)
            names = best[key] if halving else points
            cells += [
                (dataset, splits[split], points[name], schedule, p, split, options.budget)
                for split in (range(1, INNER_SPLITS) if halving else [0])
                for name in names
                if (*key, name, split) not in there
            ]
    run(measure_point, cells, options.grid, GRID_COLUMNS, options.jobs)


def finalists(grid, n):
    """Return {(set, optimiser, schedule, p): settings}, the best n of the first inner split.

    Of equal scores the one with the smaller loss is better.
    """
    order = [*TRIED, "score", "loss", "setting"]
    first = grid[grid["split"] == 0].sort_values(order, ascending=[*[True] * 4, False, True, True])
    return {key: list(rows["setting"].head(n)) for key, rows in first.groupby(list(TRIED))}


def choices(grid):
    """Return {(set, optimiser, schedule, p): row} of the best mean over all inner splits."""
    cells = grid.groupby([*TRIED, "setting"])
    means = cells[["score", "loss"]].mean()[cells.size() == INNER_SPLITS].round(9).reset_index()
    means = means.sort_values(["score", "loss", "setting"], ascending=[False, True, True])
    best = means.drop_duplicates(list(TRIED))
    return {tuple(row[1:5]): row for row in best.itertuples()}


def run_torch(sets, options):
    """Try the grid, then train what it chooses."""
    run_grid(sets, options, halving=False)
    run_grid(sets, options, halving=True)
    chosen = choices(finished(options.grid, GRID_COLUMNS))
    there, cells = done(options.path, COLUMNS, CELL), []
    for dataset in sets:
        splits = dataset.splits(options.seeds)
        for (optimiser, schedule, p), seed in product(torch_recipes(options), range(options.seeds)):
            recipe = Recipe("torch", optimiser, "global" if p else NONE, schedule)
            best = chosen[dataset.name, optimiser, schedule, p]
            if (dataset.name, *recipe, best.setting, p, seed) not in there:
                rows = splits[seed % len(splits)]
                cells.append((dataset, rows, recipe, best, p, seed, options.budget))
    run(measure_torch, cells, options.path, COLUMNS, options.jobs)


# The command line.


def parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of more sets; datasets.py says how")
    parser.add_argument("--sets", nargs="+", metavar="NAME", help="only these sets")
    parser.add_argument("--seeds", type=int, default=10, help="trainings of each (default: 10)")
    parser.add_argument("--hidden", type=int, default=32, help="hidden units (default: 32)")
    parser.add_argument("--steps", type=int, help="of a training (default: 3200; quick: 400)")
    parser.add_argument("--recipes", nargs="+", metavar="NAME", help='as "fisher global cubic"')
    parser.add_argument("--libraries", nargs="+", choices=("ours", "torch"), help="only these")
    parser.add_argument("--jobs", type=int, default=1, help="trainings side by side (default: 1)")
    parser.add_argument("--quick", action="store_true", help="2 small sets, 2 seeds, a small grid")
    parser.add_argument("--again", action="store_true", help="measure also what has its row")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    return parser


def parse(arguments):
    """Return the options and the sets."""
    found = parser()
    options = found.parse_args(arguments)
    quick = options.quick
    options.seeds = 2 if quick else options.seeds
    options.fractions = QUICK_FRACTIONS if quick else FRACTIONS
    options.torch_schedules = TORCH_SCHEDULES[::2] if quick else TORCH_SCHEDULES
    options.finalists = FINALISTS // 2 if quick else FINALISTS
    options.budget = Budget(options.hidden, options.steps or (400 if quick else 3200))
    options.libraries = options.libraries or ["ours", "torch"]
    sets = known_sets(options.data, options.seeds)
    if unknown := [name for name in options.sets or () if name not in sets]:
        found.error(f"no data set is called {', '.join(unknown)}; there are {', '.join(sets)}")
    names = {recipe.name: recipe for recipe in OURS}
    asked = options.recipes or ((DEFAULTS.name, *QUICK_RECIPES) if quick else names)
    if unknown := [name for name in asked if name not in names]:
        found.error(f"no recipe is called {', '.join(unknown)}; there are {', '.join(names)}")
    options.recipes = [names[name] for name in asked]
    chosen = options.sets or (QUICK_SETS if quick else sets)
    ending = "_quick" if quick else ""
    if options.budget != (32, 400 if quick else 3200):
        ending += "_{}x{}".format(*options.budget)
    options.path = options.out / f"sparsity_accuracy{ending}.csv"
    options.grid = options.out / f"sparsity_torch_grid{ending}.csv"
    return options, [sets[name] for name in chosen]


def rows_recipes(table):
    """Return the recipe of each row; those of the grid are torch's."""
    if "library" not in table:
        return [("torch",)] * len(table)
    return table[list(Recipe._fields)].itertuples(index=False, name=None)


def prepare(sets, options):
    """Write both CSVs without the rows that are to be measured again."""
    options.out.mkdir(parents=True, exist_ok=True)
    names = [dataset.name for dataset in sets]
    asked = [*options.recipes, UNCUT] if "ours" in options.libraries else []
    whole = [library for library in options.libraries if library != "ours"]
    for path, columns in ((options.path, COLUMNS), (options.grid, GRID_COLUMNS)):
        table = finished(path, columns)
        if options.again:
            again = [recipe in asked or recipe[0] in whole for recipe in rows_recipes(table)]
            again = np.array(again, dtype=bool) & table["set"].isin(names)
            table = table[~again]
        table.to_csv(path, index=False)


def main(arguments=None):
    """Measure, write, print."""
    options, sets = parse(arguments)
    if "torch" in options.libraries and not find_spec("torch"):
        options.libraries.remove("torch")
        print("torch's rows are left out, as it is not installed", file=sys.stderr)
    prepare(sets, options)
    for library, function in (("ours", run_ours), ("torch", run_torch)):
        if library in options.libraries:
            function(sets, options)
    table = finished(options.path, COLUMNS)
    figure = options.path.with_suffix(".png")
    report = sparsity_report.markdown(table, figure.name, options.grid.name)
    options.path.with_suffix(".md").write_text(report, encoding="utf-8")
    wide = sparsity_report.with_torch_best(sparsity_report.scores(table), table)
    sparsity_figure.draw(wide, dict(zip(table["set"], table["metric"], strict=True)), figure)
    print(sparsity_report.summary(table))


if __name__ == "__main__":
    sys.exit(main())
