"""Figure of the scaling of sweeps: efficiency on this machine's cores, and simulated on many."""

from itertools import cycle

import numpy as np
from matplotlib import colormaps

from benchmarks._common import figures
from benchmarks.sweeps.report import job_cells, select

BARS = 0.8  # of the height of a backend


def shades(n):
    """Return so many blues, light to dark."""
    return colormaps["Blues"](np.linspace(0.4, 0.85, n))


def draw_cores(ax, table):
    """Draw a group of bars per backend, a bar per number of cores."""
    job = select(table, what="sweep", cells=job_cells(table))
    backends, counts = list(job["backend"].unique()), sorted(job["cores"].unique())
    height = BARS / len(counts)
    for i, (count, color) in enumerate(zip(counts, shades(len(counts)), strict=True)):
        rows = select(job, cores=count)
        places = np.array([backends.index(name) for name in rows["backend"]])
        y = places + height * (i + 0.5) - BARS / 2
        label = f"{count:g} core{'s' if count > 1 else ''}"
        bars = ax.barh(y, 100 * rows["ratio"], 0.92 * height, label=label, color=color)
        ax.bar_label(bars, fmt="%.0f", padding=3)
    ax.set_yticks(range(len(backends)), backends)
    ax.invert_yaxis()
    ax.set_xlim(0, 112 * max(1, job["ratio"].max()))
    ax.set_xlabel("efficiency, %")
    ax.set_title(f"Measured: {job_cells(table)} cells on digits")
    figures.light_grid(ax, "x")
    figures.legend_below(ax, 2, reverse=False)


def draw_simulated(ax, table):
    """Draw a line per length of a cell."""
    part = select(table, what="simulated")
    cases = list(part.groupby("case", sort=False))
    for (case, rows), color, marker in zip(cases, shades(len(cases)), cycle("osD"), strict=False):
        look = {"color": color, "marker": marker, "label": f"{case} s a cell"}
        ax.plot(rows["cores"], 100 * rows["ratio"], **look)
    counts = sorted(part["cores"].unique())
    ax.set(xscale="log", ylim=(0, 105), xlabel="cores", ylabel="efficiency, %")
    figures.plain_ticks(ax.xaxis, counts, "{:,.0f}")
    overhead = 1e3 * select(table, what="task")["seconds"].iloc[0]
    cells = part["cells"].iloc[0]
    ax.set_title(f"Simulated: {cells:,.0f} cells, {overhead:.2g} ms each to schedule")
    figures.light_grid(ax)
    figures.legend_below(ax, 3)


@figures.styled
def draw(table, path):
    """Write the figure of two panels."""
    figure, axes = figures.stacked(2, 3.2)
    for ax, panel in zip(axes, (draw_cores, draw_simulated), strict=True):
        panel(ax, table)
    figures.explain(
        figure,
        "Efficiency: seconds with one run after the other, divided\n"
        "by cores × seconds; medians over rounds.",
    )
    figures.save(figure, path)
