"""Figure of the comparison of uncertainties: likelihood, coverage and log-loss of each set."""

from benchmarks._common.figures import light_grid, panels, plain_ticks
from benchmarks.uncertainty import report

MARKERS = "osD^vPX<>ph"
COLORS = [*(f"C{i}" for i in range(10)), "navy"]
FURTHEST = 3.0  # nats; what lies beyond is drawn at the edge
NEAR = 0.1  # nats; differences within are drawn to scale, the others by their logarithm
NATS = -3, -1, -0.3, -0.1, 0, 0.1, 0.3, 1, 3
LOWEST = 0.6  # coverage


def style(name):
    """Return a contender's marker, the same in all panels."""
    i = report.ORDER.index(name)
    look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": "", "markersize": 7}
    return look | ({"markersize": 10, "zorder": 5, "mec": "black"} if name == report.OURS else {})


def place(ax, names):
    """Give each set a line, and return where, {set: height}."""
    heights = {name: i for i, name in enumerate(reversed(names))}
    ax.set_yticks(list(heights.values()), list(heights))
    ax.set_ylim(-0.6, len(heights) - 0.4)
    return heights


def draw_likelihood(ax, rows):
    """Draw ours less each contender's, and less the published, the latter with 95 % intervals."""
    heights = place(ax, rows["set"].unique())
    ax.axvline(0, color="0.4", linewidth=1)
    ax.axvspan(0, FURTHEST * 1.2, color="C2", alpha=0.1, linewidth=0)
    for name in report.contenders(rows):
        sets = report.paired(rows, "log_likelihood", name)
        if name == report.OURS or sets.empty:
            continue
        x = sets["mean"].clip(-FURTHEST, FURTHEST)
        ax.plot(x, [heights[s] for s in sets.index], label=name, alpha=0.8, **style(name))
    table = report.against_published(rows)
    table = table[table["metric"] == "log_likelihood"]
    if len(table):
        x = (table["ours"] - table["published"]).astype(float).clip(-FURTHEST, FURTHEST)
        look = {"color": "black", "marker": "*", "markersize": 13, "linestyle": "", "zorder": 6}
        errors = 1.96 * table["both_errors"].astype(float)
        y = [heights[s] for s in table["set"]]
        ax.errorbar(x, y, xerr=errors, label="MC dropout, published", capsize=3, **look)
    ax.set_xscale("symlog", linthresh=NEAR)
    plain_ticks(ax.xaxis, NATS)
    ax.set_xlim(-FURTHEST * 1.2, FURTHEST * 1.2)
    ax.set(
        title="Regression: log-likelihood, ours − theirs",
        xlabel=f"nats per row (right: ours is better; beyond {FURTHEST:g}: at the edge)",
    )


def draw_coverage(ax, rows):
    """Draw the share of targets in each contender's intervals."""
    heights = place(ax, rows["set"].unique())
    ax.axvline(report.NOMINAL, color="0.4", linewidth=1)
    for name in reversed(report.contenders(rows)):
        sets = report.means(rows, "coverage", name)
        y = [heights[s] for s in sets.index]
        ax.plot(sets.clip(LOWEST, 1), y, label=name, alpha=0.8, **style(name))
    ax.set_xlim(LOWEST - 0.01, 1.01)
    ax.set(
        title=f"Regression: coverage of {100 * report.NOMINAL:.0f} % intervals",
        xlabel=f"share of test targets inside (less than {LOWEST:g}: at the edge)",
    )


def draw_log_loss(ax, rows):
    """Draw each contender's log-loss as a multiple of MLP's."""
    heights = place(ax, rows["set"].unique())
    ax.axvline(1, color="0.4", linewidth=1)
    for name in reversed(report.contenders(rows)):
        sets = report.relative(rows, "log_loss", name, report.MLP)
        if name == report.MLP or sets.empty:
            continue
        ax.plot(sets, [heights[s] for s in sets.index], label=name, alpha=0.8, **style(name))
    ax.set(
        xscale="log",
        title="Classification: log-loss, relative to MLP's",
        xlabel="multiple of MLP's log-loss (left is better)",
    )
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10) if within(ax.get_xlim(), tick)]
    plain_ticks(ax.xaxis, ticks)


def within(limits, value):
    """Return whether a value lies between two."""
    return limits[0] <= value <= limits[1]


def draw_legend(figure, axes):
    """Explain each contender once, ours first."""
    found = {}
    for ax in axes:
        found |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    names = [*(n for n in report.ORDER if n in found), *(n for n in found if n not in report.ORDER)]
    handles = [found[name] for name in names]
    figure.legend(handles, names, loc="outside lower center", ncols=6, frameon=False)


PANELS = (
    (report.REALS, draw_likelihood),
    (report.REALS, draw_coverage),
    (report.CLASSES, draw_log_loss),
)


def draw(table, path):
    """Write the figure, with the panels for which there are rows."""
    shown = [(report.of_task(table, task), panel) for task, panel in PANELS]
    shown = [(rows, panel) for rows, panel in shown if len(rows)]
    if not shown:
        return
    size = 5.5 * len(shown) + 1.5, 3.5 + 0.32 * max(rows["set"].nunique() for rows, _ in shown)
    figure, (axes,) = panels(1, len(shown), size)
    for ax, (rows, panel) in zip(axes, shown, strict=True):
        panel(ax, rows)
        light_grid(ax)
    draw_legend(figure, axes)
    figure.suptitle("Untuned uncertainty, one setting for all sets; means over splits")
    figure.savefig(path, dpi=110)
