"""Draw the three figures of README and the site's first page from the benchmarks' results.

    python -m benchmarks.headlines [--out docs]

untuned.png: mean log-loss of untuned fits over tables (accuracy.tables); pruned.png: accuracy on
digits against the weights that remain (sparsity.comparison); bytes.png: the smallest C within 0.01
of a dense network's accuracy (deployment.size_at_accuracy). Nothing is measured.
"""

import argparse
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from benchmarks._common import figures
from benchmarks._common.command_line import DOCS, RESULTS
from benchmarks._common.reports import half_width
from benchmarks.accuracy import tables_report
from benchmarks.deployment import size_at_accuracy_report as sizes
from benchmarks.sparsity import report as sparsity

SIZE = 3.6, 2.9  # inches: three fit beside each other
# Those of sparsity.comparison with classes; digits-notebook is one more split of digits.
SETS = "digits", "breast_cancer", "wine", "letter", "pendigits"
NAMES = {
    tables_report.OURS: "ours",
    tables_report.MLP: "scikit-learn's MLP",
    "HistGradientBoosting": "HistGradient-\nBoosting",
    "LightGBM": "LightGBM",
}
MODELS = {
    sizes.WEIGHTS: ("ours, pruned", figures.OURS, "o"),
    sizes.SKLEARN: ("scikit-learn's MLP", figures.MLP, "s"),
    sizes.TREES: ("HistGradientBoosting", figures.TREES, "^"),
}


def canvas(title):
    """Return a figure of one panel, and the panel."""
    figure = Figure(figsize=SIZE, dpi=figures.DPI, layout="constrained")
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    return figure, figure.subplots()


@figures.styled
def draw_untuned(table):
    """Return mean log-losses, with paired 95 % intervals of the differences to ours."""
    table = table[table["task"] == "classification"]
    values = tables_report.means(table, "log_loss")[list(NAMES)]
    figure, ax = canvas(f"Log-loss of untuned fits, {len(values)} tables")
    for place, name in enumerate(NAMES):
        ours = name == tables_report.OURS
        half = 0 if ours else half_width(values[name] - values[tables_report.OURS])
        color = figures.OURS if ours else figures.GREY
        ax.errorbar(values[name].mean(), place, xerr=half, fmt="o", color=color, capsize=3)
    ax.axvline(values[tables_report.OURS].mean(), color=figures.OURS, linewidth=1, linestyle=":")
    ax.set_yticks(range(len(NAMES)), NAMES.values())
    ax.set(ylim=(len(NAMES) - 0.5, -0.5))
    ax.set_xlabel("mean, 95 % interval beside ours", x=1, ha="right")
    figures.light_grid(ax, "x")
    return figure


def pruned_scores(table):
    """Return {recipe: mean scores over SETS, a row per p and a column per seed}."""
    wide = sparsity.with_torch_best(sparsity.scores(table), table)
    return {
        recipe: pd.concat([wide.loc[(name, recipe)] for name in SETS]).groupby("p").mean()
        for recipe in (sparsity.TORCH_BEST, sparsity.DEFAULTS.name)
    }


@figures.styled
def draw_pruned(table):
    """Return accuracy against remaining weights, with 95 % intervals of the difference."""
    figure, ax = canvas(f"Accuracy of pruned networks, {len(SETS)} sets")
    torch, ours = pruned_scores(table).values()
    remaining = 100 * (1 - ours.index.to_numpy())
    halves = [half_width(row) for _, row in (torch - ours).iterrows()]
    style = {"color": figures.TORCH, "marker": "s", "capsize": 3, "linestyle": "--"}
    ax.errorbar(
        remaining,
        torch.mean(axis=1),
        halves,
        label="torch, best of 144\n(95 % interval of\nthe difference)",
        **style,
    )
    ax.plot(remaining, ours.mean(axis=1), "o-", color=figures.OURS, label="ours, untuned")
    ax.set(xscale="log", xlabel="weights that remain, %", ylabel="mean test accuracy")
    figures.plain_ticks(ax.xaxis, [100, 20, 10, 5, 2])
    ax.invert_xaxis()
    ax.legend(loc="lower left", frameon=False)
    figures.light_grid(ax)
    return figure


@figures.styled
def draw_bytes(table):
    """Return the bytes of the smallest models that are as accurate, by data set."""
    figure, ax = canvas("C within 0.01 of a dense network")
    groups = [*sizes.means(table).groupby("set", sort=False)]
    for place, (_, rows) in enumerate(groups):
        found = sizes.chosen(rows)
        for name, (label, color, marker) in MODELS.items():
            row = found[name, "float32"]
            own = rows[(rows["contender"] == name) & (rows["dtype"] == "float32")]
            size = own["bytes"].max() if row is None else row["bytes"]
            style = {"color": color, "label": None if place else label}
            if row is None:  # none of those tried is near enough
                style |= {"mfc": "none"}
            ax.plot(size / 1000, place, marker, **style)
    ax.set_yticks(range(len(groups)), [name for name, _ in groups])
    ax.set(xscale="log", xlabel="kB of float32 code and constants")
    figures.plain_ticks(ax.xaxis, [1, 10, 100])
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.plot([], [], "o", color=figures.GREY, mfc="none", label="hollow: none up to this size")
    figure.legend(loc="outside lower left", frameon=False)
    figures.light_grid(ax, "x")
    return figure


FIGURES = {
    "untuned": ("tables", draw_untuned),
    "pruned": ("sparsity_accuracy", draw_pruned),
    "bytes": ("size_at_accuracy", draw_bytes),
}


def main(arguments=None):
    """Draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DOCS)
    args = parser.parse_args(arguments)
    for name, (csv, draw) in FIGURES.items():
        figures.save(draw(pd.read_csv(RESULTS / f"{csv}.csv")), args.out / f"{name}.png")


if __name__ == "__main__":
    main()
