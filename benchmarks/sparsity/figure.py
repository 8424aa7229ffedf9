"""Figure of the comparison of pruned networks: score against remaining weights, a panel per set."""

import numpy as np

from benchmarks._common import figures
from benchmarks._common.reports import half_width
from benchmarks.sparsity.report import DEFAULTS, PLAIN, TORCH_BEST, scores, with_torch_best

LINES = {  # drawn in this order; the last is on top
    TORCH_BEST: ("torch, tuned for each set and p", figures.TORCH, "s", "--"),
    PLAIN.name: ("ours, magnitude in one shot", figures.GREY, "^", ":"),
    DEFAULTS.name: ("ours, defaults, untuned", figures.OURS, "o", "-"),
}
# What a panel shows of a line that falls: so many times the fall of the best line at each p.
SHOWN = 2.0


def curve(wide, name, recipe):
    """Return remaining weights, mean scores and half widths; None where nothing was measured."""
    if (name, recipe) not in wide.index.droplevel("p"):
        return None
    rows = wide.loc[(name, recipe)].sort_index()
    p = rows.index.to_numpy()
    half = np.array([half_width(row.dropna()) for _, row in rows.iterrows()])
    return 100 * (1 - p), rows.mean(axis=1).to_numpy(), np.where(np.isfinite(half), half, 0)


def draw_panel(ax, wide, name):
    """Draw the lines of a set, each with its 95 % interval as a band."""
    curves = {recipe: curve(wide, name, recipe) for recipe in LINES}
    curves = {recipe: found for recipe, found in curves.items() if found is not None}
    for recipe, (x, mean, half) in curves.items():
        label, color, marker, style = LINES[recipe]
        ax.fill_between(x, mean - half, mean + half, color=color, alpha=0.18, linewidth=0)
        ax.plot(x, mean, style, color=color, marker=marker, label=label)
    top = max((mean + half).max() for _, mean, half in curves.values())
    kept = [mean.min() for recipe, (_, mean, _) in curves.items() if recipe != PLAIN.name]
    low = min(mean.min() for _, mean, _ in curves.values())
    if kept:
        low = max(low, top - SHOWN * (top - min(kept)))
    top = min(top, 1)  # of an interval; scores are at most 1
    room = 0.05 * (top - low) + 1e-3
    ax.set_ylim(low - room, top + room)
    ticks = sorted(next(iter(curves.values()))[0])
    ax.set(xscale="log")
    figures.plain_ticks(ax.xaxis, ticks, "{:.3g}")
    ax.invert_xaxis()
    figures.light_grid(ax)


@figures.styled
def draw(table, path):
    """Write the figure."""
    wide = with_torch_best(scores(table), table)
    metrics = dict(zip(table["set"], table["metric"], strict=True))
    n_columns = min(2, len(metrics))
    figure, axes = figures.stacked(len(metrics), 3.6 / n_columns, n_columns, more=1.2)
    for ax, (name, metric) in zip(axes, metrics.items(), strict=True):
        draw_panel(ax, wide, name)
        ax.set_title(f"{name}, {metric}")
    for ax in axes[-n_columns:]:
        ax.set_xlabel("weights that remain, %")
    figure.supylabel("test score, mean over seeds", fontsize=10)
    lines, labels = axes[0].get_legend_handles_labels()
    figure.legend(lines[::-1], labels[::-1], loc="outside lower center", frameon=False)
    figures.explain(
        figure,
        "Test score after pruning, equal steps for all.\nBands: 95 % t-intervals over seeds.",
    )
    figures.save(figure, path)
