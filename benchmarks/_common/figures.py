"""Figures of several panels, written without a display."""


def panels(n_rows, n_columns, size, **options):
    """Return a figure and its axes, (n_rows, n_columns); needs no display."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(n_rows, n_columns, squeeze=False, **options)


def plain_ticks(axis, values, form="{:g}"):
    """Put ticks at these values alone, with plain numbers also on a logarithmic axis."""
    axis.set_ticks(values, labels=[form.format(value) for value in values])
    axis.minorticks_off()


def light_grid(ax, axis="both"):
    """Draw a light grid behind what is drawn."""
    ax.grid(alpha=0.3, axis=axis)
    ax.set_axisbelow(True)
