"""Drawing of a network's layers: weights as matrices, and over the image of the inputs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sksgdprune._kernels.types import FROZEN, PRUNED
from sksgdprune._plotting.pyplot import pyplot
from sksgdprune._utils.argument_types import Array

# More small pictures than these are too small to be read, and so are more names beside rows.
MAX_PICTURES = 36
MAX_NAMES = 40
MANY_NAMES = 24  # from which on they are written small
PRUNED_COLOUR = "0.8"
HIGH = 2  # height of a figure / its width, from which on layers are one below the other
PANEL = 3.4  # inches, the width of a layer's picture
PATH = "on a path of remaining weights from an input to an output"


class Layer(NamedTuple):
    """Weights and status (fan_in, fan_out), which units are in use, names of both sides."""

    weights: Array
    status: Array
    live_in: Array
    live_out: Array
    source: str
    target: str

    @property
    def remaining(self):
        return self.status != PRUNED

    def title(self, *, with_target):
        counts = [
            (self.remaining, "weights"),
            (self.live_in, "inputs" if self.source == "input" else "units"),
            (self.live_out, self.kind_of_target),
        ]
        words = [f"{some.sum():,} of {some.size:,} {kind}" for some, kind in counts]
        return f"{self.source} → {self.target}\n" + ", ".join(words[: 2 + with_target])

    @property
    def kind_of_target(self):
        return "outputs" if self.target == "output" else "units"


def width_of_pictures(n):
    """Return the inches that n small pictures and the words below them need."""
    return max(2.4, 0.8 * math.ceil(math.sqrt(n))) if n else 0


def is_high(figure):
    """Return whether layers are to be drawn one below the other."""
    return figure.bbox.height >= HIGH * figure.bbox.width


def in_a_line(sizes, stacked):
    """Return arguments that make parts of these sizes side by side, or one below the other."""
    if stacked:
        return {"nrows": len(sizes), "ncols": 1, "height_ratios": sizes}
    return {"nrows": 1, "ncols": len(sizes), "width_ratios": sizes}


def image_shape(shape, n_inputs):
    """Return the shape (h, w, channels) of the inputs, or None."""
    if shape is None:
        return None
    sizes = tuple(shape) if np.iterable(shape) else (shape,)
    if len(sizes) not in (2, 3) or math.prod(sizes) != n_inputs or min(sizes) < 1:
        h = max(d for d in range(1, math.isqrt(n_inputs) + 1) if n_inputs % d == 0)
        raise ValueError(
            f"Got input_shape={shape!r} for a network of {n_inputs} inputs; expected (h, w) "
            f"and (h, w, channels) whose product is {n_inputs}, such as ({h}, {n_inputs // h})."
        )
    return (*sizes, 1)[:3]


def _show(ax, values, remaining, largest, cmap):
    """Draw weights in colours symmetric about 0, and in the colour for bad values elsewhere."""
    return ax.imshow(
        np.ma.array(values, mask=~remaining),
        cmap=cmap,
        vmin=-largest,
        vmax=largest,
        # Where there are more rows than dots, mix colours: no weight is left out.
        interpolation="antialiased",
        interpolation_stage="rgba",
    )


def _largest(values):
    """Return the largest absolute value, by which colours are scaled; 1 where all are 0."""
    return float(np.abs(values).max(initial=0)) or 1.0


def _bar(part, image, axes, label):
    from matplotlib.ticker import MaxNLocator

    place = {"location": "bottom", "fraction": 0.06, "pad": 0.03, "aspect": 30}
    bar = part.colorbar(image, ax=axes, ticks=MaxNLocator(4), **place)
    bar.set_label(label)


def draw_matrix(part, layer, cmap):
    """Draw a layer's weights as a matrix, with triangles beside what is in use."""
    ax, values = part.subplots(), layer.weights
    image = _show(ax, values, layer.remaining, _largest(values), cmap)
    ax.set_aspect("auto")
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    ax.tick_params(length=0, pad=10)
    ax.set_ylabel(layer.source)
    ax.set_xlabel(layer.target)
    _mark_live(ax, layer)
    _dot_frozen(ax, layer.status == FROZEN)
    _bar(part, image, ax, "weight")
    return ax


def _mark_live(ax, layer):
    """Draw a triangle beside each row and below each column in use, outside the picture."""
    rows, columns = np.flatnonzero(layer.live_in), np.flatnonzero(layer.live_out)
    # Smaller where they would hide one another.
    size = float(np.clip(250 / max(layer.weights.shape), 1.5, 3.5))
    look = {"linestyle": "", "color": "black", "markersize": size, "clip_on": False}
    look["in_layout"] = False  # where none are in use, their extent would be infinite
    sides = ax.get_yaxis_transform(), ax.get_xaxis_transform()
    ax.plot(np.full(len(rows), -0.02), rows, marker=">", transform=sides[0], **look)
    ax.plot(columns, np.full(len(columns), -0.015), marker="^", transform=sides[1], **look)


def _dot_frozen(ax, frozen):
    rows, columns = np.nonzero(frozen)
    if rows.size:
        ax.plot(columns, rows, ".", color="black", markersize=2.5, alpha=0.7)


def draw_images(part, layer, shape, cmap, stacked):
    """Draw the first layer over the image: what is read, and the units in use one by one."""
    units = np.flatnonzero(layer.live_out)
    label = f"weights of {layer.kind_of_target} in use ({len(units)})"
    if len(units) > MAX_PICTURES:
        sums = np.abs(layer.weights).sum(axis=0)[units]
        label = f"{label[:-1]}, the {MAX_PICTURES} largest shown)"
        units = np.sort(units[np.argsort(-sums, kind="stable")[:MAX_PICTURES]])
    n_columns = math.ceil(math.sqrt(len(units) * (1 + stacked)))  # there is more width
    sizes = [PANEL, width_of_pictures(len(units))][: 1 + (n_columns > 0)]
    grid = part.add_gridspec(**in_a_line(sizes, stacked))
    ax = part.add_subplot(grid[0])
    _draw_pixels(part, ax, layer, shape)
    if not units.size:
        return ax, []
    small = grid[1].subgridspec(math.ceil(len(units) / n_columns), n_columns)
    axes = [part.add_subplot(place) for place, _ in zip(small, units, strict=False)]
    largest = _largest(layer.weights[:, units].reshape(*shape, -1).sum(axis=2))
    for unit_ax, unit in zip(axes, units, strict=True):
        values = layer.weights[:, unit].reshape(shape).sum(axis=2)
        status = layer.status[:, unit].reshape(shape)
        image = _show(unit_ax, values, (status != PRUNED).any(axis=2), largest, cmap)
        _dot_frozen(unit_ax, (status == FROZEN).any(axis=2))
        unit_ax.set_title(str(unit), fontsize="medium", loc="center", pad=2)
        unit_ax.set(xticks=[], yticks=[])
    _bar(part, image, axes, label)
    return ax, axes


def _draw_pixels(part, ax, layer, shape):
    """Draw the sum of absolute weights by which each pixel is read by units in use."""
    sums = np.abs(layer.weights[:, layer.live_out]).sum(axis=1).reshape(shape).sum(axis=2)
    read = layer.live_in.reshape(shape).any(axis=2)
    cmap = pyplot().get_cmap("viridis_r").with_extremes(bad=PRUNED_COLOUR)
    image = ax.imshow(np.ma.array(sums, mask=~read), cmap=cmap, vmin=0, vmax=_largest(sums))
    ax.set(xticks=[], yticks=[])
    _bar(part, image, ax, "sum of each pixel's |weights|")


def name_rows(ax, names, live):
    """Write the names of the inputs beside their rows, in grey where they are not read."""
    if names is None or len(names) > MAX_NAMES:
        return
    size = "medium" if len(names) < MANY_NAMES else "x-small"
    ax.set_yticks(range(len(names)), names, fontsize=size)
    ax.set_ylabel("")
    for label, used in zip(ax.get_yticklabels(), live, strict=True):
        label.set_color("black" if used else "0.6")


def explain(figure, layers, *, triangles):
    """Say below all layers what grey, triangles and dots mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    look = {"linestyle": "", "color": "black"}
    signs = [Patch(facecolor=PRUNED_COLOUR, label="pruned")]
    if triangles:
        signs.append(Line2D([], [], marker=">", markersize=4, label=PATH, **look))
    if any((layer.status == FROZEN).any() for layer in layers):
        signs.append(Line2D([], [], marker=".", markersize=4, label="frozen", **look))
    n_columns = 1 if is_high(figure) else 3
    figure.legend(handles=signs, loc="outside lower center", ncols=n_columns, frameon=False)
