"""Pictures of a network: what is left of its weights, and which inputs and units they use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sksgdprune._estimator.base import BasePreconditionedMLP
from sksgdprune._kernels.types import FROZEN, PRUNED
from sksgdprune._network.paths import live_units
from sksgdprune._plotting.pyplot import pyplot
from sksgdprune._utils.typing import Array
from sksgdprune.sweep import SparsitySweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, SubFigure

# More small pictures than these are too small to be read, and so are more names beside rows.
MAX_PICTURES = 36
MAX_NAMES = 40
PRUNED_COLOUR = "0.8"
PANEL = 3.4  # inches, the width of a layer's picture
PATH = "on a path of remaining weights from an input to an output"


def _last_step(estimator):
    """Return the fitted estimator of the package inside a Pipeline or sweep."""
    if isinstance(estimator, Pipeline):
        return _last_step(estimator.steps[-1][1])
    if isinstance(estimator, SparsitySweep):
        if not hasattr(estimator, "best_estimator_"):
            raise NotFittedError("The sweep has no best_estimator_; fit it, with a refit.")
        return _last_step(estimator.best_estimator_)
    if not isinstance(estimator, BasePreconditionedMLP):
        raise TypeError(
            "estimator must be a PreconditionedMLPClassifier, a PreconditionedMLPRegressor, a "
            f"SparsitySweep or a Pipeline ending in one, got {estimator!r}."
        )
    check_is_fitted(estimator)
    return estimator


class NetworkDisplay:
    r"""The weights of a network, layer by layer: what is left of them, and what they use.

    Each layer is a picture of its weights, a row per unit below and a column per unit above;
    pruned ones are grey, frozen ones have a dot. Triangles beside the rows and columns mark the
    inputs and units that are in use: a path of remaining weights leads through them from an
    input to an output. Weights are those of the standardised inputs where the estimator
    standardises.

    Use `from_estimator` to create one.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)
        Weights of each layer.
    status : list of ndarray of shape (fan_in, fan_out)
        Of each weight: 0 free, 1 frozen, 2 pruned.
    input_shape : tuple of int, default=None
        (height, width) or (height, width, channels) of inputs that are images, whose rows lie
        one behind the other. The first layer is then shown over the image: the sum of each
        pixel's absolute weights, and the weights of each hidden unit in use (of the 36 with the
        largest absolute weights, where there are more). Channels are summed.
    feature_names : array-like of str of shape (n_features,), default=None
        Names of the inputs, shown where there are at most 40 and no images.

    Attributes
    ----------
    figure_ : matplotlib Figure or SubFigure
        Where it was drawn.
    axes_ : list of matplotlib Axes
        One per layer: its weights, or of the first layer the pixels.
    unit_axes_ : list of matplotlib Axes
        Small pictures of the units; empty without `input_shape`.
    live_ : list of ndarray of bool of shape (n_units,)
        From the inputs to the outputs, which inputs and units are in use.

    See Also
    --------
    SparsitySweepDisplay : Draws the score against the sparsity.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from sksgdprune import NetworkDisplay
    >>> status = [np.array([[0, 2], [2, 2], [0, 2]]), np.array([[0], [2]])]
    >>> display = NetworkDisplay([np.ones((3, 2)), np.ones((2, 1))], status)
    >>> display.plot(Figure()).live_[0]
    array([ True, False,  True])
    >>> display.figure_.subfigs[0].get_suptitle()
    'input → hidden\n2 of 6 weights, 2 of 3 inputs'
    """

    figure_: Figure | SubFigure
    axes_: list[Axes]
    unit_axes_: list[Axes]
    live_: list[NDArray[np.bool_]]

    def __init__(
        self,
        coefs: Sequence[Array],
        status: Sequence[Array],
        *,
        input_shape: Sequence[int] | None = None,
        feature_names: Sequence[str] | Array | None = None,
    ):
        self.coefs = coefs
        self.status = status
        self.input_shape = input_shape
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: BasePreconditionedMLP | SparsitySweep | Pipeline,
        *,
        input_shape: Sequence[int] | None = None,
        feature_names: Sequence[str] | Array | None = None,
        figure: Figure | SubFigure | None = None,
        **plot_params: Any,
    ) -> Self:
        """Draw the network of a fitted estimator.

        Parameters
        ----------
        estimator : PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep or \
Pipeline
            A fitted one. Of a sweep its `best_estimator_` is drawn, of a Pipeline the last
            step, whose inputs are what the steps before it make.
        input_shape : tuple of int, default=None
            (height, width) or (height, width, channels) of inputs that are images.
        feature_names : array-like of str of shape (n_features,), default=None
            Names of the network's inputs; None takes its `feature_names_in_`, if any.
        figure : matplotlib Figure or SubFigure, default=None
            Where to draw, best with layout="constrained"; None makes a figure.
        **plot_params : dict
            Passed to `plot`.

        Returns
        -------
        NetworkDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted, or a sweep has refit=False.
        TypeError
            If the estimator is none of ours and does not end in one.
        ValueError
            If the inputs do not have that shape, or not as many names.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from sksgdprune import NetworkDisplay, PreconditionedMLPClassifier
        >>> X, y = load_digits(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((4,), max_steps=100, random_state=0).fit(X, y)
        >>> display = NetworkDisplay.from_estimator(clf.prune(0.5), input_shape=(8, 8))
        >>> len(display.unit_axes_)  # a picture per hidden unit in use
        4
        """
        last = _last_step(estimator)
        if feature_names is None:
            feature_names = getattr(last, "feature_names_in_", None)
        layout = last._state.network.layout
        display = cls(
            layout.weights(last.theta_),
            layout.weights(last.status_),
            input_shape=input_shape,
            feature_names=feature_names,
        )
        return display.plot(figure, **plot_params)

    def plot(
        self, figure: Figure | SubFigure | None = None, *, cmap: str | Colormap = "RdBu_r"
    ) -> Self:
        """Draw all layers side by side.

        Parameters
        ----------
        figure : matplotlib Figure or SubFigure, default=None
            Where to draw, best with layout="constrained"; None makes a figure.
        cmap : str or matplotlib Colormap, default="RdBu_r"
            Colours of the weights; its middle is 0.

        Returns
        -------
        NetworkDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the inputs do not have `input_shape`, or not as many names.
        ImportError
            If matplotlib is not installed (extra "plot").

        Examples
        --------
        >>> import numpy as np
        >>> from sksgdprune import NetworkDisplay
        >>> display = NetworkDisplay([np.eye(3)], [np.zeros((3, 3))], feature_names=["a", "b", "c"])
        >>> [label.get_text() for label in display.plot(cmap="PiYG").axes_[0].get_yticklabels()]
        ['a', 'b', 'c']
        """
        plt = pyplot()
        n_inputs = len(self.coefs[0])
        shape = _image_shape(self.input_shape, n_inputs)
        if self.feature_names is not None and len(self.feature_names) != n_inputs:
            raise ValueError(f"Got {len(self.feature_names)} feature_names for {n_inputs} inputs.")
        cmap = plt.get_cmap(cmap).with_extremes(bad=PRUNED_COLOUR)
        layers = self._layers()
        self.live_ = [layers[0].live_in, *(layer.live_out for layer in layers)]
        pictures = 0 if shape is None else min(MAX_PICTURES, self.live_[1].sum())
        widths = [PANEL] * len(layers)
        widths[0] += _width_of_pictures(pictures)
        if figure is None:
            figure = plt.figure(figsize=(sum(widths), 5.2), layout="constrained")
        self.figure_, self.axes_, self.unit_axes_ = figure, [], []
        parts = figure.subfigures(1, len(layers), width_ratios=widths, squeeze=False)[0]
        for layer, part in zip(layers, parts, strict=True):
            is_image = shape is not None and not self.axes_
            part.suptitle(layer.title(with_target=is_image), fontsize="medium")
            if is_image:
                ax, self.unit_axes_ = _draw_images(part, layer, shape, cmap)
            else:
                ax = _draw_matrix(part, layer, cmap)
            self.axes_.append(ax)
        _name_rows(self.axes_[0], None if shape else self.feature_names, self.live_[0])
        _explain(figure, layers, triangles=shape is None or len(layers) > 1)
        return self

    def _layers(self):
        n_hidden = len(self.coefs) - 1
        hidden = ["hidden"] if n_hidden == 1 else [f"hidden {i + 1}" for i in range(n_hidden)]
        names = ["input", *hidden, "output"]
        status = [np.asarray(held) for held in self.status]
        live = live_units([held != PRUNED for held in status])
        return [
            _Layer(np.where(held == PRUNED, 0, W), held, *live[i : i + 2], *names[i : i + 2])
            for i, (W, held) in enumerate(zip(self.coefs, status, strict=True))
        ]


class _Layer(NamedTuple):
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


def _width_of_pictures(n):
    """Return the inches that n small pictures and the words below them need."""
    return max(2.4, 0.8 * math.ceil(math.sqrt(n))) if n else 0


def _image_shape(shape, n_inputs):
    """Return the shape (h, w, channels) of the inputs, or None."""
    if shape is None:
        return None
    sizes = tuple(shape) if np.iterable(shape) else (shape,)
    if len(sizes) not in (2, 3) or math.prod(sizes) != n_inputs or min(sizes) < 1:
        h = max(d for d in range(1, math.isqrt(n_inputs) + 1) if n_inputs % d == 0)
        raise ValueError(
            f"Got input_shape={shape!r} for a network of {n_inputs} inputs; possible are (h, w) "
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
    bar = part.colorbar(image, ax=axes, ticks=MaxNLocator(5), **place)
    bar.set_label(label, fontsize="small")
    bar.ax.tick_params(labelsize="small")


def _draw_matrix(part, layer, cmap):
    """Draw a layer's weights as a matrix, with triangles beside what is in use."""
    ax, values = part.subplots(), layer.weights
    image = _show(ax, values, layer.remaining, _largest(values), cmap)
    ax.set_aspect("auto")
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    ax.tick_params(length=0, pad=8, labelsize="small")
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


def _draw_images(part, layer, shape, cmap):
    """Draw the first layer over the image: what is read, and the units in use one by one."""
    units = np.flatnonzero(layer.live_out)
    label = f"weights of {layer.kind_of_target} in use ({len(units)})"
    if len(units) > MAX_PICTURES:
        sums = np.abs(layer.weights).sum(axis=0)[units]
        label = f"{label[:-1]}, the {MAX_PICTURES} largest shown)"
        units = np.sort(units[np.argsort(-sums, kind="stable")[:MAX_PICTURES]])
    n_columns = math.ceil(math.sqrt(len(units)))
    widths = [PANEL, _width_of_pictures(len(units))][: 1 + (n_columns > 0)]
    grid = part.add_gridspec(1, len(widths), width_ratios=widths)
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
        unit_ax.set_title(str(unit), fontsize="x-small", pad=2)
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
    _bar(part, image, ax, "sum of |weights| of each pixel that is read")


def _name_rows(ax, names, live):
    """Write the names of the inputs beside their rows, in grey where they are not read."""
    if names is None or len(names) > MAX_NAMES:
        return
    ax.set_yticks(range(len(names)), names, fontsize="x-small")
    ax.set_ylabel("")
    for label, used in zip(ax.get_yticklabels(), live, strict=True):
        label.set_color("black" if used else "0.6")


def _explain(figure, layers, *, triangles):
    """Say below all layers what grey, triangles and dots mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    look = {"linestyle": "", "color": "black"}
    signs = [Patch(facecolor=PRUNED_COLOUR, label="pruned")]
    if triangles:
        signs.append(Line2D([], [], marker=">", markersize=4, label=PATH, **look))
    if any((layer.status == FROZEN).any() for layer in layers):
        signs.append(Line2D([], [], marker=".", markersize=4, label="frozen", **look))
    figure.legend(
        handles=signs, loc="outside lower center", ncols=3, frameon=False, fontsize="small"
    )
