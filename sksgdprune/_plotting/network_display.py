"""Display of a network: what is left of its weights, and which inputs and units they use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sksgdprune._data.encoding import by_feature
from sksgdprune._estimator.base import BasePreconditionedMLP
from sksgdprune._kernels.types import PRUNED
from sksgdprune._network.paths import live_units
from sksgdprune._plotting.network_drawing import (
    MAX_PICTURES,
    PANEL,
    PRUNED_COLOUR,
    Layer,
    draw_images,
    draw_matrix,
    explain,
    image_shape,
    in_a_line,
    is_high,
    name_rows,
    width_of_pictures,
)
from sksgdprune._plotting.pyplot import pyplot
from sksgdprune._sweep.delegation import best_of
from sksgdprune._sweep.pipelines import last_step
from sksgdprune._utils.argument_types import Array
from sksgdprune.sweep import SparsitySweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, SubFigure


def _by_feature(network):
    """Return weights and status of each layer; all inputs of a feature are drawn as one.

    The weight of a feature with pieces is then by how much it moves a unit on the way from its
    lowest to its highest value.
    """
    layout, encoding, parameters = network.layout, network.encoding, network.dense()
    coefs, statuses = layout.weights(parameters.theta), layout.weights(parameters.status)
    if not encoding.source.size:
        return coefs, statuses
    width = np.where(np.isfinite(encoding.low), encoding.high - encoding.low, encoding.scale)
    moved = coefs[0] * (width / encoding.scale)[:, np.newaxis]
    first = by_feature(np.add, moved, encoding), by_feature(np.minimum, statuses[0], encoding)
    return [first[0], *coefs[1:]], [first[1], *statuses[1:]]


def _fitted_network(estimator):
    """Return the fitted estimator of the package inside a Pipeline or sweep."""
    if isinstance(estimator, SparsitySweep):
        return _fitted_network(best_of(estimator))
    if isinstance(estimator, Pipeline) and isinstance(estimator[-1], Pipeline | SparsitySweep):
        return _fitted_network(estimator[-1])
    last = last_step(estimator)
    check_is_fitted(last)
    return last


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
            If the estimator is not, and does not end in, a PreconditionedMLPClassifier or
            PreconditionedMLPRegressor.
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
        last = _fitted_network(estimator)
        if feature_names is None:
            feature_names = getattr(last, "feature_names_in_", None)
        coefs, statuses = _by_feature(last._state.network)
        display = cls(
            coefs,
            statuses,
            input_shape=input_shape,
            feature_names=feature_names,
        )
        return display.plot(figure, **plot_params)

    def plot(
        self, figure: Figure | SubFigure | None = None, *, cmap: str | Colormap = "RdBu_r"
    ) -> Self:
        """Draw all layers side by side, or one below the other.

        Parameters
        ----------
        figure : matplotlib Figure or SubFigure, default=None
            Where to draw, best with layout="constrained"; None makes a figure. In one that is at
            least twice as high as wide the layers are one below the other.
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
        >>> display = NetworkDisplay(
        ...     [np.eye(3)], [np.zeros((3, 3))], feature_names=["a", "b", "c"]
        ... )
        >>> [
        ...     label.get_text()
        ...     for label in display.plot(cmap="PiYG").axes_[0].get_yticklabels()
        ... ]
        ['a', 'b', 'c']
        """
        plt = pyplot()
        n_inputs = len(self.coefs[0])
        shape = image_shape(self.input_shape, n_inputs)
        if self.feature_names is not None and len(self.feature_names) != n_inputs:
            raise ValueError(f"Got {len(self.feature_names)} feature_names for {n_inputs} inputs.")
        cmap = plt.get_cmap(cmap).with_extremes(bad=PRUNED_COLOUR)
        layers = self._layers()
        self.live_ = [layers[0].live_in, *(layer.live_out for layer in layers)]
        pictures = 0 if shape is None else min(MAX_PICTURES, self.live_[1].sum())
        sizes = [PANEL] * len(layers)
        sizes[0] += width_of_pictures(pictures)
        if figure is None:
            figure = plt.figure(figsize=(sum(sizes), 5.2), layout="constrained")
        self.figure_, self.axes_, self.unit_axes_ = figure, [], []
        stacked = is_high(figure)
        parts = figure.subfigures(**in_a_line(sizes, stacked), squeeze=False).flat
        for layer, part in zip(layers, parts, strict=True):
            is_image = shape is not None and not self.axes_
            part.suptitle(layer.title(with_target=is_image), fontsize="medium")
            if is_image:
                ax, self.unit_axes_ = draw_images(part, layer, shape, cmap, stacked)
            else:
                ax = draw_matrix(part, layer, cmap)
            self.axes_.append(ax)
        name_rows(self.axes_[0], None if shape else self.feature_names, self.live_[0])
        explain(figure, layers, triangles=shape is None or len(layers) > 1)
        return self

    def _layers(self):
        n_hidden = len(self.coefs) - 1
        hidden = ["hidden"] if n_hidden == 1 else [f"hidden {i + 1}" for i in range(n_hidden)]
        names = ["input", *hidden, "output"]
        statuses = [np.asarray(status) for status in self.status]
        live = live_units([status != PRUNED for status in statuses])
        return [
            Layer(np.where(status == PRUNED, 0, W), status, *live[i : i + 2], *names[i : i + 2])
            for i, (W, status) in enumerate(zip(self.coefs, statuses, strict=True))
        ]
