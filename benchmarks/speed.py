"""How fast training, prediction and start-up are, beside the peers and the machine's limit.

    python benchmarks/speed.py [--quick] [--out DIR]

One run, one thread, warm. Contenders are interleaved: each round times every one of them once;
a ratio is the median over the rounds of the ratio within a round. Our step is timed through
`partial_fit` and scikit-learn's through `fit`; a timing is that of a long call less that of a
short one, which takes off what a call costs besides its steps. First fits are timed in new
processes, the median of which is given; where not warm, each has a compile cache of its own, empty
or with the dense float64 fit alone. torch is left out where it is not installed.

Writes speed.csv, speed.md and speed.png. In the CSV, `ratio` is contender / against.
"""

import argparse
import math
import pickle
import sys
import time
from pathlib import Path

import peers
import speed_report
import startup
from peers import (
    LARGE,
    OURS,
    PRODUCTS,
    PRODUCTS_PYTHON,
    PRUNED,
    SMALL,
    SPARSIFIED,
    SWEEPS,
    TORCH_PRECONDITIONED,
)
from rich.console import Console
from threadpoolctl import threadpool_limits
from timing import (
    DTYPES,
    FULL,
    QUICK,
    Row,
    compare,
    compare_all,
    duration,
    interleave,
    new_caches,
)

# (contender, against): target of the ratio, for float64; issue 3 has them.
CUT_TARGETS = {
    **{(f"sksgdprune, pruned {p:g}", OURS): "" for p in PRUNED},
    ("sksgdprune, pruned 0.9", OURS): "≤ 0.35",
    ("sksgdprune, pruned 0.98", OURS): "≤ 0.15",
    ("sksgdprune, frozen 0.9", OURS): "≤ 0.75",
}
STEP_TARGETS = {
    SMALL: {
        (OURS, PRODUCTS): "≤ 2.0",
        (OURS, PRODUCTS_PYTHON): "≤ 2.0",
        ("scikit-learn", OURS): "≥ 25",
        ("torch", OURS): "",
        (TORCH_PRECONDITIONED, OURS): "≥ 55",
    },
    LARGE: {
        (OURS, PRODUCTS): "≤ 1.3",
        (OURS, PRODUCTS_PYTHON): "≤ 1.3",
        ("scikit-learn", OURS): "≥ 1.0",
        ("torch", OURS): "≥ 1.0",
        (TORCH_PRECONDITIONED, OURS): "",
    },
}
PREDICT_TARGETS = {
    (OURS, "scikit-learn"): "≤ 1.0",
    ("scikit-learn", SPARSIFIED): "≥ 3",
    ("torch", "scikit-learn"): "",
}


def trainers(problem):
    """Return the contenders of a training step, {name: run}."""
    runs = {
        PRODUCTS: peers.products_compiled(problem),
        PRODUCTS_PYTHON: peers.products_from_python(problem),
        OURS: peers.ours(problem),
        "scikit-learn": peers.scikit_learn(problem),
    }
    if peers.torch is not None:
        runs["torch"] = peers.torch_plain(problem)
        runs[TORCH_PRECONDITIONED] = peers.torch_preconditioned(problem)
    for p in PRUNED:
        runs[f"sksgdprune, pruned {p:g}"] = peers.ours(problem, peers.pruned(p))
    runs["sksgdprune, frozen 0.9"] = peers.ours(problem, peers.frozen(0.9))
    return runs


def training(network, effort):
    """Return the rows of a network's training step, both dtypes interleaved."""
    problems = [peers.problem(network, dtype) for dtype in DTYPES]
    runs = {(name, p.dtype): run for p in problems for name, run in trainers(p).items()}
    times = interleave(runs, effort)
    rows = compare_all("step", network.name, times, STEP_TARGETS[network] | CUT_TARGETS)
    target = "≥ 1.6" if network is SMALL else ""
    keys = [(OURS, dtype) for dtype in DTYPES]
    return [*rows, compare("step", network.name, times, *keys, target)]


def prediction(n_rows, effort):
    """Return the rows of predict_proba on the large network."""
    problems = [peers.problem(LARGE, dtype) for dtype in DTYPES]
    runs = {
        (name, p.dtype): run
        for p in problems
        for name, run in peers.predictors(p, n_rows, 0.95).items()
    }
    times = interleave(runs, effort)
    targets = PREDICT_TARGETS if n_rows > 1 else dict.fromkeys(PREDICT_TARGETS, "")
    name = "-".join(map(str, LARGE.sizes))
    return compare_all(f"predict {n_rows:,}", name, times, targets)


def scaling(effort):
    """Return the rows of the sweeps over features, units, depth and batch."""
    runs = {}
    for sweep, networks in SWEEPS.items():
        for network in networks:
            problem = peers.problem(network, "float64")
            runs[sweep, network, OURS] = peers.ours(problem)
            runs[sweep, network, PRODUCTS] = peers.products_compiled(problem)
    times, rows = interleave(runs, effort), []
    for sweep, networks in SWEEPS.items():
        for network in networks:
            pair = {(c, "float64"): times[sweep, network, c] for c in (OURS, PRODUCTS)}
            keys = list(pair)
            rows.append(compare(f"scaling in {sweep}", network.name, pair, *keys))
            rows.append(compare(f"scaling in {sweep}", network.name, pair, keys[1]))
    return rows


def pickles(network, target):
    """Return the rows of the pickled size, dense and pruned by 0.95 and sparsified."""
    problem = peers.problem(network, "float64")
    name = "-".join(map(str, network.sizes))
    sparse = peers.sparsified(problem, 0.95)
    dense = len(pickle.dumps(problem.model))
    size = math.nan if sparse is None else len(pickle.dumps(sparse))
    row = Row("pickle", name, "float64", SPARSIFIED, size, "bytes", OURS, size / dense, target)
    return [Row("pickle", name, "float64", OURS, dense, "bytes"), row]


def measure(effort, console):
    """Return all rows."""
    with threadpool_limits(1), new_caches(effort.processes) as caches:
        if peers.torch is not None:
            peers.torch.set_num_threads(1)
        stages = {
            "first fit": lambda: startup.first_fits(caches),
            "first fit of variants": lambda: startup.variants(caches),
            "grid search": lambda: startup.search(effort.processes),
            "import": lambda: startup.imports(effort.import_processes, caches[0]),
            "memory": lambda: startup.memory(caches[0]),
            f"step, {SMALL.name}": lambda: training(SMALL, effort),
            f"step, {LARGE.name}": lambda: training(LARGE, effort),
            "prediction": lambda: prediction(4096, effort) + prediction(1, effort),
            "size": lambda: pickles(LARGE, "≤ 0.12") + pickles(SMALL, ""),
            "scaling": lambda: scaling(effort._replace(seconds=effort.seconds / 2)),
        }
        rows = []
        for name, stage in stages.items():
            with console.status(name):
                seconds, part = duration(lambda _, stage=stage: stage(), 1)
            console.print(f"{name}: {seconds:.0f} s")
            rows += part
        return rows


def main(arguments=None):
    """Measure, print and write; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few and short rounds")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="folder")
    options = parser.parse_args(arguments)
    console = Console()
    if peers.torch is None:
        console.print("torch is not installed: its rows are left out.")
    started = time.perf_counter()
    rows = measure(QUICK if options.quick else FULL, console)
    speed_report.write(rows, options.out, __doc__.split("\n\n")[2].strip())
    speed_report.show(rows, console)
    console.print(f"{time.perf_counter() - started:.0f} s; results in {options.out}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
