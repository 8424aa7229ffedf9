"""Figure of the comparison of pruning and priors: what the cut alone does, and LightGBM."""

import numpy as np

from benchmarks._common import figures
from benchmarks._common.reports import half_width
from benchmarks.sparsity import regularisation_report as report

LOOKS = {report.NOISY: (figures.OURS, "o"), report.OTHERS: (figures.GREY, "s")}
BESIDE = (  # LightGBM, from top to bottom
    *(report.label(report.CHOSEN), report.label(report.CHOSEN, 0.95), report.SEARCHED),
    *(report.label(report.EARLIER), report.label(report.EARLIER, 0.95)),
)


def bars(ax, places, differences, axis="y", **options):
    """Draw the mean of each Series with its 95 % interval, those of no values left out."""
    drawn = [(at, apart) for at, apart in zip(places, differences, strict=True) if len(apart)]
    at = np.array([place for place, _ in drawn])
    means = np.array([apart.mean() for _, apart in drawn])
    half = np.nan_to_num([half_width(apart) for _, apart in drawn], posinf=0)
    x, y = (at, means) if axis == "y" else (means, at)
    ax.errorbar(x, y, **{f"{axis}err": half}, capsize=3, **options)


def draw_cut(ax, table, prior):
    """Draw by how much a cut raises the log-loss above that of p = 0, for each part of weights."""
    cut = [p for p in report.FRACTIONS[prior] if p]
    for i, (title, rows) in enumerate(report.groups(table).items()):
        values, none = report.by_split(rows), report.label(prior, 0.0)
        apart = [report.difference(values, report.label(prior, p), none) for p in cut]
        color, marker = LOOKS[title]
        name = f"{title.lower()} ({rows['set'].nunique()})"
        places = np.arange(len(cut)) + 0.16 * i
        bars(ax, places, apart, fmt=f"{marker}-", color=color, label=name)
    ax.axhline(0, color=figures.BLACK, linewidth=1)
    ax.set(title=f"What a cut does, {prior}", ylabel="log-loss less p = 0")
    ax.set_xticks(range(len(cut)), [f"{p:g}" for p in cut])
    ax.set_xlabel("p, the fraction of the weights that is pruned")
    figures.light_grid(ax)


def draw_beside(ax, table):
    """Draw the log-loss of networks on noisy tables less that of LightGBM."""
    values = report.by_split(report.groups(table).get(report.NOISY, table))
    apart = [report.difference(values, name, report.LIGHTGBM) for name in BESIDE]
    bars(ax, range(len(BESIDE)), apart, "x", fmt="o", color=figures.OURS)
    ax.set_yticks(range(len(BESIDE)), [name.replace(", ", ",\n") for name in BESIDE])
    ax.set(ylim=(len(BESIDE) - 0.5, -0.5), title=f"Beside LightGBM, {report.NOISY.lower()}")
    ax.axvline(0, color=figures.BLACK, linewidth=1)
    ax.set_xlabel("log-loss less LightGBM")
    figures.light_grid(ax, "x")


@figures.styled
def draw(table, path):
    """Write the figure of three panels."""
    figure, (chosen, weak, beside) = figures.stacked(3, 2.7)
    draw_cut(chosen, table, report.CHOSEN)
    draw_cut(weak, table, report.WEAK)
    draw_beside(beside, table)
    figures.legend_below(weak, n_columns=2)
    text = "Test log-loss, lower is better. Bars: paired 95 %\nt-intervals over tables."
    figures.explain(figure, text)
    figures.save(figure, path)
