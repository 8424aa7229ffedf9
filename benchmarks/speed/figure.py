"""Figure of the comparison of speed: ratios of times, and how a step's time scales."""

from functools import partial

import numpy as np

from benchmarks._common import figures
from benchmarks._common.timing import DTYPES
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

STEPS = {  # name in the figure, colour
    OURS: ("sksgdprune", figures.OURS),
    "sksgdprune, pruned 0.9": ("pruned 0.9", figures.OURS),
    "sksgdprune, pruned 0.98": ("pruned 0.98", figures.OURS),
    PRODUCTS_PYTHON: ("products,\nfrom Python", figures.GREY),
    "torch": ("torch", figures.TORCH),
    TORCH_PRECONDITIONED: ("torch,\npreconditioned", figures.TORCH),
    "scikit-learn": ("scikit-learn", figures.MLP),
}
PREDICTIONS = {OURS: figures.OURS, SPARSIFIED: figures.ALSO_OURS, "torch": figures.TORCH}
CASES = [(f"predict {rows}", dtype) for rows in ("4,096", "1") for dtype in DTYPES]
DECADES = 0.1, 1, 10, 100


def draw_steps(ax, table, network):
    """Draw each contender's step relative to the matrix products."""
    steps = table.query("figure == 'step' and dtype == 'float64'")
    steps = steps[steps["network"] == network.name].drop_duplicates("contender")
    value = steps.set_index("contender")["value"]
    for i, (contender, (_, color)) in enumerate(STEPS.items()):
        if contender in value:
            ratio = value[contender] / value[PRODUCTS]
            ax.plot([1, ratio], [i, i], color=color, linewidth=3)
            ax.plot(ratio, i, "o", color=color, markersize=7)
            ax.annotate(f"{ratio:.2g}", (ratio, i - 0.17), ha="center", va="bottom")
    ax.axvline(1, color="0.3", linewidth=1)
    ax.set_yticks(range(len(STEPS)), [name for name, _ in STEPS.values()])
    ax.set(xscale="log", xlabel="time of a step / time of its matrix products")
    ax.set_ylim(len(STEPS) - 0.5, -0.8)
    ax.margins(x=0.08)
    figures.plain_log(ax.xaxis, DECADES)
    ax.set_title(f"Training step, {network.name}")
    figures.light_grid(ax, "x")


def draw_cuts(ax, table):
    """Draw the pruned and frozen steps relative to the dense one."""
    cuts = table[(table["figure"] == "step") & (table["against"] == OURS)]
    for network, color in ((SMALL, figures.ALSO_OURS), (LARGE, figures.OURS)):
        for dtype, style in zip(DTYPES, "-:", strict=True):
            part = cuts[(cuts["network"] == network.name) & (cuts["dtype"] == dtype)]
            ratio = part.set_index("contender")["ratio"]
            y = [1, *(ratio[f"sksgdprune, pruned {p:g}"] for p in PRUNED)]
            label = f"{'-'.join(map(str, network.sizes))}, {dtype}"
            ax.plot([0, *PRUNED], y, f"o{style}", color=color, label=label)
            if dtype == "float64":
                label = "frozen, float64" if network is LARGE else None
                y = ratio["sksgdprune, frozen 0.9"]
                ax.plot(0.9, y, "s", color=color, fillstyle="none", ms=7, label=label)
    ax.plot([0.9, 0.98], [0.35, 0.15], "v", color=figures.BLACK, label="aim: at most this")
    ax.set(ylim=0, xlabel="fraction of weights pruned or frozen", ylabel="time / dense step's")
    ax.set_title("Training step of pruned networks")
    figures.light_grid(ax)
    ax.legend(loc="lower left")


def draw_prediction(ax, table):
    """Draw predict_proba's time relative to scikit-learn's."""
    for i, (name, color) in enumerate(PREDICTIONS.items()):
        ratio = []
        for figure, dtype in CASES:
            part = table[(table["figure"] == figure) & (table["dtype"] == dtype)]
            value = part.drop_duplicates("contender").set_index("contender")["value"]
            ratio.append(value.get(name, np.nan) / value["scikit-learn"])
        y = np.arange(len(CASES)) + 0.27 * (i - 1)
        bars = ax.barh(y, ratio, 0.27, color=color, label=name)
        ax.bar_label(bars, [f"{r:.2f}" if r > 0 else "" for r in ratio], padding=3)
    ax.axvline(1, color="0.3", linewidth=1, zorder=0)
    names = [f"{figure.removeprefix('predict ')} rows,\n{dtype}" for figure, dtype in CASES]
    ax.set_yticks(range(len(names)), [name.replace("1 rows", "1 row") for name in names])
    ax.invert_yaxis()
    ax.set_xlim(right=1.15 * ax.get_xlim()[1])
    ax.set_xlabel("time / time of scikit-learn's MLPClassifier")
    ax.set_title("predict_proba, 784-300-100-10")
    figures.light_grid(ax, "x")
    figures.legend_below(ax, reverse=False)


def draw_scaling(ax, table):
    """Draw the step's time against its multiply-adds."""
    for (sweep, networks), look in zip(SWEEPS.items(), ("o-", "s--", "D-.", "v:"), strict=True):
        part = table[(table["figure"] == f"scaling in {sweep}") & (table["contender"] == OURS)]
        value = part.set_index("network")["value"]
        x, y = [n.multiply_adds for n in networks], [value[n.name] for n in networks]
        ax.plot(x, y, look, color=figures.OURS, fillstyle="none", label=f"more {sweep}")
    points = table[table["figure"].str.startswith("scaling") & (table["contender"] == PRODUCTS)]
    networks = {n.name: n.multiply_adds for sweep in SWEEPS.values() for n in sweep}
    look = {"color": figures.GREY, "label": "matrix products alone"}
    ax.plot(points["network"].map(networks), points["value"], "o", **look)
    ax.set(xscale="log", yscale="log", xlabel="multiply-adds of a step", ylabel="µs a step")
    figures.plain_log(ax.xaxis, (1e5, 1e6), "{:,.0f}")
    figures.plain_log(ax.yaxis, (1, 10, 100, 1000))
    ax.set_title("Training step, from 64-64-10, S 32")
    figures.light_grid(ax)
    figures.legend_below(ax, 2, reverse=False)


@figures.styled
def draw(table, path):
    """Write the figure of five panels."""
    shown = [partial(draw_steps, network=network) for network in (SMALL, LARGE)]
    shown += [draw_prediction, draw_cuts, draw_scaling]
    figure, axes = figures.stacked(len(shown), 3.2)
    for ax, panel in zip(axes, shown, strict=True):
        panel(ax, table)
    figures.explain(
        figure,
        "Medians of interleaved measurements, one thread, float64\n"
        "where nothing else is said. S: rows of a minibatch.",
    )
    figures.save(figure, path)
