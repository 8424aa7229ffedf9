"""Speed of training, prediction and start-up, beside the peers and the machine's limit.

    python -m benchmarks.speed.comparison [--quick] [--out FOLDER]

One run, one thread, warm. Contenders are interleaved: each round times every one of them once;
a ratio is the median over the rounds of the ratio within a round. Our step is timed through
`partial_fit` and scikit-learn's through `fit`; a timing is that of a long call less that of a
short one, which takes off what a call costs besides its steps. First fits are timed in new
processes, the median of which is given; where not warm, each has a compile cache of its own, empty
or with the dense float64 fit alone. torch is left out where it is not installed.

Writes speed.csv, speed.md and speed.png; goes on where it was ended, a stage being measured as a
whole. In the CSV, `ratio` is contender / against.
"""

import math
import pickle
import sys
from functools import partial

from benchmarks._common import command_line
from benchmarks._common.reports import machine
from benchmarks._common.results import Cell, Results, complete
from benchmarks._common.timing import (
    DTYPES,
    FULL,
    QUICK,
    Row,
    compare,
    compare_all,
    interleave,
    new_caches,
)
from benchmarks.speed import contenders, figure, report, startup
from benchmarks.speed.contenders import (
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

COLUMNS = "stage", *Row._fields, "met", "version"
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
        PRODUCTS: contenders.products_compiled(problem),
        PRODUCTS_PYTHON: contenders.products_from_python(problem),
        OURS: contenders.ours(problem),
        "scikit-learn": contenders.scikit_learn(problem),
    }
    if contenders.torch is not None:
        runs["torch"] = contenders.torch_plain(problem)
        runs[TORCH_PRECONDITIONED] = contenders.torch_preconditioned(problem)
    for p in PRUNED:
        runs[f"sksgdprune, pruned {p:g}"] = contenders.ours(problem, contenders.pruned(p))
    runs["sksgdprune, frozen 0.9"] = contenders.ours(problem, contenders.frozen(0.9))
    return runs


def training(network, effort):
    """Return the rows of a network's training step, both dtypes interleaved."""
    problems = [contenders.problem(network, dtype) for dtype in DTYPES]
    runs = {(name, p.dtype): run for p in problems for name, run in trainers(p).items()}
    times = interleave(runs, effort)
    rows = compare_all("step", network.name, times, STEP_TARGETS[network] | CUT_TARGETS)
    target = "≥ 1.6" if network is SMALL else ""
    keys = [(OURS, dtype) for dtype in DTYPES]
    return [*rows, compare("step", network.name, times, *keys, target)]


def prediction(n_rows, effort):
    """Return the rows of predict_proba on the large network."""
    problems = [contenders.problem(LARGE, dtype) for dtype in DTYPES]
    runs = {
        (name, p.dtype): run
        for p in problems
        for name, run in contenders.predictors(p, n_rows, 0.95).items()
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
            problem = contenders.problem(network, "float64")
            runs[sweep, network, OURS] = contenders.ours(problem)
            runs[sweep, network, PRODUCTS] = contenders.products_compiled(problem)
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
    problem = contenders.problem(network, "float64")
    name = "-".join(map(str, network.sizes))
    sparse = contenders.sparsified(problem, 0.95)
    dense = len(pickle.dumps(problem.model))
    size = math.nan if sparse is None else len(pickle.dumps(sparse))
    row = Row("pickle", name, "float64", SPARSIFIED, size, "bytes", OURS, size / dense, target)
    return [Row("pickle", name, "float64", OURS, dense, "bytes"), row]


def start_up(effort):
    """Return the rows of new processes; the first fits leave compiled code for the others."""
    with new_caches(effort.processes) as caches:
        return [
            *startup.first_fits(caches),
            *startup.variants(caches),
            *startup.search(effort.processes),
            *startup.imports(effort.import_processes, caches[0]),
            *startup.memory(caches[0]),
        ]


STAGES = {
    "start-up": start_up,
    f"step, {SMALL.name}": partial(training, SMALL),
    f"step, {LARGE.name}": partial(training, LARGE),
    "prediction": lambda effort: prediction(4096, effort) + prediction(1, effort),
    "size": lambda _: pickles(LARGE, "≤ 0.12") + pickles(SMALL, ""),
    "scaling": lambda effort: scaling(effort._replace(seconds=effort.seconds / 2)),
}


def measure(stage, effort):
    """Return the rows of a stage."""
    return [row._asdict() | {"met": row.met} for row in STAGES[stage](effort)]


def main(arguments=None):
    """Measure, write, print."""
    options = command_line.parser(__doc__).parse_args(arguments)
    facts = partial(machine, "numpy", "scipy", "scikit-learn", "numba", "llvmlite", "torch")
    results = Results(
        options.out / "speed.csv", COLUMNS, ["stage"], text=report.TEXT_COLUMNS, facts=facts
    )
    todo = [Cell((stage,), (stage, QUICK if options.quick else FULL)) for stage in STAGES]
    markdown = partial(report.markdown, method=__doc__.split("\n\n")[2])
    how = {"draw": figure.draw, "summary": lambda table: report.summary(report.rows_of(table))}
    complete(results, options, measure, todo, markdown, **how)


if __name__ == "__main__":
    sys.exit(main())
