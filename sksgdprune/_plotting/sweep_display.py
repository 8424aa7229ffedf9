"""Display of a sweep: curves of the score against the fraction p, or against what remains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sksgdprune._data import validation as check
from sksgdprune._plotting.pyplot import pyplot
from sksgdprune._plotting.sweep_drawing import (
    PARTS,
    SPREADS,
    STYLES,
    X_LABELS,
    Curve,
    curve_of,
    curve_of_sweep,
    draw_lines,
    draw_one_se,
    draw_stars,
    label_axes,
    lines_of,
)
from sksgdprune._utils.argument_types import ArrayLike, Auto, MatrixLike
from sksgdprune.sweep import SparsitySweep

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.container import ErrorbarContainer
    from matplotlib.lines import Line2D


def _check_array(estimator):
    if np.ndim(estimator.p) == 0:
        raise ValueError(f"Got a sweep with p={estimator.p!r}; a curve needs an array p.")


class SparsitySweepDisplay:
    """Test (and train) score against the fraction p, one curve or several.

    Use `from_estimator`, `from_estimators` or `from_cv_results` to create one.

    Parameters
    ----------
    curves : dict of str to Curve
        For each label, `p` of shape (n_p,), scores of shape (n_p, n_cells), and where they were
        stored `sparsity` and `n_parameters` of shape (n_p,), the mean fraction of pruned parameters
        and the mean number of the others, `chosen`, the row that the sweep chose, `fraction`, the
        label of p, and `n_splits`, the number of splits that are repeated.
    score_name : str, default="score"
        Label of the vertical axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    lines_ : list of matplotlib Line2D
        Mean curves.
    spread_ : list of matplotlib artists
        Bands or error bars; empty without them.
    chosen_ : matplotlib Line2D or None
        Stars at the p that the sweeps chose.
    one_se_ : list of matplotlib artists
        Bands of one standard error below the best mean; empty without them.

    See Also
    --------
    SparsitySweep : Makes the results.

    Examples
    --------
    >>> from sksgdprune import SparsitySweepDisplay
    >>> results = {
    ...     "p": [0.0, 0.9],
    ...     "split0_test_score": [0.97, 0.80],
    ...     "split1_test_score": [0.98, 0.78],
    ...     "mean_test_score": [0.975, 0.79],
    ... }
    >>> display = SparsitySweepDisplay.from_cv_results({"magnitude": results})
    >>> display.curves["magnitude"].test.shape
    (2, 2)
    """

    ax_: Axes
    figure_: Any
    lines_: list[Line2D]
    spread_: list[Artist | ErrorbarContainer]
    chosen_: Line2D | None
    one_se_: list[Artist]

    def __init__(self, curves: Mapping[str, Curve], *, score_name: str = "score"):
        self.curves = curves
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator: SparsitySweep,
        X: MatrixLike | None = None,
        y: ArrayLike | None = None,
        *,
        metric: str = "score",
        score_name: str | None = None,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> Self:
        """Draw the curve of one sweep, with the p that it chose.

        Parameters
        ----------
        estimator : SparsitySweep
            With an array p. A fitted one is drawn as it is; otherwise a clone is fitted on X, y.
        X, y : array-like, default=None
            Data for a sweep that is not fitted.
        metric : str, default="score"
            Which metric, where the sweep has several.
        score_name : str, default=None
            Label of the vertical axis; None takes the scoring's name.
        ax : matplotlib Axes, default=None
            Where to draw.
        **plot_params : dict
            Passed to `plot`.

        Returns
        -------
        SparsitySweepDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the sweep is not fitted and X or y is missing, or if its p is a number.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import (
        ...     PreconditionedMLPClassifier,
        ...     SparsitySweep,
        ...     SparsitySweepDisplay,
        ... )
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((8,), random_state=0)
        >>> sweep = SparsitySweep(
        ...     clf, p=[0, 0.5, 0.9], warmup_steps=50, finetune_steps=50
        ... )
        >>> display = SparsitySweepDisplay.from_estimator(
        ...     sweep, X, y, score_name="accuracy"
        ... )
        >>> display.ax_.get_ylabel()
        'accuracy'
        """
        _check_array(estimator)
        if not hasattr(estimator, "cv_results_"):
            if X is None or y is None:
                raise ValueError("The sweep is not fitted; pass X and y, or fit it first.")
            estimator = clone(estimator).fit(X, y)
        how = {"metric": metric, "score_name": score_name, "ax": ax}
        return cls.from_estimators({"": estimator}, **how, **plot_params)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, SparsitySweep],
        *,
        metric: str = "score",
        score_name: str | None = None,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> Self:
        """Draw the curves of several fitted sweeps in one axes, with the p that each chose.

        Parameters
        ----------
        estimators : dict of str to SparsitySweep
            For each name in the legend a fitted sweep with an array p.
        metric : str, default="score"
            Which metric, where the sweeps have several.
        score_name : str, default=None
            Label of the vertical axis; None takes the scoring's name where all have the same.
        ax : matplotlib Axes, default=None
            Where to draw.
        **plot_params : dict
            Passed to `plot`.

        Returns
        -------
        SparsitySweepDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a sweep's p is a number, or if the results lack the metric.
        NotFittedError
            If a sweep is not fitted.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import (
        ...     PreconditionedMLPClassifier,
        ...     SparsitySweep,
        ...     SparsitySweepDisplay,
        ... )
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((8,), random_state=0)
        >>> steps = {"warmup_steps": 50, "finetune_steps": 50}
        >>> sweeps = {
        ...     method: SparsitySweep(
        ...         clf, p=[0, 0.5, 0.9], method=method, **steps
        ...     ).fit(X, y)
        ...     for method in ("fisher", "magnitude")
        ... }
        >>> display = SparsitySweepDisplay.from_estimators(sweeps, x="remaining")
        >>> [line.get_label() for line in display.lines_]
        ['fisher', 'magnitude']
        """
        for label, estimator in estimators.items():
            _check_array(estimator)
            if not hasattr(estimator, "cv_results_"):
                raise NotFittedError(f"The sweep {label!r} is not fitted; fit it first.")
        curves = {label: curve_of_sweep(sweep, metric) for label, sweep in estimators.items()}
        if score_name is None:
            names = {s.scoring if isinstance(s.scoring, str) else "" for s in estimators.values()}
            score_name = (names.pop() if len(names) == 1 else "") or metric
        return cls(curves, score_name=score_name).plot(ax=ax, **plot_params)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: Mapping[str, Any],
        *,
        metric: str = "score",
        score_name: str | None = None,
        n_splits: int | None = None,
    ) -> Self:
        """Make a display of stored results, without drawing it.

        Parameters
        ----------
        cv_results : dict
            One sweep's `cv_results_`, or a dict from labels to such.
        metric : str, default="score"
            Which metric, where the sweeps have several.
        score_name : str, default=None
            Label of the vertical axis; None takes `metric`.
        n_splits : int, default=None
            The sweeps' `n_splits_`, where they have several repeats; None takes each score for one
            of another split.

        Returns
        -------
        SparsitySweepDisplay
            The display; call its `plot`.

        Raises
        ------
        ValueError
            If the results lack the metric, or are not of so many splits.

        Examples
        --------
        >>> from sksgdprune import SparsitySweepDisplay
        >>> results = {
        ...     "p": [0.0, 0.9],
        ...     "split0_test_score": [0.97, 0.80],
        ...     "split1_test_score": [0.98, 0.78],
        ...     "mean_test_score": [0.975, 0.79],
        ... }
        >>> display = SparsitySweepDisplay.from_cv_results(
        ...     {"ours": results, "theirs": results}
        ... )
        >>> [line.get_label() for line in display.plot().lines_]
        ['ours', 'theirs']
        """
        if "p" in cv_results and not isinstance(cv_results["p"], Mapping):
            cv_results = {"": cv_results}
        curves = {
            label: curve_of(results, metric, n_splits=n_splits)
            for label, results in cv_results.items()
        }
        return cls(curves, score_name=metric if score_name is None else score_name)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        x: Literal["p", "remaining", "n_parameters"] = "p",
        score_type: Literal["test", "train", "both"] = "test",
        std_display_style: Literal["fill_between", "errorbar"] | None = "fill_between",
        spread: Literal["std", "se", "ci"] = "std",
        one_se: bool | Auto = "auto",
        score_name: str | None = None,
        line_kw: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        fill_between_kw: Mapping[str, Any] | None = None,
        errorbar_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the mean score of each curve, with its spread.

        The legend says which spread it is, and how many splits a standard error counts. A star is
        where a sweep's `best_p_` is; with refit=False nothing is chosen.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        x : {"p", "remaining", "n_parameters"}, default="p"
            The horizontal axis: the fraction p, or the percentage or number of parameters that
            are not pruned, on a logarithmic axis that separates 2 % from 1 %. It falls from left to
            right, so that more is cut to the right on all; where nothing remains there
            is no point. Frozen parameters remain. What remains is counted of all parameters, p of
            those that are cut: at p = 0.9 of the weights more than 10 % of the parameters remain,
            since the biases do.
        score_type : {"test", "train", "both"}, default="test"
            Which scores; train curves are dashed.
        std_display_style : {"fill_between", "errorbar"} or None, default="fill_between"
            How the spread to either side is shown.
        spread : {"std", "se", "ci"}, default="std"
            One standard deviation of all scores at a p, as `std_test_score`; one standard error of
            their mean; or its 95 % confidence interval by Student's t. The last two count splits:
            repeats are averaged first, since those on the same rows are not independent. With a
            single split they count its repeats, and say nothing of other splits. Training rows
            that splits share make both somewhat too narrow (Nadeau & Bengio 2003).
        one_se : bool or "auto", default="auto"
            Whether a band shows which mean test scores are within one standard error of the best:
            std / √n_cells, by which `refit="one_se"` goes. "auto" draws it for a single curve.
        score_name : str, default=None
            Label of the vertical axis; None takes the display's.
        line_kw : dict or list of dict, default=None
            Further arguments of `ax.plot`, for all curves or for each.
        fill_between_kw : dict, default=None
            Further arguments of `ax.fill_between`.
        errorbar_kw : dict, default=None
            Further arguments of `ax.errorbar`.

        Returns
        -------
        SparsitySweepDisplay
            The display itself.

        Raises
        ------
        ValueError
            On an unknown x, style, spread or score type, if train scores or numbers of parameters
            are missing, or with a single score at each p that has no standard error.
        ImportError
            If matplotlib is not installed (extra "plot").

        References
        ----------
        Nadeau & Bengio (2003), Inference for the Generalization Error, Machine Learning 52.

        Examples
        --------
        >>> from sksgdprune import SparsitySweepDisplay
        >>> results = {
        ...     "p": [0.0, 0.9],
        ...     "split0_test_score": [0.97, 0.80],
        ...     "split1_test_score": [0.98, 0.78],
        ...     "mean_test_score": [0.975, 0.79],
        ... }
        >>> display = SparsitySweepDisplay.from_cv_results(
        ...     results, score_name="accuracy"
        ... )
        >>> display = display.plot(
        ...     x="remaining", std_display_style="errorbar", one_se=False
        ... )
        >>> display.lines_[0].get_xdata().round()
        array([100.,  10.])
        """
        check.one_of("x", x, X_LABELS)
        check.one_of("score_type", score_type, PARTS)
        check.one_of("std_display_style", std_display_style, (*STYLES, None))
        check.one_of("spread", spread, SPREADS)
        check.one_of("one_se", one_se, ("auto", True, False))
        lines = lines_of(self.curves, x, score_type, spread, line_kw)
        self.ax_ = ax = pyplot().subplots()[1] if ax is None else ax
        self.figure_ = ax.figure
        given = {"fill_between": fill_between_kw, "errorbar": errorbar_kw}.get(std_display_style)
        self.lines_, self.spread_ = draw_lines(ax, lines, std_display_style, spread, given)
        self.chosen_ = draw_stars(ax, lines)
        wanted = len(self.curves) == 1 if one_se == "auto" else one_se
        self.one_se_ = draw_one_se(ax, lines, self.lines_) if wanted else []
        score_name = self.score_name if score_name is None else score_name
        label_axes(ax, x, score_name, self.curves.values())
        return self
