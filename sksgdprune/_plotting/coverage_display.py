"""Display of coverage: observed against nominal, of a regressor's prediction intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sksgdprune._plotting.pyplot import pyplot
from sksgdprune._utils.argument_types import ArrayLike, MatrixLike, PredictsIntervals
from sksgdprune._utils.sklearn_private import style as style_kwargs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


class CoverageDisplay:
    """Coverage of prediction intervals against the nominal coverage.

    Calibrated intervals lie on the diagonal; below it they are too narrow, above it too wide. For
    classifiers use scikit-learn's `CalibrationDisplay`.

    Parameters
    ----------
    nominal : array-like of shape (n_coverages,)
        Nominal coverages, between 0 and 1.
    covered : array-like of shape (n_coverages,)
        Fraction of the observations inside the intervals.
    name : str, default=None
        Label of the curve.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    line_ : matplotlib Line2D
        The curve.

    See Also
    --------
    PreconditionedMLPRegressor : Its `predict_interval` makes the intervals.
    sklearn.calibration.CalibrationDisplay : Reliability of probabilities.

    Examples
    --------
    >>> from sksgdprune import CoverageDisplay
    >>> display = CoverageDisplay(
    ...     [0.5, 0.9], [0.52, 0.88], name="network"
    ... ).plot()
    >>> display.line_.get_label()
    'network'
    """

    ax_: Axes
    figure_: Any
    line_: Line2D

    def __init__(self, nominal: ArrayLike, covered: ArrayLike, name: str | None = None):
        self.nominal = nominal
        self.covered = covered
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: PredictsIntervals,
        X: MatrixLike,
        y: ArrayLike,
        *,
        coverages: ArrayLike | None = None,
        name: str | None = None,
        ax: Axes | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the coverage of an estimator's intervals on some data.

        Parameters
        ----------
        estimator : PreconditionedMLPRegressor
            Fitted, with posterior samples (`n_draws`), such as a sweep's `best_estimator_`; or any
            estimator that has `predict_interval(X, coverage)`.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs that it was not trained on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Observations; several outputs count together.
        coverages : array-like of shape (n_coverages,), default=None
            Nominal coverages, each between 0 and 1; None takes 0.05, 0.1, … 0.95.
        name : str, default=None
            Label of the curve; None takes the estimator's class.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        line_kw : dict, default=None
            Arguments of `ax.plot` for the curve.

        Returns
        -------
        display : CoverageDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator predicts no intervals.
        ValueError
            If it has no posterior samples, or if a coverage is out of range.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import CoverageDisplay, PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor(
        ...     (20,), n_draws=20, max_steps=500, random_state=0
        ... )
        >>> reg = reg.fit(X[:350], y[:350])
        >>> display = CoverageDisplay.from_estimator(
        ...     reg, X[350:], y[350:], coverages=[0.5, 0.9]
        ... )
        >>> display.covered
        array([0.5..., 0.9...])
        """
        if not hasattr(estimator, "predict_interval"):
            raise TypeError(
                f"{type(estimator).__name__} predicts no intervals; give a "
                "PreconditionedMLPRegressor with posterior samples: of a sweep its "
                "best_estimator_, of a Pipeline its last step and the transformed X."
            )
        nominal = np.linspace(0.05, 0.95, 19) if coverages is None else np.asarray(coverages)
        ends = (estimator.predict_interval(X, float(coverage)) for coverage in nominal)
        covered = [_covered(*np.moveaxis(interval, -1, 0), np.asarray(y)) for interval in ends]
        name = type(estimator).__name__ if name is None else name
        return cls(nominal, np.array(covered), name).plot(ax=ax, line_kw=line_kw)

    def plot(
        self,
        *,
        name: str | None = None,
        ax: Axes | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the curve, and the diagonal where the axes have none yet.

        Parameters
        ----------
        name : str, default=None
            Label of the curve; None takes `name` of the display.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        line_kw : dict, default=None
            Arguments of `ax.plot` for the curve.

        Returns
        -------
        display : CoverageDisplay
            The display itself.

        Examples
        --------
        >>> from sksgdprune import CoverageDisplay
        >>> display = CoverageDisplay([0.5, 0.9], [0.52, 0.88])
        >>> display.plot(
        ...     name="test rows", line_kw={"color": "red"}
        ... ).line_.get_color()
        'red'
        """
        plt = pyplot()
        ax = plt.subplots()[1] if ax is None else ax
        if not any(line.get_label() == "nominal" for line in ax.lines):
            ax.plot([0, 1], [0, 1], ":", color="0.3", label="nominal")
        style = style_kwargs({"marker": "o", "label": name or self.name}, line_kw or {})
        (self.line_,) = ax.plot(self.nominal, self.covered, **style)
        ax.set(xlabel="nominal coverage", ylabel="fraction in the interval", aspect="equal")
        ax.legend(loc="upper left")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _covered(low, high, y):
    """Return the fraction of y that lies in the intervals; a single output may be a column."""
    y = y.reshape(low.shape)
    return np.mean((low <= y) & (y <= high))
