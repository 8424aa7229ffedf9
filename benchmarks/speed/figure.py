"""Figure of the comparison of speed: ratios of times, and how a step's time scales."""

import numpy as np

from benchmarks._common.figures import light_grid, panels
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
    figure, axes = panels(2, 2, (13, 9))
    shown = draw_steps, draw_cuts, draw_prediction, draw_scaling
    for ax, panel in zip(axes.flat, shown, strict=True):
        panel(ax, table)
        light_grid(ax)
    figure.savefig(path, dpi=110)
