"""Digits experiments of the research notebook, all five.

    python -m benchmarks.digits [--quick] [--loss {double_softmax,log_loss}] [--jobs N] [--out DIR]

Accuracy on held-out digits against the fraction p of parameters that is pruned or frozen after
200 of 3,200 steps; 253 values of p × 5 repeats. Writes one CSV per experiment and one figure,
and prints a short table. Ctrl-C ends it and keeps what is finished.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import PredefinedSplit, train_test_split

from benchmarks._common import figures
from sksgdprune import PreconditionedMLPClassifier, SparsitySweep, SparsitySweepDisplay

# The notebook's rule at its plainest, on data as they are.
NOTEBOOK = {
    "activation": "tanh",
    "learning_rate": 0.01,
    "kappa": 1.0,
    "damping": 0.0,
    "alpha": 0.0,
    "average": False,
    "encoding": None,
    "batch_size": 32,
}
SHOWN = (0.0, 0.5, 0.8, 0.9, 0.96)


class Experiment(NamedTuple):
    """One curve of the notebook: what is cut, by which score, at which p."""

    action: str
    method: str
    p: np.ndarray

    @property
    def name(self):
        """Label in the figure; the CSV's name with an underscore."""
        return f"{self.action} {self.method}"


def experiments(n_points):
    """Return the notebook's five experiments on a grid of `n_points` steps over [0, 1]."""
    grid = np.linspace(0, 1, n_points + 1)
    return [
        Experiment("prune", "magnitude", grid[:-1]),
        Experiment("prune", "random", grid[:-1]),
        Experiment("freeze", "preconditioned_gradient", grid),
        Experiment("freeze", "gradient", grid),
        Experiment("freeze", "random", grid),
    ]


def data():
    """Return the notebook's digits, train rows first, and its one 70/30 split.

    Standardised by the training rows; pixels that are constant there are dropped (61 left).
    """
    digits = load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        digits.data, digits.target, random_state=42, test_size=0.3
    )
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    X = (np.vstack([X_train, X_test]) - mean) / (std + 1e-8)
    fold = np.repeat([-1, 0], [len(X_train), len(X_test)])
    return X[:, std > 0], np.concatenate([y_train, y_test]), PredefinedSplit(fold)


def network(loss):
    """Return the notebook's network with its settings."""
    return PreconditionedMLPClassifier((32,), loss=loss, **NOTEBOOK)


def sweep_once(experiment, repeat, loss, steps, jobs):
    """Return the rows of one experiment and one repeat."""
    X, y, split = data()
    warmup_steps, finetune_steps = steps
    sweep = SparsitySweep(
        network(loss),
        p=experiment.p,
        action=experiment.action,
        method=experiment.method,
        scope="layer",
        include_biases=True,
        schedule="one_shot",
        warmup_steps=warmup_steps,
        finetune_steps=finetune_steps,
        cv=split,
        refit=False,
        return_train_score=True,
        n_jobs=jobs,
        random_state=repeat,
    ).fit(X, y)
    results = sweep.cv_results_
    return pd.DataFrame(
        {
            "p": results["p"],
            "repeat": repeat,
            "sparsity": results["sparsity"],
            "train_accuracy": results["split0_train_score"],
            "test_accuracy": results["split0_test_score"],
            "seconds": results["mean_fit_time"],
        }
    )


def run(plan, n_repeats, loss, steps, jobs, console):
    """Return the finished rows of each experiment, by name; Ctrl-C ends early.

    Repeats are the outer loop, so that an early end leaves whole curves of fewer repeats.
    """
    finished = {experiment.name: [] for experiment in plan}
    columns = TextColumn("{task.description:32}"), BarColumn(), TextColumn("{task.percentage:.0f}%")
    times = TimeElapsedColumn(), TextColumn("elapsed,"), TimeRemainingColumn(), TextColumn("left")
    with Progress(*columns, *times, console=console) as progress:
        total = n_repeats * sum(len(experiment.p) for experiment in plan)
        task = progress.add_task("compiling", total=total)
        try:
            for repeat in range(n_repeats):
                for experiment in plan:
                    progress.update(task, description=f"{experiment.name}, repeat {repeat + 1}")
                    rows = sweep_once(experiment, repeat, loss, steps, jobs)
                    finished[experiment.name].append(rows)
                    progress.advance(task, len(experiment.p))
        except KeyboardInterrupt:
            progress.stop()
            console.print("Interrupted; keeping what is finished.")
    return {name: pd.concat(rows) for name, rows in finished.items() if rows}


def display(tables):
    """Return one display of all experiments' curves."""
    curves = {}
    for name, rows in tables.items():
        table = rows.pivot(index="p", columns="repeat", values="test_accuracy")
        scores = {f"split{k}_test_score": table[k].to_numpy() for k in table}
        curves[name] = {"p": table.index.to_numpy()} | scores
    return SparsitySweepDisplay.from_cv_results(curves, score_name="test accuracy")


@figures.styled
def draw(tables, loss, path):
    """Write the figure: test accuracy against p, five curves with their spread."""
    figure, (ax,) = figures.stacked(1, 4.4)
    display(tables).plot(ax=ax)
    repeats = max(rows["repeat"].nunique() for rows in tables.values())
    ax.set(
        xlabel="fraction p of the parameters, pruned or frozen",
        title=f"Digits, 61-32-10 network, loss {loss}",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    figures.light_grid(ax)
    ax.legend(loc="lower left")
    figures.explain(figure, f"Mean of {repeats} repeats; bands: ± one standard deviation.")
    figures.save(figure, path)


def summary(tables):
    """Return a table of mean test accuracy ± std at a few p, at most 80 characters wide."""
    title = "test accuracy in %, mean ± std"
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("experiment")
    tried = np.concatenate([rows["p"] for rows in tables.values()])
    shown = [p for p in SHOWN if np.isclose(tried, p).any()]
    for p in shown:
        table.add_column(f"p={p:g}", justify="right", no_wrap=True)
    for name, rows in tables.items():
        scores = [100 * rows["test_accuracy"][np.isclose(rows["p"], p)] for p in shown]
        cells = (f"{s.mean():.1f}±{s.std(ddof=0):.1f}" if len(s) else "" for s in scores)
        table.add_row(name, *cells)
    return table


def main(arguments=None):
    """Run the experiments named by the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="11 values of p, 2 repeats")
    parser.add_argument("--loss", choices=["double_softmax", "log_loss"], default="double_softmax")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes side by side")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out"), help="output folder")
    options = parser.parse_args(arguments)
    n_points, n_repeats = (10, 2) if options.quick else (50, 5)
    console = Console()
    started = time.perf_counter()
    plan = experiments(n_points)
    tables = run(plan, n_repeats, options.loss, (200, 3000), options.jobs, console)
    if not tables:
        return 130
    options.out.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        rows.to_csv(options.out / f"digits_{name.replace(' ', '_')}.csv", index=False)
    draw(tables, options.loss, options.out / "digits.png")
    console.print(summary(tables))
    seconds = time.perf_counter() - started
    n_runs = sum(len(rows) for rows in tables.values())
    console.print(f"{n_runs} training runs in {seconds:.0f} s; results in {options.out}/")
    expected = n_repeats * sum(len(experiment.p) for experiment in plan)
    return 0 if n_runs == expected else 130


if __name__ == "__main__":
    sys.exit(main())
