"""Figure of `untuned.py`: test error against fit time, both relative to MLP's."""

import numpy as np

from benchmarks._common.datasets import ACCURACY, R2
from benchmarks._common.figures import light_grid, panels, plain_ticks
from benchmarks.accuracy import untuned_report as report

PANELS = {ACCURACY: "Classification: number of test errors", R2: "Regression: test RMSE"}
MARKERS = "osD^vP"
TICKS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100]
ERROR_TICKS = [0.25, 0.5, 1, 2, 4]
BOTTOM, TOP = 0.2, 5  # errors beyond are drawn at the edge
WORSE = 1.1  # errors of ours from which on the set is named


def draw_panel(ax, rows, names):
    """Draw a small point per set and contender, and a large one at its geometric mean."""
    ax.fill_between([1e-3, report.TIME_SHARE], 1e-3, 1, color="C2", alpha=0.12, linewidth=0)
    ax.axhline(1, color="0.4", linewidth=1)
    ax.axvline(1, color="0.4", linewidth=1)
    ax.plot(1, 1, "k*", markersize=16, zorder=4, label=report.MLP)
    for i, name in enumerate(names):
        sets = report.against_mlp(rows, name)
        if sets.empty:
            continue
        x, y = sets["seconds"] / sets["peer_seconds"], sets["loss"] / sets["peer_loss"]
        style = {"color": f"C{i}", "marker": MARKERS[i % len(MARKERS)], "linestyle": ""}
        ax.plot(x, y.clip(BOTTOM, TOP), markersize=5, alpha=0.5, mew=0, **style)
        if name == report.OURS:
            name_worse(ax, x, y)
        x, y = np.exp(np.log(x).mean()), np.exp(np.log(y).mean())
        label = f"{name}: {y:.2f} × error, {x:.2g} × time"
        style |= {"markersize": 14, "mec": "black", "zorder": 6 if name == report.OURS else 5}
        ax.plot(x, np.clip(y, BOTTOM, TOP), label=label, **style)


def name_worse(ax, x, y):
    """Write the names of sets beside their points where the error is clearly above MLP's."""
    for name in y.index[y > WORSE]:
        point = x[name], min(y[name], TOP)
        ax.annotate(name, point, (5, 3), textcoords="offset points", color="C0", fontsize=8)


def finish(ax, title):
    """Give a panel its scales and words."""
    ax.set(xscale="log", yscale="log", title=title)
    ax.set(xlabel="fit seconds / MLP's (left is faster)", ylabel="error / MLP's (down is better)")
    plain_ticks(ax.xaxis, TICKS)
    plain_ticks(ax.yaxis, ERROR_TICKS)
    ax.set_ylim(BOTTOM / 1.1, TOP * 1.1)
    light_grid(ax)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), frameon=False)


def draw(table, path):
    """Write the figure of two panels."""
    names = [name for name in report.contenders(table) if name != report.MLP]
    figure, ((*axes,),) = panels(1, 2, (13, 7), sharex=True)
    for ax, (metric, title) in zip(axes, PANELS.items(), strict=True):
        draw_panel(ax, report.of_metric(table, metric), names)
        finish(ax, title)
    left = min(line.get_xdata().min() for ax in axes for line in ax.lines[2:])
    right = max(line.get_xdata().max() for ax in axes for line in ax.lines[2:])
    axes[0].set_xlim(min(left, 0.1) / 1.3, max(right, 3) * 1.3)
    figure.suptitle(
        "Untuned fits: error and time relative to scikit-learn's MLP; best is down left\n"
        "small: a data set; large: geometric mean; green: less error in a third of the time; "
        "named: sets on which ours is worse"
    )
    figure.savefig(path, dpi=110)
