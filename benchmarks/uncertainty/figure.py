"""Figure of the comparison of uncertainties: likelihood, coverage and log-loss of each set."""

from textwrap import fill

from benchmarks._common import figures
from benchmarks.uncertainty import report

LOOKS = {
    report.OURS: (figures.OURS, "o"),
    report.PLAIN: (figures.ALSO_OURS, "s"),
    report.SIGMOID: (figures.MLP, "^"),
    report.ISOTONIC: (figures.FURTHER, "v"),
    report.PROCESS: (figures.ALSO_OURS, "P"),
    report.RIDGE: (figures.FURTHER, "D"),
    report.BOOSTING: (figures.TREES, "<"),
    report.BAGGED: (figures.MLP, "s"),
    report.DROPOUT: (figures.TORCH, "X"),
    report.ENSEMBLE: (figures.GREY, "h"),
}
# At most six in a panel; the report has them all.
LIKELIHOOD = report.PROCESS, report.RIDGE, report.BAGGED, report.DROPOUT, report.ENSEMBLE
COVERAGE = report.OURS, report.PROCESS, report.RIDGE, report.BOOSTING, report.DROPOUT
LOG_LOSS = report.OURS, report.PLAIN, report.SIGMOID, report.ISOTONIC
FURTHEST = 3.0  # nats; what lies beyond is drawn at the edge
NEAR = 0.1  # nats; differences within are drawn to scale, the others by their logarithm
NATS = -3, -1, -0.3, -0.1, 0, 0.1, 0.3, 1, 3
LOWEST = 0.6  # coverage


def style(name):
    """Return a contender's marker, the same in all panels where it is."""
    color, marker = LOOKS[name]
    look = {"color": color, "marker": marker, "linestyle": "", "markersize": 6}
    look["label"] = "ours, n_draws=0" if name == report.PLAIN else name
    return look | ({"markersize": 8, "zorder": 5, "mec": "black"} if name == report.OURS else {})


def place(ax, names):
    """Give each set a line, and return where, {set: height}."""
    heights = {name: i for i, name in enumerate(reversed(names))}
    ax.set_yticks(list(heights.values()), [fill(name, 18) for name in heights])
    ax.set_ylim(-0.6, len(heights) - 0.4)
    return heights


def draw_likelihood(ax, rows):
    """Draw ours less each contender's, and less the published, the latter with 95 % intervals."""
    heights = place(ax, rows["set"].unique())
    ax.axvline(0, color="0.4", linewidth=1)
    ax.axvspan(0, FURTHEST * 1.2, color=figures.OURS, alpha=0.07, linewidth=0)
    for name in LIKELIHOOD:
        sets = report.paired(rows, "log_likelihood", name)
        if len(sets):
            x = sets["mean"].clip(-FURTHEST, FURTHEST)
            ax.plot(x, [heights[s] for s in sets.index], **style(name))
    table = report.against_published(rows)
    table = table[table["metric"] == "log_likelihood"]
    if len(table):
        x = (table["ours"] - table["published"]).astype(float).clip(-FURTHEST, FURTHEST)
        look = {"color": "black", "marker": "*", "markersize": 10, "linestyle": "", "zorder": 6}
        errors = 1.96 * table["both_errors"].astype(float)
        y = [heights[s] for s in table["set"]]
        ax.errorbar(x, y, xerr=errors, label="MC dropout, published", capsize=3, **look)
    ax.set_xscale("symlog", linthresh=NEAR)
    figures.plain_ticks(ax.xaxis, NATS)
    ax.set_xlim(-FURTHEST * 1.2, FURTHEST * 1.2)
    ax.set(
        title="Regression: log-likelihood, ours − theirs",
        xlabel=f"nats a row (beyond {FURTHEST:g}: at the edge)\n← peer better      ours better →",
    )
    figures.legend_below(ax, 2, lines=2, reverse=False)


def draw_coverage(ax, rows):
    """Draw the share of targets in each contender's intervals."""
    heights = place(ax, rows["set"].unique())
    ax.axvline(report.NOMINAL, color="0.4", linewidth=1)
    for name in COVERAGE:
        sets = report.means(rows, "coverage", name)
        if len(sets):
            ax.plot(sets.clip(LOWEST, 1), [heights[s] for s in sets.index], **style(name))
    ax.set_xlim(LOWEST - 0.01, 1.01)
    ax.set(
        title=f"Regression: coverage of {100 * report.NOMINAL:.0f} % intervals",
        xlabel=f"share of test targets inside (below {LOWEST:g}: at the edge)",
    )
    figures.legend_below(ax, 2, reverse=False)


def draw_log_loss(ax, rows):
    """Draw each contender's log-loss as a multiple of MLP's."""
    heights = place(ax, rows["set"].unique())
    ax.axvline(1, color="0.4", linewidth=1)
    for name in LOG_LOSS:
        sets = report.relative(rows, "log_loss", name, report.MLP)
        if len(sets):
            ax.plot(sets, [heights[s] for s in sets.index], **style(name))
    ax.set(
        xscale="log",
        title="Classification: log-loss / MLP's",
        xlabel="multiple of MLP's log-loss (left is better)",
    )
    figures.plain_log(ax.xaxis, (0.1, 0.2, 0.5, 1, 2, 5, 10))
    figures.legend_below(ax, 2, reverse=False)


PANELS = (
    (report.REALS, draw_likelihood),
    (report.REALS, draw_coverage),
    (report.CLASSES, draw_log_loss),
)


@figures.styled
def draw(table, path):
    """Write the figure, with the panels for which there are rows."""
    shown = [(report.of_task(table, task), panel) for task, panel in PANELS]
    shown = [(rows, panel) for rows, panel in shown if len(rows)]
    if not shown:
        return
    heights = [1.7 + 0.28 * rows["set"].nunique() for rows, _ in shown]
    ratios = {"height_ratios": heights}
    figure, axes = figures.stacked(len(shown), sum(heights) / len(shown), **ratios)
    for ax, (rows, panel) in zip(axes, shown, strict=True):
        panel(ax, rows)
        figures.light_grid(ax)
    figures.explain(
        figure,
        "Untuned uncertainty, one setting for all sets; means\n"
        "over splits. Bars: 95 % intervals, 1.96 standard errors\n"
        "of ours and of the published mean.",
    )
    figures.save(figure, path)
