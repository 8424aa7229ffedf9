"""Accuracy of pruned networks: our recipes beside each other and beside torch's, at equal steps.

    python -m benchmarks.sparsity.comparison [--data FOLDER] [--sets NAME ...] [--seeds N]
        [--hidden N] [--steps N] [--recipes NAME ...] [--libraries ours torch] [--jobs N] [--quick]

All networks have one hidden ReLU layer, minibatches of 32, the same number of steps, of which a
sixteenth come before the first cut, and log-loss or squared error. p is the fraction of the weights
that is pruned; biases stay. Seed k trains on split k, for everybody. Ours have no setting chosen.
Torch's have the best of a grid for each set, p, optimiser and schedule, by splits within the
training rows of split 0: all points on the first of them, the best four on two more.

Writes sparsity_accuracy.csv, a row per training run, sparsity_torch_grid.csv, one per run of the
grid, sparsity_accuracy.md and .png; goes on where it was ended.
"""

import sys
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import product
from typing import NamedTuple

import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split

import sksgdprune
from benchmarks._common import command_line, datasets
from benchmarks._common.reports import machine
from benchmarks._common.results import Cell, Results
from benchmarks._common.timing import timed
from benchmarks.sparsity import figure, report
from benchmarks.sparsity.report import DEFAULTS, NONE, UNCUT, Recipe
from sksgdprune import SparsitySweep, schedules

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
KEY = ("set", "library", "method", "scope", "schedule", "setting", "p", "seed")
COLUMNS = (
    *(*KEY, "score", "seconds", "sparsity", "warnings", "validation", "validation_loss"),
    *("metric", "n_train", "n_test", "hidden", "steps", "version"),
)
TRIED = ("set", "optimiser", "schedule", "p")
GRID_KEY = (*TRIED, "setting", "split")
GRID_COLUMNS = (*GRID_KEY, "score", "loss", "seconds", "hidden", "steps", "version")


class Budget(NamedTuple):
    """Hidden units and steps of every network."""

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
        plan = schedules.planned(schedules.resolve(schedule), p, self.steps - self.warmup)
        return [(0.0, self.warmup), *(stage[:2] for stage in plan)]


def known_sets(n_seeds):
    """Return the sets that need no folder."""
    own = {dataset.name: dataset for dataset in datasets.included()}
    digits = own["digits"]
    notebook = train_test_split(np.arange(len(digits.y)), random_state=42, test_size=0.3)
    splitter = StratifiedShuffleSplit(n_seeds, test_size=0.3, random_state=0)
    return [
        replace(digits, name="digits-notebook", given=(tuple(notebook),)),
        replace(digits, given=tuple(splitter.split(digits.X, digits.y))),
        *(own[name] for name in ("breast_cancer", "wine", "diabetes")),
        datasets.Dataset("friedman1", *make_friedman1(1000, noise=1.0, random_state=0)),
    ]


# One training run each: ours, torch's.


@cache
def fit_once(classifies):
    """Run a sweep over a small problem, which compiles."""
    network = datasets.estimator_class(classifies)((4,), batch_size=BATCH)
    sweep = SparsitySweep(network, p=0.5, warmup_steps=10, finetune_steps=10, random_state=0)
    sweep.fit(*datasets.small(classifies))


def warm_up(dataset, *_):
    """Have all compiled that a fit of ours needs."""
    fit_once(dataset.classifies)


def measure_ours(dataset, rows, recipe, p, seed, budget):
    """Return the row of one of ours."""
    train, test = rows
    said = {}
    if recipe != DEFAULTS:
        names = ("magnitude", "layer", "one_shot") if recipe == UNCUT else recipe[1:]
        said = dict(zip(("method", "scope", "schedule"), names, strict=True))
        said["include_biases"] = False
    sweep = SparsitySweep(
        datasets.estimator_class(dataset.classifies)((budget.hidden,), batch_size=BATCH),
        p=p,
        warmup_steps=budget.warmup,
        finetune_steps=budget.steps - budget.warmup,
        random_state=seed,
        **said,
    )
    _, seconds = timed(sweep.fit, dataset.X[train], dataset.y[train])
    score = sweep.score(dataset.X[test], dataset.y[test])
    weights = np.concatenate([np.ravel(W) for W in sweep.best_estimator_.coefs_])
    row = {"score": score, "seconds": seconds, "sparsity": np.mean(weights == 0)}
    return row | described(dataset, rows, budget)


def described(dataset, rows, budget):
    """Return the columns that say what a row is of."""
    sizes = {"n_train": len(rows[0]), "n_test": len(rows[1])}
    return sizes | {"metric": dataset.metric} | budget._asdict()


def measure_torch(dataset, rows, recipe, chosen, p, seed, budget):
    """Return the row of one of torch's, with the chosen setting."""
    from benchmarks.sparsity import torch_networks

    point = torch_networks.grid(recipe.method)[chosen.setting]
    stages = budget.stages(recipe.schedule, p)
    row = torch_networks.fit(dataset, rows, point, stages, budget.hidden, BATCH, seed)
    row |= {"validation": chosen.score, "validation_loss": chosen.loss, "warnings": None}
    return row | described(dataset, rows, budget) | {"version": versions()["torch"]}


def measure_point(dataset, rows, point, schedule, p, split, budget):
    """Return the row of a point of torch's grid on a split within the training rows."""
    from benchmarks.sparsity import torch_networks

    stages = budget.stages(schedule, p)
    row = torch_networks.fit(dataset, rows, point, stages, budget.hidden, BATCH, split)
    return row | budget._asdict() | {"version": versions()["torch"]}


def versions():
    """Return the packages' versions; torch's is None where it is not installed."""
    torch = version("torch") if find_spec("torch") else None
    return {"ours": sksgdprune.__version__, "torch": torch}


def of_these_versions(table):
    """Return which rows are of the present versions; those of the grid are torch's."""
    library = table["library"] if "library" in table else table["version"].map(lambda _: "torch")
    current = library.map(versions())
    return (table["version"] == current) | current.isna()


# The cells.


def ours_cells(sets, options):
    """Yield the cells of ours."""
    for dataset in sets:
        splits = dataset.splits(options.seeds)
        for p, seed in product(options.fractions, range(options.seeds)):
            rows = splits[seed % len(splits)]
            # Without a cut all but the defaults are one network.
            for recipe in options.recipes if p else [DEFAULTS, UNCUT]:
                arguments = dataset, rows, recipe, p, seed, options.budget
                yield Cell((dataset.name, *recipe, "", p, seed), arguments)


def torch_recipes(options):
    """Return the optimiser, schedule and p of all networks of torch."""
    for optimiser, p in product(OPTIMISERS, options.fractions):
        for schedule in options.torch_schedules if p else (NONE,):
            yield optimiser, schedule, p


def grid_cells(sets, options, best=None):
    """Yield the cells of the grid's first split, or those of the best settings on the others."""
    from benchmarks.sparsity import torch_networks

    for dataset in sets:
        splits = dataset.inner_splits(INNER_SPLITS)
        for optimiser, schedule, p in torch_recipes(options):
            key = dataset.name, optimiser, schedule, p
            points = torch_networks.grid(optimiser, options.quick)
            tried = [0] if best is None else range(1, INNER_SPLITS)
            for split, name in product(tried, points if best is None else best[key]):
                arguments = dataset, splits[split], points[name], schedule, p, split
                yield Cell((*key, name, split), (*arguments, options.budget))


def torch_cells(sets, options, chosen):
    """Yield the cells of what the grid chooses."""
    for dataset in sets:
        splits = dataset.splits(options.seeds)
        for (optimiser, schedule, p), seed in product(torch_recipes(options), range(options.seeds)):
            recipe = Recipe("torch", optimiser, "global" if p else NONE, schedule)
            best = chosen[dataset.name, optimiser, schedule, p]
            arguments = dataset, splits[seed % len(splits)], recipe, best, p, seed, options.budget
            yield Cell((dataset.name, *recipe, best.setting, p, seed), arguments)


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


def run_torch(sets, options, grid, results):
    """Try the grid, then train what it chooses."""
    how = {"jobs": options.jobs, "again": options.again}
    grid.run(measure_point, grid_cells(sets, options), **how)
    best = finalists(grid.current(), options.finalists)
    grid.run(measure_point, grid_cells(sets, options, best), **how)
    results.run(measure_torch, torch_cells(sets, options, choices(grid.current())), **how)


# The command line.


def parse(arguments):
    """Return the options and the sets."""
    parser = command_line.parser(__doc__, "data", "sets", "jobs", jobs=1)
    parser.add_argument("--seeds", type=int, default=10, help="runs of each (default: 10)")
    parser.add_argument("--hidden", type=int, default=32, help="hidden units (default: 32)")
    parser.add_argument("--steps", type=int, help="of a run (default: 3200; quick: 400)")
    parser.add_argument("--recipes", nargs="+", metavar="NAME", help='as "fisher global cubic"')
    parser.add_argument("--libraries", nargs="+", choices=("ours", "torch"), help="only these")
    options = parser.parse_args(arguments)
    quick = options.quick
    options.seeds = 2 if quick else options.seeds
    options.fractions = QUICK_FRACTIONS if quick else FRACTIONS
    options.torch_schedules = TORCH_SCHEDULES[::2] if quick else TORCH_SCHEDULES
    options.finalists = FINALISTS // 2 if quick else FINALISTS
    options.budget = Budget(options.hidden, options.steps or (400 if quick else 3200))
    options.libraries = options.libraries or ["ours", "torch"]
    sets = command_line.chosen(parser, options, known_sets(options.seeds), QUICK_SETS)
    names = {recipe.name: recipe for recipe in OURS}
    asked = options.recipes or ((DEFAULTS.name, *QUICK_RECIPES) if quick else names)
    options.recipes = command_line.pick(parser, "recipe", names, asked)
    return options, sets


def tables(options):
    """Return the results, and those of torch's grid; other budgets have files of their own."""
    ending = "_quick" if options.quick else ""
    if options.budget != (32, 400 if options.quick else 3200):
        ending += "_{}x{}".format(*options.budget)
    how = {"text": ["setting"], "is_current": of_these_versions}
    how["facts"] = partial(machine, "numpy", "scikit-learn", "numba", "torch")
    results = Results(options.out / f"sparsity_accuracy{ending}.csv", COLUMNS, KEY, **how)
    grid = Results(options.out / f"sparsity_torch_grid{ending}.csv", GRID_COLUMNS, GRID_KEY, **how)
    return results, grid


def main(arguments=None):
    """Measure, write, print."""
    options, sets = parse(arguments)
    results, grid = tables(options)
    libraries = [] if options.report else options.libraries
    libraries = command_line.installed(libraries, "torch", ["torch"])
    if "ours" in libraries:
        how = {"warm_up": warm_up, "jobs": options.jobs, "again": options.again}
        results.run(measure_ours, ours_cells(sets, options), **how)
    if "torch" in libraries:
        run_torch(sets, options, grid, results)
    table = results.publish(partial(report.markdown, grid=grid.path.name), figure.draw)
    print(report.summary(table))


if __name__ == "__main__":
    sys.exit(main())
