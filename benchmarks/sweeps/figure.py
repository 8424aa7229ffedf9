"""Figure of the scaling of sweeps: efficiency on this machine's cores, and simulated on many."""

import numpy as np

from benchmarks._common.figures import light_grid, panels, plain_ticks
from benchmarks.sweeps.report import job_cells, select

WIDTH = 0.8  # of a group of bars


def draw_cores(ax, table):
    """Draw a group of bars per number of cores, a bar per backend."""
    job = select(table, what="sweep", cells=job_cells(table))
    backends, counts = list(job["backend"].unique()), sorted(job["cores"].unique())
    width = WIDTH / len(backends)
    for i, backend in enumerate(backends):
        rows = select(job, backend=backend)
        places = np.array([counts.index(n) for n in rows["cores"]])
        x = places + width * (i + 0.5) - WIDTH / 2
        bars = ax.bar(x, 100 * rows["ratio"], 0.92 * width, label=backend)
        ax.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    ax.axhline(100, color="0.3", linewidth=1)
    ax.set_xticks(range(len(counts)), [f"{n:g}" for n in counts])
    ax.set_ylim(0, 130 * max(1, job["ratio"].max()))  # room for the legend
    ax.set(xlabel="cores", ylabel="efficiency, %")
    ax.set_title(f"measured: {job_cells(table)} cells on digits")
    ax.legend(ncols=3, fontsize=8, loc="upper center")


def draw_simulated(ax, table):
    """Draw a line per length of a cell."""
    part = select(table, what="simulated")
    for case, rows in part.groupby("case", sort=False):
        ax.plot(rows["cores"], 100 * rows["ratio"], "o-", label=f"cells of {case} s")
    counts = sorted(part["cores"].unique())
    ax.set(xscale="log", ylim=(0, 105), xlabel="cores", ylabel="efficiency, %")
    plain_ticks(ax.xaxis, counts, "{:,.0f}")
    overhead = 1e3 * select(table, what="task")["seconds"].iloc[0]
    cells = part["cells"].iloc[0]
    ax.set_title(f"simulated: {cells:,.0f} cells, scheduler {overhead:.2g} ms per run")
    ax.legend(fontsize=8)


def draw(table, path):
    """Write the figure of two panels."""
    figure, (axes,) = panels(1, 2, (11.5, 4.4))
    for ax, panel in zip(axes, (draw_cores, draw_simulated), strict=True):
        panel(ax, table)
        light_grid(ax, "y")
    figure.savefig(path, dpi=110)
