"""Figure of `tables.py`: how much better or worse than ours each peer is, set by set."""

import numpy as np

from benchmarks._common.figures import light_grid, panels
from benchmarks.accuracy import tables_report as report

COLUMNS = {"log_loss": "Classification: log-loss", "score": "Regression: R²"}
LIMIT = 0.3  # differences beyond are drawn at the edge


def differences(rows, column):
    """Return by how much ours is better than each peer: a row per set, a column per peer."""
    values = report.means(rows, column)
    apart = values.drop(columns=report.OURS).sub(values[report.OURS], axis=0)
    return apart if column == "log_loss" else -apart


def draw_panel(ax, apart, title):
    """Draw a dot per set and peer, and each peer's mean with its 95 % interval."""
    for i, (name, values) in enumerate(apart.items()):
        spread = np.linspace(-0.22, 0.22, len(values))[np.argsort(np.argsort(values))]
        places = i + spread[::-1]
        ax.plot(values.clip(-LIMIT, LIMIT), places, "o", color=f"C{i + 1}", ms=4, alpha=0.5, mew=0)
        half = report.half_width(values)
        ax.errorbar(values.mean(), i, xerr=half, fmt="D", color=f"C{i + 1}", mec="black", capsize=4)
        text = f"{name}\n{values.mean():+.3f} ± {half:.3f}"
        ax.annotate(text, (0.01, i - 0.3), xycoords=("axes fraction", "data"), fontsize=9)
    ax.axvline(0, color="0.3", linewidth=1)
    ax.set(yticks=[], ylim=(len(apart.columns) - 0.4, -0.7), title=title)
    ax.set_xlabel("← peer better      ours better →")
    light_grid(ax)


def draw_times(ax, table):
    """Draw the fit seconds against the number of rows."""
    sizes = table.groupby("set")["n_train"].first()
    seconds = report.means(table, "seconds")
    for i, (name, values) in enumerate(seconds.items()):
        ax.plot(sizes[values.index], values, "o", color=f"C{i}", ms=4, alpha=0.7, mew=0, label=name)
    ax.set(xscale="log", yscale="log", title="Fit seconds", xlabel="training rows")
    light_grid(ax)
    ax.legend(frameon=False, fontsize=9)


def draw(table, path):
    """Write the figure of up to three panels."""
    parts = []
    for (column, title), task in zip(COLUMNS.items(), report.TASKS, strict=True):
        rows = table[table["task"] == task]
        if report.OURS in set(rows["contender"]) and rows["contender"].nunique() > 1:
            parts.append((differences(rows, column), title))
    figure, ((*axes,),) = panels(1, len(parts) + 1, (5 * len(parts) + 5, 5))
    for ax, part in zip(axes, parts, strict=False):
        draw_panel(ax, *part)
    draw_times(axes[-1], table)
    figure.suptitle(
        "Untuned fits of tables: a dot is a data set, a diamond the mean with its 95 % interval"
    )
    figure.savefig(path, dpi=110)
