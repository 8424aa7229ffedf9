"""Figure of the sizes: test accuracy against bytes of C, a row of panels per data set."""

from itertools import product

from benchmarks._common import figures
from benchmarks.deployment import size_at_accuracy_report as report

LOOKS = {  # drawn in this order; the last is on top
    report.TREES: (figures.TREES, "^"),
    report.SKLEARN: (figures.MLP, "v"),
    report.UNITS: (figures.ALSO_OURS, "D"),
    report.SCRATCH: (figures.FURTHER, "s"),
    report.WEIGHTS: (figures.OURS, "o"),
}
SHOWN = 0.05  # of accuracy, below the line
TICKS = 0.2, 1, 5, 20, 100, 500  # kB


def frontier(rows):
    """Return the rows that are better on validation rows than all smaller ones, by bytes."""
    rows = rows.sort_values(["bytes", "validation"], ascending=[True, False])
    best = rows["validation"].cummax().shift(fill_value=-1)
    return rows[rows["validation"] > best]


def draw_panel(ax, rows, dtype):
    """Draw each contender's frontier, its choice larger, the dense network, and the limit."""
    _, least = report.limits(rows)
    picks = report.chosen(rows)
    for contender, (color, marker) in LOOKS.items():
        of = report.type_of(contender, dtype)
        own = frontier(rows[(rows["contender"] == contender) & (rows["dtype"] == of)])
        how = {"color": color, "marker": marker}
        ax.plot(own["bytes"] / 1000, own["accuracy"], **how, ms=3.5, label=contender)
        if (pick := picks.get((contender, of))) is not None:
            ax.plot(pick["bytes"] / 1000, pick["accuracy"], **how, ms=7.5, mec="black")
    dense = rows[(rows["contender"] == report.DENSE) & (rows["dtype"] == dtype)]
    ax.plot(dense["bytes"] / 1000, dense["accuracy"], "*", color="black", ms=8, label=report.DENSE)
    ax.axhline(least, color="0.3", linestyle="--", linewidth=1)
    ax.set(xscale="log", ylim=(least - SHOWN, least + report.TOLERANCE + SHOWN / 3))
    figures.light_grid(ax)


@figures.styled
def draw(table, path):
    """Write the figure: a row per data set, a column per number type."""
    sets = dict(list(report.means(table).groupby("set", sort=False)))
    shown = {"sharex": "row", "sharey": "row"}
    figure, axes = figures.stacked(2 * len(sets), 1.85, n_columns=2, more=1.5, **shown)
    panels = product(sets.items(), report.DTYPES)
    for ax, ((name, rows), dtype) in zip(axes, panels, strict=True):
        draw_panel(ax, rows, dtype)
        ax.set_title(f"{name}, {dtype}")
        figures.plain_log(ax.xaxis, TICKS)
    for ax in axes[-2:]:
        ax.set_xlabel("kB of C")
    figure.supylabel("test accuracy, mean over splits", fontsize=10)
    lines, labels = axes[0].get_legend_handles_labels()
    figure.legend(lines[::-1], labels[::-1], loc="outside lower center", ncols=2, frameon=False)
    figures.explain(
        figure,
        "Test accuracy against size (.text + .rodata). Large: the\n"
        "smallest within 0.01 of the dense network on validation\n"
        "rows. Dashed: the dense network's test accuracy less\n"
        "0.01. Trees are in float32 in both columns.",
    )
    figures.save(figure, path)
