"""Curves of score against the fraction p."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from sksgdprune._pyplot import pyplot
from sksgdprune._sklearn import style as style_kwargs


class Curve(NamedTuple):
    """Scores of shape (n_p, n_cells) over p; train and sparsity are None where not kept."""

    p: np.ndarray
    test: np.ndarray
    train: np.ndarray | None
    sparsity: np.ndarray | None = None

    @property
    def remaining(self):
        """The percentage of the parameters that is not pruned; by p where that was not kept."""
        return 100 * (1 - np.asarray(self.p if self.sparsity is None else self.sparsity))


def _curve(results, metric):
    def scores(part):
        keys = [k for k in results if k.startswith("split") and k.endswith(f"_{part}_{metric}")]
        return np.column_stack([results[k] for k in keys]) if keys else None

    test = scores("test")
    if test is None:
        known = sorted(k.removeprefix("mean_test_") for k in results if k.startswith("mean_test_"))
        raise ValueError(f"Got metric={metric!r}; these results hold {known}.")
    sparsity = np.asarray(results["sparsity"]) if "sparsity" in results else None
    return Curve(np.asarray(results["p"]), test, scores("train"), sparsity)


def _log_percent(axis):
    """Make `axis` one of percentages: logarithmic, falling, with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.axes.set_xscale("log")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
    axis.set_inverted(True)


class SparsitySweepDisplay:
    """Test (and train) score against the fraction p, one curve or several.

    Use `from_estimator` or `from_cv_results` to create one.

    Parameters
    ----------
    curves : dict of str to Curve
        For each label, `p` of shape (n_p,), scores of shape (n_p, n_cells), and where it was
        kept `sparsity` of shape (n_p,), the mean fraction of pruned parameters.
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
        Bands or error bars of one standard deviation; empty without them.

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

    def __init__(self, curves, *, score_name="score"):
        self.curves = curves
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls, estimator, X=None, y=None, *, metric="score", score_name=None, ax=None, **plot_params
    ):
        """Draw the curve of one sweep.

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
        """
        if np.ndim(estimator.p) == 0:
            raise ValueError(f"Got a sweep with p={estimator.p!r}; a curve needs an array p.")
        if not hasattr(estimator, "cv_results_"):
            if X is None or y is None:
                raise ValueError("The sweep is not fitted; pass X and y, or fit it first.")
            estimator = clone(estimator).fit(X, y)
        if score_name is None:
            score_name = estimator.scoring if isinstance(estimator.scoring, str) else metric
        display = cls.from_cv_results(estimator.cv_results_, metric=metric, score_name=score_name)
        return display.plot(ax=ax, **plot_params)

    @classmethod
    def from_cv_results(cls, cv_results, *, metric="score", score_name=None):
        """Make a display of stored results, without drawing it.

        Parameters
        ----------
        cv_results : dict
            One sweep's `cv_results_`, or a dict from labels to such.
        metric : str, default="score"
            Which metric, where the sweeps have several.
        score_name : str, default=None
            Label of the vertical axis; None takes `metric`.

        Returns
        -------
        SparsitySweepDisplay
            The display; call its `plot`.

        Raises
        ------
        ValueError
            If the results do not hold the metric.
        """
        if "p" in cv_results and not isinstance(cv_results["p"], Mapping):
            cv_results = {"": cv_results}
        curves = {label: _curve(results, metric) for label, results in cv_results.items()}
        return cls(curves, score_name=metric if score_name is None else score_name)

    def plot(
        self,
        ax=None,
        *,
        x="p",
        score_type="test",
        std_display_style="fill_between",
        score_name=None,
        line_kw=None,
        fill_between_kw=None,
        errorbar_kw=None,
    ):
        """Draw the mean score of each curve, with its spread over the cells.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        x : {"p", "remaining"}, default="p"
            The horizontal axis: the fraction p, or the percentage of parameters that is not
            pruned, on a logarithmic axis that tells 2 % from 1 %. That falls from left to
            right, so that more is cut to the right on both; where nothing remains there
            is no point. Frozen parameters remain.
        score_type : {"test", "train", "both"}, default="test"
            Which scores; train curves are dashed.
        std_display_style : {"fill_between", "errorbar"} or None, default="fill_between"
            How one standard deviation to either side is shown.
        score_name : str, default=None
            Label of the vertical axis; None takes the display's.
        line_kw : dict, default=None
            Further arguments of `ax.plot`.
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
            On an unknown x, style or score type, or if train scores were not kept.
        ImportError
            If matplotlib is not installed (extra "plot").
        """
        if x not in ("p", "remaining"):
            raise ValueError(f"Got x={x!r}; possible are 'p' and 'remaining'.")
        series = self._series(x, score_type)
        if std_display_style not in ("fill_between", "errorbar", None):
            raise ValueError(
                f"Got std_display_style={std_display_style!r}; "
                "possible are 'fill_between', 'errorbar' and None."
            )
        if ax is None:
            ax = pyplot().subplots()[1]
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_, self.spread_ = [], []
        for label, places, scores, dashed in series:
            style = {"label": label or None, "linestyle": "--" if dashed else "-"}
            mean, std = scores.mean(axis=1), scores.std(axis=1)
            (line,) = ax.plot(places, mean, **style_kwargs(style, line_kw or {}))
            self.lines_.append(line)
            if std_display_style == "fill_between":
                look = {"alpha": 0.2, "linewidth": 0, "color": line.get_color()}
                look = style_kwargs(look, fill_between_kw or {})
                self.spread_.append(ax.fill_between(places, mean - std, mean + std, **look))
            elif std_display_style == "errorbar":
                look = {"fmt": "none", "color": line.get_color()}
                self.spread_.append(ax.errorbar(places, mean, std, **(look | (errorbar_kw or {}))))
        if x == "remaining":
            _log_percent(ax.xaxis)
        ax.set_xlabel("fraction p" if x == "p" else "remaining parameters (%)")
        ax.set_ylabel(self.score_name if score_name is None else score_name)
        if any(label for label, *_ in series):
            ax.legend()
        return self

    def _series(self, x, score_type):
        """Return (label, places on the horizontal axis, scores, dashed) of each line."""
        if score_type not in ("test", "train", "both"):
            raise ValueError(
                f"Got score_type={score_type!r}; possible are 'test', 'train' and 'both'."
            )
        series = []
        for label, curve in self.curves.items():
            if score_type != "test" and curve.train is None:
                raise ValueError(
                    "These results hold no train scores; sweep with return_train_score=True."
                )
            places = np.asarray(getattr(curve, x))
            shown = places > 0 if x == "remaining" else slice(None)  # 0 has no logarithm
            if score_type != "train":
                name = f"{label} (test)".strip() if score_type == "both" else label
                series.append((name, places[shown], np.asarray(curve.test)[shown], False))
            if score_type != "test":
                name = f"{label} (train)".strip()
                series.append((name, places[shown], np.asarray(curve.train)[shown], True))
        return series
