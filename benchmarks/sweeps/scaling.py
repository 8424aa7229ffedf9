"""Scaling of sweeps, and what they cost beside their training runs: cores, cells, data, backends.

    python -m benchmarks.sweeps.scaling [--quick] [--out FOLDER]

The job is a sweep over digits with 32 hidden units and else the defaults, so with runs of 12,800
steps, without the last run on all the data. Each round runs every backend once with each number of
cores; efficiency is the time in this process, one training run after the other, ÷ (cores × time),
the median over the rounds. The workers of a backend start before the clock does, and a short sweep
has them import the package and load the compiled kernels; only Ray, whose pool joblib makes anew in
every call, starts its workers within the time. With one core joblib runs loky and Ray in this
process. What a sweep of two steps per training run takes is given beside it. BLAS has one thread.
Backends that are not installed are left out. Short runs over larger data cut once, and so do those
whose memory is measured.

Memory is measured in new processes. The largest sweeps are simulated from the measured times of
the training runs, see simulation.py: a central scheduler takes for each what Dask was measured to
take for a task that does nothing, or where it is not installed 1 ms, Dask's own figure.

Writes sweep_scaling.csv, sweep_scaling.md and sweep_scaling.png; goes on where it was ended, a
stage being measured as a whole.
"""

import sys
import tempfile
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks._common import command_line
from benchmarks._common.reports import machine
from benchmarks._common.results import Cell, Results, complete, tell
from benchmarks.sweeps import engines, figure, processes, report
from benchmarks.sweeps.job import Job, by_hand, digits, large_data, seconds_of, sweep_of
from benchmarks.sweeps.processes import Search
from benchmarks.sweeps.simulation import Cluster, draw, simulate

COLUMNS = (
    *("stage", "what", "case", "backend", "cores", "cells", "rows", "hidden"),
    *("data_mb", "seconds", "megabytes", "ratio", "version"),
)
MEASURED = ["what", "backend", "cores", "cells", "data_mb"]
DASKS_FIGURE = 1e-3  # seconds per task, as Dask's documentation has it
BANDWIDTH = 1.25e9  # bytes per second: 10 Gbit/s, out of one machine
FEW_CUTS = "one_shot"  # where runs are short: of many cuts each reads all rows
SIMULATED_CORES = 100, 300, 1_000, 3_000, 10_000
FACTORS = 1, 10, 100  # how much longer than the measured ones simulated runs are


class Effort(NamedTuple):
    """How much is measured."""

    rounds: int  # of which medians are taken
    backends: tuple  # those to measure, as far as installed
    job: Job  # the sweep over digits
    repeats: tuple  # others than the job's own
    data: tuple  # MB of larger data
    data_job: Job  # the sweep over them
    replay: Job  # the sweep whose results are cached
    replay_mb: float  # MB of its data
    search: Search  # the sweep and the grid search whose memory is measured
    rows: tuple  # of single cells
    hidden: tuple  # units of single cells
    cell_steps: int
    simulated: Job


FULL = Effort(
    rounds=3,
    backends=engines.ALL,
    job=Job(n_p=4, splits=5, repeats=2, steps=12_800),
    repeats=(1, 4),
    data=(8, 80),
    data_job=Job(n_p=3, splits=2, repeats=2, steps=160),
    replay=Job(n_p=2, splits=5, repeats=4, steps=160),
    replay_mb=80,
    search=Search(rows=10_000, columns=1_000, steps=160, n_p=4, splits=3, repeats=2),
    rows=(1_000, 10_000, 100_000),
    hidden=(32, 100, 300),
    cell_steps=800,
    simulated=Job(n_p=20, splits=50, repeats=10, steps=12_800),
)
QUICK = Effort(
    rounds=1,
    backends=(engines.SEQUENTIAL, engines.THREADING),
    job=Job(n_p=2, splits=2, repeats=1, steps=32),
    repeats=(2,),
    data=(2,),
    data_job=Job(n_p=2, splits=2, repeats=1, steps=32),
    replay=Job(n_p=2, splits=2, repeats=1, steps=32),
    replay_mb=2,
    search=Search(rows=500, columns=500, steps=32, n_p=2, splits=2, repeats=1),
    rows=(1_000,),
    hidden=(32,),
    cell_steps=32,
    simulated=Job(n_p=4, splits=5, repeats=10, steps=160),
)


# Sweeps on this machine's cores.


def time_backend(backend, cores, effort):
    """Return the rows of one round of a backend on so many cores."""
    job, (X, y) = effort.job, digits()
    common = {"backend": backend, "cores": cores}
    with engines.running(backend, cores):
        seconds_of(sweep_of(warming(job, cores)), X, y)
        short = job._replace(steps=2)
        rows = [
            {"what": "two steps", "cells": job.cells, "seconds": seconds_of(sweep_of(short), X, y)}
        ]
        rows += [time_job(job, X, y)]
        if cores == max_cores(backend):
            rows += [time_job(job._replace(repeats=n), X, y) for n in effort.repeats]
            rows += [time_data(effort.data_job, megabytes) for megabytes in effort.data]
    return [common | row for row in rows]


def warming(job, cores):
    """Return a shorter sweep in which every worker takes part."""
    return job._replace(splits=2, repeats=2 * cores, steps=min(job.steps, 320))


def max_cores(backend):
    """Return the largest number of cores that is measured of a backend."""
    return 1 if backend == engines.SEQUENTIAL else engines.core_counts()[-1]


def time_job(job, X, y):
    """Return the row of a sweep over digits."""
    return {"what": "sweep", "cells": job.cells, "seconds": seconds_of(sweep_of(job), X, y)}


def time_data(job, megabytes):
    """Return the row of a sweep over larger data; there was one before, over fewer rows."""
    X, y = large_data(megabytes)
    sweep = sweep_of(job, schedule=FEW_CUTS)
    seconds_of(sweep, *large_data(1))  # what is new is compiled
    row = {"what": "data", "cells": job.cells, "data_mb": megabytes}
    return row | {"seconds": seconds_of(sweep, X, y)}


def scaling(effort):
    """Return the rows of all backends, and the runs by hand of each round."""
    rows, hands, (X, y) = [], [], digits()
    cases = engines.cases(engines.installed(effort.backends), engines.core_counts())
    seconds_of(sweep_of(effort.job), X, y)
    for r in range(effort.rounds):
        hands.append(by_hand(effort.job, X, y))
        for backend, cores in cases:
            rows += [row | {"round": r} for row in time_backend(backend, cores, effort)]
            tell(f"round {r + 1} of {effort.rounds}: {backend}, cores: {cores}")
    return pd.DataFrame(rows).assign(data_mb=lambda table: table.get("data_mb", np.nan)), hands


def medians(table):
    """Return medians over the rounds; `ratio` is the efficiency, that within a round."""
    alone = table[table["backend"] == engines.SEQUENTIAL]
    same = ["what", "cells", "data_mb", "round"]
    table = table.merge(alone[[*same, "seconds"]], on=same, how="left", suffixes=("", "_alone"))
    table["ratio"] = table["seconds_alone"] / (table["cores"] * table["seconds"])
    table.loc[table["what"] == "two steps", "ratio"] = np.nan
    groups = table.groupby(MEASURED, dropna=False, sort=False)
    return groups[["seconds", "ratio"]].median().reset_index()


def overhead(table, hands):
    """Return the rows of what a sweep in this process takes beyond its runs by hand."""
    own = table[(table["what"] == "sweep") & (table["backend"] == engines.SEQUENTIAL)]
    n_cells = hands[0].cells.size
    sweeps = own[own["cells"] == n_cells].sort_values("round")["seconds"].to_numpy()
    by_hand = np.array([hand.seconds for hand in hands])
    common = {"what": "overhead", "cells": n_cells, "cores": 1}
    return [
        common | {"case": "by hand", "seconds": np.median(by_hand)},
        common
        | {"case": "sweep", "seconds": np.median(sweeps), "ratio": np.median(sweeps / by_hand)},
    ]


# Cached results, memory, single cells.


def replay(effort):
    """Return the rows of a sweep that stores its results, and of one that reads them."""
    job, (X, y) = effort.replay, large_data(effort.replay_mb)
    seconds_of(sweep_of(job, schedule=FEW_CUTS), *large_data(1))
    with tempfile.TemporaryDirectory() as folder:
        sweep = sweep_of(job, schedule=FEW_CUTS, memory=folder)
        first, again = (seconds_of(sweep, X, y) for _ in range(2))
        megabytes = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file()) / 2**20
    common = {"what": "replay", "cells": job.cells, "data_mb": X.nbytes / 2**20}
    return [
        common | {"case": "computed and kept", "seconds": first},
        common | {"case": "read", "seconds": again, "ratio": again / first},
        common
        | {"case": "on disk", "megabytes": megabytes}
        | {"ratio": megabytes * 2**20 / (job.splits * X.nbytes)},
    ]


def memory(effort):
    """Return the rows of the peaks of sweep and grid search; `ratio` is that to the data."""
    search = effort.search
    return [
        {"what": "memory", "case": f"{name}, {model}", "cores": 2, "cells": search.cells}
        | {"data_mb": search.megabytes, "seconds": seconds, "megabytes": peak}
        | {"backend": engines.THREADING, "ratio": peak / search.megabytes}
        for (name, model), (seconds, peak) in processes.peaks(search).items()
    ]


def cells(effort):
    """Return the rows of single cells."""
    found = processes.cells(effort.rows, effort.hidden, effort.cell_steps)
    return [
        {"what": "cell", "case": f"{effort.cell_steps} steps", "cells": 1, "rows": rows}
        | {"hidden": hidden, "seconds": seconds, "megabytes": peak}
        | {"data_mb": 8 * 64 * rows / 2**20}
        for (rows, hidden), (seconds, peak) in found.items()
    ]


# Simulated sweeps.


def per_task(effort):
    """Return the rows of what a task that does nothing takes, in Dask; the simulation's first."""
    rows = [{"what": "task", "case": "Dask's own figure", "seconds": DASKS_FIGURE}]
    if engines.DASK in engines.installed(effort.backends):
        cores = max_cores(engines.DASK)
        with engines.running(engines.DASK, cores):
            seconds = engines.seconds_per_task(2_000)
        measured = {"what": "task", "case": "measured", "cores": cores, "seconds": seconds}
        rows.insert(0, measured | {"backend": engines.DASK})
    return rows


def simulations(effort, hands, seconds_per_task):
    """Return the rows of the simulated sweep; `ratio` is the efficiency."""
    job, X = effort.simulated, digits()[0]
    measured = (np.concatenate([getattr(h, name) for h in hands]) for name in ("warmups", "cells"))
    warmups, cells = measured
    rows = []
    for factor, cores in product(FACTORS, SIMULATED_CORES):
        times = draw(warmups, job.warmups, factor), draw(cells, job.cells, factor)
        found = simulate(*times, Cluster(cores, seconds_per_task, X.nbytes / BANDWIDTH))
        common = {"what": "simulated", "case": f"{factor * cells.mean():.2g}", "cores": cores}
        common |= {"cells": job.cells, "data_mb": X.nbytes / 2**20, "backend": "simulation"}
        rows += [common | {"seconds": found.seconds, "ratio": found.efficiency}]
    return rows


# All of it.


def cores(effort):
    """Return the rows of what runs on several cores, or is simulated from it."""
    table, hands = scaling(effort)
    tasks = per_task(effort)
    return [
        *medians(table).to_dict("records"),
        *overhead(table, hands),
        *tasks,
        *simulations(effort, hands, tasks[0]["seconds"]),
    ]


STAGES = {"cores": cores, "replay": replay, "memory": memory, "cells": cells}


def measure(stage, effort):
    """Return the rows of a stage."""
    return STAGES[stage](effort)


def facts():
    """Return what was measured on."""
    packages = "numpy", "scipy", "scikit-learn", "numba", "joblib", "distributed", "ray"
    found = machine(*packages)
    cpu = found["CPU"].replace("one thread used", "one thread per training run")
    return found | {"CPU": cpu}


def main(arguments=None):
    """Measure, write, print."""
    options = command_line.parser(__doc__).parse_args(arguments)
    path = options.out / f"sweep_scaling{'_quick' if options.quick else ''}.csv"
    results = Results(path, COLUMNS, ["stage"], facts=facts)
    todo = [Cell((stage,), (stage, QUICK if options.quick else FULL)) for stage in STAGES]
    markdown = partial(report.markdown, method="\n\n".join(__doc__.split("\n\n")[2:4]))
    how = {"draw": figure.draw, "summary": partial(markdown, about="", figure="")}
    complete(results, options, measure, todo, markdown, **how)


if __name__ == "__main__":
    sys.exit(main())
