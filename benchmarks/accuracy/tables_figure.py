"""Figure of `tables.py`: how much better or worse than ours each peer is, set by set."""

import numpy as np

from benchmarks._common import figures
from benchmarks.accuracy import tables_report as report

COLUMNS = {"log_loss": "log-loss", "score": "R²"}
COLORS = {
    report.OURS: figures.OURS,
    report.MLP: figures.MLP,
    "HistGradientBoosting": figures.TREES,
    "LightGBM": figures.FURTHER,
}
LIMIT = 0.3  # differences beyond are drawn at the edge
SECONDS = 0.01, 0.1, 1, 10, 100
ROWS = 100, 1_000, 10_000, 100_000


def color(name):
    """Return a contender's colour; RealMLP is torch's."""
    return COLORS.get(name, figures.TORCH)


def differences(rows, column):
    """Return by how much ours is better than each peer: a row per set, a column per peer."""
    values = report.means(rows, column)
    apart = values.drop(columns=report.OURS).sub(values[report.OURS], axis=0)
    return apart if column == "log_loss" else -apart


def draw_panel(ax, apart, task, score):
    """Draw a dot per set and peer, and each peer's mean with its 95 % interval."""
    for i, (name, values) in enumerate(apart.items()):
        spread = np.linspace(-0.18, 0.18, len(values))[np.argsort(np.argsort(values))]
        look = {"color": color(name), "mew": 0, "alpha": 0.6}
        ax.plot(values.clip(-LIMIT, LIMIT), i + spread[::-1], "o", **look)
        half = report.half_width(values)
        look = {"color": color(name), "mec": "black", "ms": 7, "capsize": 4}
        ax.errorbar(values.mean(), i, xerr=half, fmt="D", **look)
        ax.annotate(name, (0.01, i - 0.3), xycoords=("axes fraction", "data"))
    ax.axvline(0, color="0.3", linewidth=1)
    ax.set(yticks=[], ylim=(len(apart.columns) - 0.65, -0.65))
    ax.set_title(f"{task.capitalize()}: {score} beside ours, {len(apart)} sets")
    what = f"difference of test {score}" + (", nats" if score == "log-loss" else "")
    beyond = f" (beyond {LIMIT:g}: at the edge)" if (apart.abs() > LIMIT).any(axis=None) else ""
    ax.set_xlabel(f"← peer better      ours better →\n{what}{beyond}")
    figures.light_grid(ax, "x")


def draw_times(ax, table):
    """Draw the fit seconds against the number of rows."""
    sizes = table.groupby("set")["n_train"].first()
    seconds = report.means(table, "seconds")
    for name, values in reversed(list(seconds.items())):
        look = {"color": color(name), "mew": 0, "alpha": 0.8}
        ax.plot(sizes[values.index], values, "o", label=name, **look)
    ax.set(xscale="log", yscale="log", xlabel="training rows", ylabel="seconds of a fit")
    figures.plain_log(ax.xaxis, ROWS, "{:,}")
    figures.plain_log(ax.yaxis, SECONDS)
    ax.set_title("Time of a fit, one thread")
    figures.light_grid(ax)
    figures.legend_below(ax, 2)


@figures.styled
def draw(table, path):
    """Write the figure of up to three panels."""
    parts = []
    for (column, score), task in zip(COLUMNS.items(), report.TASKS, strict=True):
        rows = table[table["task"] == task]
        if report.OURS in set(rows["contender"]) and rows["contender"].nunique() > 1:
            parts.append((differences(rows, column), task, score))
    figure, axes = figures.stacked(len(parts) + 1, 3.4)
    for ax, part in zip(axes, parts, strict=False):
        draw_panel(ax, *part)
    draw_times(axes[-1], table)
    figures.explain(
        figure,
        "Untuned fits of tables. A dot is a data set; a diamond is\n"
        "the mean over the sets with its 95 % t-interval.",
    )
    figures.save(figure, path)
