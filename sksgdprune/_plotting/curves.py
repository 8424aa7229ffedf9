"""Curves of scores, and how each is drawn: its spread, the choice, the axis below."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sksgdprune._sweep.results import metrics_of, one_standard_error, scores_of
from sksgdprune._utils.sklearn_private import style as style_kwargs
from sksgdprune._utils.typing import Array


class Curve(NamedTuple):
    """Scores of shape (n_p, n_cells) over p; what is None was not kept."""

    p: Array
    test: Array
    train: Array | None
    sparsity: Array | None = None
    n_parameters: Array | None = None
    chosen: int | None = None

    @property
    def remaining(self) -> Array:
        """The percentage of the parameters that is not pruned; by p where that was not kept."""
        return 100 * (1 - np.asarray(self.p if self.sparsity is None else self.sparsity))


class Line(NamedTuple):
    """What is drawn of one curve and part, and how; arrays are of shape (n_places,)."""

    curve: Curve
    part: str
    places: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    star: np.ndarray  # whether the place is the sweep's choice, to be marked
    style: dict


def curve_of(results, metric, chosen=None):
    """Return the Curve of a metric in a sweep's `cv_results_`."""
    test = scores_of(results, metric)
    if test is None:
        known = sorted(metrics_of(results))
        raise ValueError(f"Got metric={metric!r}; these results hold {known}.")
    kept = {k: np.asarray(results[k]) for k in ("sparsity", "n_parameters") if k in results}
    train = scores_of(results, metric, "train")
    return Curve(np.asarray(results["p"]), test, train, **kept, chosen=chosen)


def _draw_band(ax, line, colour, given):
    style = style_kwargs({"alpha": 0.2, "linewidth": 0, "color": colour}, given)
    return ax.fill_between(line.places, line.mean - line.std, line.mean + line.std, **style)


def _draw_bars(ax, line, colour, given):
    style = {"fmt": "none", "color": colour} | given
    return ax.errorbar(line.places, line.mean, line.std, **style)


SPREADS = {"fill_between": _draw_band, "errorbar": _draw_bars}


def draw_stars(ax, lines):
    """Mark where the sweeps' choices are, by one artist; None where there is no choice."""
    starred = [line for line in lines if line.star.any()]
    if not starred:
        return None
    places = [line.places[line.star][0] for line in starred]
    means = [line.mean[line.star][0] for line in starred]
    chosen = starred[0].curve.p[starred[0].curve.chosen]
    label = f"chosen: p = {chosen:g}" if len(starred) == 1 else "chosen p"
    look = {"color": "0.1", "markersize": 14, "markeredgecolor": "white", "zorder": 3}
    return ax.plot(places, means, "*", label=label, **look)[0]


def draw_one_se(ax, lines, artists):
    """Shade from one standard error below each curve's best mean test score to that mean."""
    from matplotlib.colors import to_rgba

    bands = []
    for line, artist in zip(lines, artists, strict=True):
        low, high = one_standard_error(np.asarray(line.curve.test))
        if line.part == "test" and np.isfinite(low):
            colour = artist.get_color()
            look = {"facecolor": to_rgba(colour, 0.15), "edgecolor": colour, "linestyle": ":"}
            look["label"] = None if bands else "one standard error"
            bands.append(ax.axhspan(low, high, zorder=0, **look))
    return bands


def log_axis(axis, x):
    """Make `axis` logarithmic and falling, with plain numbers at as many places as have room."""
    from matplotlib.ticker import AutoLocator, EngFormatter, LogLocator, NullFormatter

    axis.axes.set_xscale("log")
    low, high = sorted(axis.get_view_interval())
    short, long = high < 5 * low, high > 1000 * low
    axis.set_major_locator(AutoLocator() if short else LogLocator(subs=(1,) if long else (1, 2, 5)))
    axis.set_major_formatter("{x:g}" if x == "remaining" else EngFormatter(sep=""))
    axis.set_minor_formatter(NullFormatter())
    axis.set_inverted(True)
