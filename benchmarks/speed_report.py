"""The tables of `speed.py`, for the terminal and as Markdown, and its figure."""

import math

import matplotlib as mpl
import numpy as np
import pandas as pd
from peers import (
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
from reports import machine, markdown_table
from rich.table import Table
from timing import DTYPES, NOT_AVAILABLE


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


def other_rows(rows):
    """Return the cells of the table of values that have no target and are not in microseconds."""
    return [
        [row.figure, row.network, row.contender, row.measured]
        for row in rows
        if not (row.target or row.against or row.unit == "µs" or math.isnan(row.value))
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


VERSIONS = "numpy", "scipy", "scikit-learn", "numba", "llvmlite", "torch"
STEP, PREDICT = ["step"], ["predict 4,096", "predict 1"]
HELD_HEADER = ["figure", "network", "ratio or value", "target", "measured", "met"]
OTHER_HEADER = ["figure", "network", "what", "measured"]


def rich_table(header, cells, title):
    """Return a table for the terminal."""
    table = Table(title=title)
    for name in header:
        table.add_column(name)
    for line in cells:
        colour = {"yes": "green", "no": "red"}.get(line[-1])
        table.add_row(*line, style=colour)
    return table


def markdown(rows, method):
    """Return speed.md; `method` says how was measured."""
    about = "\n".join(f"- {what}: {text}" for what, text in machine(VERSIONS).items())
    return f"""# Speed

Written by `python benchmarks/speed.py`. {method}

{about}

{markdown_table(HELD_HEADER, held_rows(rows))}

Beside these:

{markdown_table(OTHER_HEADER, other_rows(rows))}

A training step:

{markdown_table(*microsecond_rows(rows, STEP))}

One call of predict_proba, on 4,096 rows and on 1 row:

{markdown_table(*microsecond_rows(rows, PREDICT))}

![ratios](speed.png)
"""


# The figure.


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


def write(rows, folder, method):
    """Write speed.csv, speed.md and speed.png."""
    folder.mkdir(parents=True, exist_ok=True)
    frame(rows).to_csv(folder / "speed.csv", index=False, float_format="%.6g")
    (folder / "speed.md").write_text(markdown(rows, method), encoding="utf-8")
    draw(frame(rows), folder / "speed.png")


def show(rows, console):
    """Print the tables."""
    console.print(rich_table(HELD_HEADER, held_rows(rows), "against the targets"))
    console.print(rich_table(OTHER_HEADER, other_rows(rows), "beside these"))
    for figures in (STEP, PREDICT):
        console.print(rich_table(*microsecond_rows(rows, figures), figures[0].split()[0]))
