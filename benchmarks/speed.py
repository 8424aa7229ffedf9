"""How fast training, prediction and start-up are, beside the peers and the machine's limit.

    python benchmarks/speed.py [--quick] [--out DIR]

One run, one thread, warm. Contenders are interleaved: each round times every one of them once;
a ratio is the median over the rounds of the ratio within a round. Our step is timed through
`partial_fit` and scikit-learn's through `fit`; a timing is that of a long call less that of a
short one, which takes off what a call costs besides its steps. torch is left out where it is not
installed.

Writes speed.csv, speed.md and speed.png. In the CSV, `ratio` is contender / against.
"""

import argparse
import json
import math
import operator
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import peers
from peers import Network
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

import sksgdprune

SMALL = Network((61, 32, 10), 32, 1257)
LARGE = Network((784, 300, 100, 10), 128, 6000)
DTYPES = "float64", "float32"
PRUNED = 0.5, 0.8, 0.9, 0.95, 0.98
SWEEPS = {
    "features": [Network((n, 64, 10), 32, 1000) for n in (16, 64, 256, 1024)],
    "units": [Network((64, n, 10), 32, 1000) for n in (16, 64, 256, 1024)],
    "depth": [Network((64, *n * (64,), 10), 32, 1000) for n in (1, 2, 4, 8)],
    "batch": [Network((64, 64, 10), n, 1000) for n in (8, 32, 128, 512)],
}

OURS = "sksgdprune"
PRODUCTS = "products, compiled loop"
PRODUCTS_PYTHON = "products, called from Python"
TORCH_PRECONDITIONED = "torch, preconditioned"
SPARSIFIED = "sksgdprune, pruned 0.95, sparsified"
NOT_AVAILABLE = "not available"

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


class Row(NamedTuple):
    """One measured figure, and what it is held to."""

    figure: str
    network: str
    dtype: str
    contender: str
    value: float
    unit: str
    against: str = ""
    ratio: float = math.nan  # value / value of `against`
    target: str = ""

    @property
    def met(self):
        """Whether ratio, or value where there is none, keeps to the target as printed."""
        if not self.target:
            return ""
        measured = self.ratio if self.against else self.value
        if math.isnan(measured):
            return NOT_AVAILABLE
        sign, bound = self.target.split()[:2]
        compare = {"≤": operator.le, "≥": operator.ge}[sign]
        return "yes" if compare(round(measured, 3), float(bound)) else "no"

    @property
    def measured(self):
        """Ratio or value as text."""
        if self.against:
            return f"{self.ratio:.3g}"
        return f"{self.value:.3g} {self.unit}"


class Effort(NamedTuple):
    """How long to measure."""

    rounds: int
    seconds: float  # least duration of one timing
    processes: int  # of which a median is taken
    import_processes: int


QUICK, FULL = Effort(5, 0.03, 1, 3), Effort(9, 0.2, 3, 5)


# Timing.


def duration(run, n):
    """Return (seconds, steps taken) of run(n)."""
    start = time.perf_counter()
    steps = run(n)
    return time.perf_counter() - start, steps


def step_time(run, n):
    """Return (seconds, steps) that run(n) takes beyond run(1)."""
    (short, first), (long, steps) = duration(run, 1), duration(run, n)
    return long - short, steps - first


def units_for(run, seconds):
    """Return an n for which run(n) lasts at least `seconds` beyond run(1), once warm."""
    run(1)
    n = 2
    while (took := step_time(run, n)[0]) < seconds:
        n = math.ceil(n * min(1.2 * seconds / max(took, seconds / 50), 50)) + 1
    return n


def interleave(runs, effort):
    """Return microseconds per step of each contender, {key: array with one entry per round}."""
    units = {key: units_for(run, effort.seconds) for key, run in runs.items()}
    times = {key: np.empty(effort.rounds) for key in runs}
    for r in range(effort.rounds):
        for key, run in runs.items():
            seconds, steps = step_time(run, units[key])
            times[key][r] = 1e6 * seconds / steps
    return times


def compare(figure, network, times, contender, against=None, target=""):
    """Return a Row of contender / against; both are keys (name, dtype) of `times`."""
    name, dtype = contender
    if contender not in times or against not in (None, *times):
        return Row(figure, network, dtype, name, math.nan, "µs", against[0], target=target)
    row = Row(figure, network, dtype, name, float(np.median(times[contender])), "µs")
    if against is None:
        return row
    label = against[0] if against[1] == dtype else f"{against[0]}, {against[1]}"
    ratio = float(np.median(times[contender] / times[against]))
    return row._replace(against=label, ratio=ratio, target=target)


def compare_all(figure, network, times, targets):
    """Return the rows of all contenders, then those of the comparisons in `targets`."""
    rows = [compare(figure, network, times, key) for key in times]
    for dtype in DTYPES:
        for (name, against), target in targets.items():
            held = target if dtype == "float64" else ""
            keys = (name, dtype), (against, dtype)
            if held or all(key in times for key in keys):
                rows.append(compare(figure, network, times, *keys, held))
    return rows


# Figures of a warm process.


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


# Figures of a new process; each script prints one JSON list of numbers.

IMPORT = """
import json, time
times = [time.perf_counter()]
import sklearn.neural_network
times.append(time.perf_counter())
import numba
times.append(time.perf_counter())
import sksgdprune
times.append(time.perf_counter())
print(json.dumps([b - a for a, b in zip(times, times[1:])]))
"""
FIRST_FIT = """
import json, time
start = time.perf_counter()
import numpy as np
from sksgdprune import PreconditionedMLPClassifier
X = np.random.default_rng(0).standard_normal((1257, 61))
model = PreconditionedMLPClassifier((32,), random_state=0)
ready = time.perf_counter()
model.fit(X, np.arange(1257) % 10)
end = time.perf_counter()
print(json.dumps([end - ready, end - start]))
"""
CSR_FIT = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
from scipy.sparse import csr_array
from sksgdprune import PreconditionedMLPClassifier

def data(n_rows, n_columns, per_row):
    rng, width = np.random.default_rng(0), n_columns // per_row
    indices = np.empty((n_rows, per_row), dtype=np.int32)
    for row in indices:
        row[:] = width * np.arange(per_row) + rng.integers(width, size=per_row)
    parts = np.ones(indices.size), indices.ravel(), np.arange(n_rows + 1, dtype=np.int32) * per_row
    return csr_array(parts, shape=(n_rows, n_columns)), np.arange(n_rows) % 10

def peak():
    status = Path("/proc/self/status")
    if status.exists():  # on Linux ru_maxrss would hold the parent process's peak as well
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

model = PreconditionedMLPClassifier((32,), random_state=0, max_steps=20)
try:
    model.fit(*data(100, 50, 5))
except (TypeError, ValueError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
X, y = data(100_000, 50_000, 50)
before, start = peak(), time.perf_counter()
model.fit(X, y)
print(json.dumps([peak() - before, time.perf_counter() - start]))
"""


def new_process(script, cache):
    """Return the numbers that a script prints in a new one-threaded process; None if it fails."""
    one_thread = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMBA")
    root = str(Path(sksgdprune.__file__).parents[1])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {f"{library}_NUM_THREADS": "1" for library in one_thread}
    environment |= {"NUMBA_CACHE_DIR": cache, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout)
    print(done.stderr.strip().rpartition("\n")[2], file=sys.stderr)
    return None


def median_of(script, n_processes, cache):
    """Return the medians of the numbers of several processes; None if a script fails."""
    numbers = [new_process(script, cache) for _ in range(n_processes)]
    return None if None in numbers else np.median(numbers, axis=0).tolist()


def start_up(effort, cache):
    """Return the rows of import and first fit; leaves `cache` warm."""
    name, unit = "-".join(map(str, SMALL.sizes)), "s"
    nothing = [math.nan] * 3
    rows = []
    for figure, n, target in (("cold", 1, "≤ 15"), ("warm cache", effort.processes, "≤ 1")):
        fit, whole = median_of(FIRST_FIT, n, cache) or nothing[:2]
        figure = f"first fit, {figure}"
        rows.append(Row(figure, name, "float64", OURS, fit, unit, target=target))
        rows.append(Row(figure, name, "float64", f"{OURS} with imports", whole, unit))
    parts = median_of(IMPORT, effort.import_processes, cache) or nothing
    names = "scikit-learn", "numba beyond it", "sksgdprune beyond both"
    for part, seconds in zip(names, parts, strict=True):
        target = "≤ 0.15" if part.startswith(OURS) else ""
        rows.append(Row("import", "", "", part, seconds, unit, target=target))
    return rows


def memory(cache):
    """Return the rows of a fit on 100,000 × 50,000 CSR at density 0.001."""
    new_process(CSR_FIT, cache)  # compiles what is new; a compiler's own peak would hide the fit's
    megabytes, seconds = new_process(CSR_FIT, cache) or [math.nan] * 2
    figure = "fit on CSR 100,000 by 50,000"
    common = figure, "50000-32-10, S 32", "float64"
    return [
        Row(*common, "peak memory beyond the data", megabytes, "MB", target="≤ 400"),
        Row(*common, "20 steps", seconds, "s"),
    ]


def measure(effort, console):
    """Return all rows."""
    with threadpool_limits(1), tempfile.TemporaryDirectory() as cache:
        if peers.torch is not None:
            peers.torch.set_num_threads(1)
        stages = {
            "start-up": lambda: start_up(effort, cache),
            "memory": lambda: memory(cache),
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


# Report.


def frame(rows):
    """Return the rows as a DataFrame, the CSV's columns."""
    return pd.DataFrame([row._asdict() | {"met": row.met} for row in rows])


def held_rows(rows):
    """Return the cells of the table of targets: one list per row that has one."""
    return [
        [
            row.figure,
            " ".join(filter(None, (row.network, row.dtype))),
            f"{row.contender} / {row.against}" if row.against else row.contender,
            row.target if row.against else f"{row.target} {row.unit}",
            NOT_AVAILABLE if row.met == NOT_AVAILABLE else row.measured,
            "" if row.met == NOT_AVAILABLE else row.met,
        ]
        for row in rows
        if row.target
    ]


def microsecond_rows(rows, figures):
    """Return header and cells of a table of medians: a line per contender, a column per case."""
    keys = ["figure", "network", "dtype", "contender"]
    times = frame(rows).dropna(subset="value").drop_duplicates(keys)
    times = times[times["figure"].isin(figures)]
    times["case"] = times["figure"] + ", " + times["network"] + ", " + times["dtype"]
    cases, contenders = times["case"].unique(), times["contender"].unique()
    values = times.set_index(["contender", "case"])["value"]
    cells = [
        [name, *(f"{values[name, c]:,.4g}" if (name, c) in values.index else "" for c in cases)]
        for name in contenders
    ]
    return ["median µs", *cases], cells


STEP, PREDICT = ["step"], ["predict 4,096", "predict 1"]
HELD_HEADER = ["figure", "network", "ratio or value", "target", "measured", "met"]


def rich_table(header, cells, title):
    """Return a table for the terminal."""
    table = Table(title=title)
    for name in header:
        table.add_column(name)
    for line in cells:
        colour = {"yes": "green", "no": "red"}.get(line[-1])
        table.add_row(*line, style=colour)
    return table


def markdown_table(header, cells):
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine():
    """Return what was measured on, {what: text}."""
    names = "sksgdprune", "numpy", "scipy", "scikit-learn", "numba", "llvmlite", "torch"
    versions = {"python": platform.python_version()}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    versions["sksgdprune"] = sksgdprune.__version__
    return {
        "CPU": f"{cpu_model()}, {os.cpu_count()} cores, one thread used",
        "versions": ", ".join(f"{name} {text}" for name, text in versions.items()),
    }


def cpu_model():
    """Return the processor's name as far as the system tells."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def report(rows):
    """Return speed.md."""
    about = "\n".join(f"- {what}: {text}" for what, text in machine().items())
    return f"""# Speed

Written by `python benchmarks/speed.py`. {__doc__.split(chr(10) * 2)[2].strip()}

{about}

{markdown_table(HELD_HEADER, held_rows(rows))}

A training step:

{markdown_table(*microsecond_rows(rows, STEP))}

One call of predict_proba, on 4,096 rows and on 1 row:

{markdown_table(*microsecond_rows(rows, PREDICT))}

![ratios](speed.png)
"""


# Figure.


def draw_steps(ax, table):
    """Draw each contender's step relative to the matrix products."""
    steps = table.query("figure == 'step' and dtype == 'float64'")
    steps = steps.drop_duplicates(["network", "contender"])
    names = [OURS, "sksgdprune, pruned 0.9", "sksgdprune, pruned 0.98"]
    names += [PRODUCTS_PYTHON, "torch", TORCH_PRECONDITIONED, "scikit-learn"]
    for i, network in enumerate((SMALL, LARGE)):
        value = steps[steps["network"] == network.name].set_index("contender")["value"]
        ratio = value.reindex(names) / value[PRODUCTS]
        bars = ax.barh(np.arange(len(names)) + 0.4 * i - 0.2, ratio, 0.4, label=network.name)
        ax.bar_label(bars, [f"{r:.2g}" if r > 0 else "" for r in ratio], padding=2, fontsize=8)
    ax.axvline(1, color="0.3", linewidth=1)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set(xscale="log", title="training step / its matrix products, float64")
    ax.set_xlim(right=ax.get_xlim()[1] * 2)
    ax.legend()


def draw_cuts(ax, table):
    """Draw the pruned and frozen steps relative to the dense one."""
    cuts = table[(table["figure"] == "step") & (table["against"] == OURS)]
    for i, network in enumerate((SMALL, LARGE)):
        for dtype, style in zip(DTYPES, "-:", strict=True):
            part = cuts[(cuts["network"] == network.name) & (cuts["dtype"] == dtype)]
            ratio = part.set_index("contender")["ratio"]
            y = [1, *(ratio[f"sksgdprune, pruned {p:g}"] for p in PRUNED)]
            label = f"pruned, {network.name}, {dtype}"
            ax.plot([0, *PRUNED], y, style, color=f"C{i}", marker="o", markersize=4, label=label)
            if dtype == "float64":
                y = ratio["sksgdprune, frozen 0.9"]
                label = f"frozen, {network.name}"
                ax.plot(0.9, y, "s", color=f"C{i}", fillstyle="none", label=label)
    ax.plot([0.9, 0.98], [0.35, 0.15], "kv", label="at most (pruned)")
    ax.set(ylim=0, xlabel="fraction pruned or frozen", title="training step / dense step")
    ax.legend(fontsize=8, loc="lower left")


def draw_prediction(ax, table):
    """Draw predict_proba's time relative to scikit-learn's."""
    names = [OURS, SPARSIFIED, "torch"]
    cases = [(f"predict {rows}", dtype) for rows in ("4,096", "1") for dtype in DTYPES]
    for i, (figure, dtype) in enumerate(cases):
        part = table[(table["figure"] == figure) & (table["dtype"] == dtype)]
        value = part.drop_duplicates("contender").set_index("contender")["value"]
        ratio = value.reindex(names) / value["scikit-learn"]
        label = f"{figure.removeprefix('predict ')} rows, {dtype}".replace("1 rows", "1 row")
        bars = ax.barh(np.arange(len(names)) + 0.2 * i - 0.3, ratio, 0.2, label=label)
        ax.bar_label(bars, [f"{r:.2f}" if r > 0 else "" for r in ratio], padding=2, fontsize=8)
    ax.axvline(1, color="0.3", linewidth=1)
    ax.set_yticks(range(len(names)), [name.replace(", ", ",\n") for name in names])
    ax.invert_yaxis()
    ax.set_xlim(right=1.6 * ax.get_xlim()[1])
    ax.set(title="predict_proba / scikit-learn's, 784-300-100-10")
    ax.legend(fontsize=8, loc="center right")


def draw_scaling(ax, table):
    """Draw the step's time against its multiply-adds."""
    for i, (sweep, networks) in enumerate(SWEEPS.items()):
        part = table[(table["figure"] == f"scaling in {sweep}") & (table["contender"] == OURS)]
        value = part.set_index("network")["value"]
        x, y = [n.multiply_adds for n in networks], [value[n.name] for n in networks]
        ax.plot(x, y, "o-", color=f"C{i}", label=f"more {sweep}")
    points = table[table["figure"].str.startswith("scaling") & (table["contender"] == PRODUCTS)]
    networks = {n.name: n.multiply_adds for sweep in SWEEPS.values() for n in sweep}
    ax.plot(points["network"].map(networks), points["value"], "k.", label="products alone")
    ax.set(xscale="log", yscale="log", xlabel="multiply-adds per step", ylabel="µs per step")
    ax.set_title("scaling from 64-64-10, S 32, float64")
    ax.legend(fontsize=8)


def draw(table, path):
    """Write the figure of four panels."""
    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(13, 9), layout="constrained")
    panels = draw_steps, draw_cuts, draw_prediction, draw_scaling
    for ax, panel in zip(axes.flat, panels, strict=True):
        panel(ax, table)
        ax.grid(alpha=0.3)
        ax.set_axisbelow(True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


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
    options.out.mkdir(parents=True, exist_ok=True)
    frame(rows).to_csv(options.out / "speed.csv", index=False, float_format="%.6g")
    (options.out / "speed.md").write_text(report(rows), encoding="utf-8")
    draw(frame(rows), options.out / "speed.png")
    console.print(rich_table(HELD_HEADER, held_rows(rows), "against the targets of issue 3"))
    for figures in (STEP, PREDICT):
        console.print(rich_table(*microsecond_rows(rows, figures), figures[0].split()[0]))
    console.print(f"{time.perf_counter() - started:.0f} s; results in {options.out}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
