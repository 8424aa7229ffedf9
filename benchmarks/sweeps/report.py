"""Tables and sentences on the scaling of sweeps."""

from benchmarks._common.reports import markdown_table, paragraphs


def select(table, **values):
    """Return the rows in which these columns have these values."""
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def seconds(value):
    """Return seconds as text."""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def percent(ratio):
    """Return a ratio as text."""
    return f"{100 * ratio:.3g} %"


def job_cells(table):
    """Return the number of cells of the measured job."""
    return int(select(table, what="overhead")["cells"].iloc[0])


def cores_table(table):
    """Return header and cells: a line per backend and cores."""
    job = select(table, what="sweep", cells=job_cells(table))
    short = select(table, what="two steps").set_index(["backend", "cores"])["seconds"]
    lines = [
        [
            *(row.backend, f"{row.cores:g}", seconds(row.seconds), percent(row.ratio)),
            seconds(short[row.backend, row.cores]),
        ]
        for row in job.itertuples()
    ]
    return ["backend", "cores", "seconds", "efficiency", "seconds at two steps a run"], lines


def sizes_table(table, what, column, head):
    """Return header and cells: a line per backend, a column per size of a sweep."""
    part = select(table, what=what)
    most = part.groupby("backend")["cores"].transform("max")
    part = part[part["cores"] == most]
    sizes = sorted(part[column].unique())
    lines = []
    for (backend, cores), rows in part.groupby(["backend", "cores"], sort=False):
        found = rows.set_index(column)
        texts = [f"{seconds(found['seconds'][s])} ({percent(found['ratio'][s])})" for s in sizes]
        lines.append([backend, f"{cores:g}", *texts])
    return ["backend", "cores", *(head.format(size) for size in sizes)], lines


def cache_text(table):
    """Return what storing results costs, as sentences."""
    found = select(table, what="replay").set_index("case")
    first, read, disk = (found.loc[case] for case in ("computed and kept", "read", "on disk"))
    return (
        f"A sweep of {first.cells:g} cells over {first.data_mb:.3g} MB, short runs, took "
        f"{seconds(first.seconds)} s with `memory`; once more, all of it read, "
        f"{seconds(read.seconds)} s, {percent(read.ratio)} of that. On disk are "
        f"{disk.megabytes:.3g} MB, {percent(disk.ratio)} of the data once per split."
    )


def overhead_text(table):
    """Return what a sweep takes beyond its training runs, as a sentence."""
    found = select(table, what="overhead").set_index("case")
    sweep, hand = found.loc["sweep"], found.loc["by hand"]
    return (
        f"The {sweep.cells:g} cells and their warm-ups take {seconds(hand.seconds)} s in a plain "
        f"loop of copies, training runs and scores, and {seconds(sweep.seconds)} s in a sweep: "
        f"{percent(sweep.ratio)} of that. That includes what only a sweep does: each network "
        "made sparse and its prediction timed."
    )


def memory_table(table):
    """Return header and cells: a line per searcher and model."""
    lines = [
        [row.case, seconds(row.seconds), f"{row.megabytes:.0f}", f"{row.ratio:.2f}"]
        for row in select(table, what="memory").itertuples()
    ]
    return ["searcher, model", "seconds", "peak MB above the data", "in sizes of X"], lines


def cell_table(table):
    """Return header and cells: a line per number of rows, a column per number of units."""
    part = select(table, what="cell")
    hidden = sorted(part["hidden"].unique())
    lines = []
    for rows, found in part.groupby("rows"):
        by_units = found.set_index("hidden")
        texts = [
            f"{seconds(by_units['seconds'][n])} s, {by_units['megabytes'][n]:.0f} MB"
            for n in hidden
        ]
        lines.append([f"{rows:,.0f}", f"{found['data_mb'].iloc[0]:.3g}", *texts])
    return ["rows", "MB of X", *(f"{n:g} units" for n in hidden)], lines


def simulated_table(table):
    """Return header and cells: a line per number of cores, a column per length of a cell."""
    part = select(table, what="simulated")
    cases = part["case"].unique()
    found = part.set_index(["cores", "case"])
    lines = []
    for cores in sorted(part["cores"].unique()):
        rows = [found.loc[(cores, case)] for case in cases]
        texts = [f"{seconds(row.seconds)} ({percent(row.ratio)})" for row in rows]
        lines.append([f"{cores:,.0f}", *texts])
    return ["cores", *(f"cells of {case} s" for case in cases)], lines


def simulated_text(table):
    """Return what the simulation takes for granted."""
    tasks = select(table, what="task")
    row, cells = tasks.iloc[0], select(table, what="simulated")["cells"].iloc[0]
    whose = "Dask's own figure"
    if row.case == "measured":
        whose = f"as measured here of Dask with {row.cores:g} workers; {whose} is 1 ms"
    return (
        f"{cells:,.0f} cells, their times drawn from the measured ones, or 10 and 100 times as "
        "long. All warm-ups end before the first cell starts, as they do today. The scheduler "
        f"takes {1e3 * row.seconds:.3g} ms per training run ({whose}), "
        "and the data go to one core after the other at 10 Gbit/s. A core waits for its next "
        "run until the scheduler has handed it out."
    )


def markdown(table, about, figure, method):
    """Return the report; `method` says how was measured."""
    cell = select(table, what="cell").iloc[0]
    return paragraphs(
        f"# Sweeps\n\nMade by `python -m benchmarks.sweeps.scaling`.\n{method}",
        about,
        f"## Cores and backends\n\nA sweep over digits, {job_cells(table)} cells:",
        markdown_table(*cores_table(table)),
        "More cells, on as many cores as there are; seconds (efficiency):",
        markdown_table(*sizes_table(table, "sweep", "cells", "{:g} cells")),
        "More data, short runs; seconds (efficiency):",
        markdown_table(*sizes_table(table, "data", "data_mb", "{:g} MB")),
        "## Beyond the training runs\n\n" + overhead_text(table),
        cache_text(table),
        "## Memory\n\nIn two threads, over the same number of training runs:",
        markdown_table(*memory_table(table)),
        f"## One cell\n\nWarm-up, cuts, fine-tuning and score of one cell of 64 features, "
        f"{cell.case}, and its peak above the data:",
        markdown_table(*cell_table(table)),
        "## Simulated: many cores\n\n" + simulated_text(table) + " Seconds (efficiency):",
        markdown_table(*simulated_table(table)),
        f"![efficiency]({figure})" if figure else "",
    )
