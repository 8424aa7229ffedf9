"""The one style of the site's figures: narrow, panels stacked, no text below 10 points.

A figure is 5 inches wide, so that 10 points are 10 pixels where it is shown 360 pixels wide.
"""

from functools import wraps

from cycler import cycler
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

WIDTH = 5.0  # inches
DPI = 144  # two pixels a point
# Okabe and Ito's colours. Ours and each kind of peer have the same ones in all figures.
OURS, ALSO_OURS = "#0072b2", "#56b4e9"
MLP, TORCH, TREES, FURTHER = "#d55e00", "#009e73", "#cc79a7", "#e69f00"
GREY, BLACK = "0.5", "0.1"
SUPERSCRIPT = 0.7  # of the size of the text around it
STYLE = {
    "figure.figsize": (WIDTH, 3.4),
    "figure.dpi": DPI,
    "figure.constrained_layout.use": True,
    "savefig.dpi": "figure",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "figure.titlesize": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.title_fontsize": 10,
    "legend.handlelength": 1.5,
    "lines.markersize": 5,
    "axes.prop_cycle": cycler(color=[OURS, MLP, TORCH, TREES, FURTHER, ALSO_OURS]),
}


def styled(draw):
    """Make a function draw in this style, and leave matplotlib's settings as they were."""

    @wraps(draw)
    def drawn(*args, **kwargs):
        with rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawn


def stacked(n_panels, height, n_columns=1, more=0.0, **options):
    """Return a figure and its axes, one below the other; needs no display.

    Parameters
    ----------
    n_panels : int
        Number of axes.
    height : float
        Of each row in inches, labels included.
    n_columns : int, default=1
        2 for many small panels that are alike; they are filled row by row.
    more : float, default=0.0
        Inches for what is explained above and below all panels.
    **options : dict
        Passed to `Figure.subplots`.

    Returns
    -------
    figure : matplotlib Figure
        WIDTH wide.
    axes : list of matplotlib Axes
        As many as there are panels; what is left of the last row is empty.
    """
    n_rows = -(-n_panels // n_columns)
    figure = Figure(figsize=(WIDTH, height * n_rows + more), dpi=DPI, layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False, **options).flatten().tolist()
    for ax in axes[n_panels:]:
        ax.remove()
    return figure, axes[:n_panels]


def explain(figure, text):
    """Say above all panels what is drawn, in lines of at most 60 characters."""
    figure.suptitle(text, x=0.02, ha="left")


def legend_below(ax, n_columns=1, lines=1, **options):
    """Explain below a panel, its label of so many lines, what it shows; what is on top first."""
    label = ScaledTranslation(0, -0.28 - 0.2 * lines, ax.figure.dpi_scale_trans)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "borderaxespad": 0}
    place |= {"bbox_transform": ax.transAxes + label, "ncols": n_columns, "frameon": False}
    return ax.legend(**place | {"reverse": True} | options)


def plain_ticks(axis, values, form="{:g}"):
    """Put ticks at these values alone, with plain numbers also on a logarithmic axis."""
    axis.set_ticks(values, labels=[form.format(value) for value in values])
    axis.minorticks_off()


def plain_log(axis, values, form="{:g}"):
    """Put plain ticks at those of the values that a logarithmic axis shows."""
    low, high = sorted(axis.get_view_interval())
    plain_ticks(axis, [value for value in values if low <= value <= high], form)


def light_grid(ax, axis="both"):
    """Draw a light grid behind what is drawn."""
    ax.grid(alpha=0.3, axis=axis)
    ax.set_axisbelow(True)


def smallest_text(figure):
    """Return the height of a figure's smallest text in pixels of its file, at its own dpi."""
    figure.draw_without_rendering()  # which writes the labels of ticks
    sizes = [
        text.get_fontsize() * (SUPERSCRIPT if is_raised(text.get_text()) else 1)
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip()
    ]
    return min(sizes) * figure.dpi / 72 if sizes else float("inf")


def is_raised(text):
    """Return whether a text has a formula with a superscript or subscript, as 10⁻³ on an axis."""
    return "$" in text and any(mark in text for mark in "^_")


def notes(*figures):
    """Return what a PNG says of itself: the smallest text of these figures, in pixels."""
    return {"Smallest text": f"{min(map(smallest_text, figures)):.1f}"}


def save(figure, path):
    """Write a PNG, with a note by which docs/check_site.py tells whether it can be read."""
    figure.savefig(path, dpi=figure.dpi, metadata=notes(figure))
