"""Figure of the sizes: test accuracy against bytes of C, a row of panels per data set."""

from benchmarks._common.figures import light_grid, panels, plain_ticks
from benchmarks.deployment import size_at_accuracy_report as report

LOOKS = {  # drawn in this order; the last is on top
    report.TREES: ("C2", "^"),
    report.SKLEARN: ("C5", "v"),
    report.UNITS: ("C4", "D"),
    report.SCRATCH: ("C1", "s"),
    report.WEIGHTS: ("C0", "o"),
}
SHOWN = 0.05  # of accuracy, below the line
TICKS = 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500  # kB


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
        ax.plot(own["bytes"] / 1000, own["accuracy"], **how, ms=4, label=contender)
        if (pick := picks.get((contender, of))) is not None:
            ax.plot(pick["bytes"] / 1000, pick["accuracy"], **how, ms=10, mec="black")
    dense = rows[(rows["contender"] == report.DENSE) & (rows["dtype"] == dtype)]
    ax.plot(dense["bytes"] / 1000, dense["accuracy"], "*", color="black", ms=9, label=report.DENSE)
    ax.axhline(least, color="0.3", linestyle="--", linewidth=1)
    ax.set(xscale="log", ylim=(least - SHOWN, least + report.TOLERANCE + SHOWN / 3))
    light_grid(ax)


def draw(table, path):
    """Write the figure."""
    sets = dict(list(report.means(table).groupby("set", sort=False)))
    figure, axes = panels(len(sets), 2, (8.4, 2.3 * len(sets) + 1.6), sharex="row")
    for row, (name, rows) in zip(axes, sets.items(), strict=True):
        for ax, dtype in zip(row, report.DTYPES, strict=True):
            draw_panel(ax, rows, dtype)
            ax.set_title(f"{name}, {dtype}", fontsize=10)
        low, high = row[0].get_xlim()  # which they share
        plain_ticks(row[0].xaxis, [tick for tick in TICKS if low <= tick <= high])
        row[0].set_ylabel("test accuracy")
    for ax in axes[-1]:
        ax.set_xlabel("kB of C, .text + .rodata")
    lines, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(lines[::-1], labels[::-1], loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(
        "Large markers: the smallest within 0.01 of the dense network on validation rows\n"
        "(dashed: its test accuracy less 0.01). Trees are in float32 in both columns.",
        fontsize=10,
    )
    figure.savefig(path, dpi=110)
