"""Curves of scores, and how each is drawn: its line, spread and choice, the axes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import NamedTuple

import numpy as np

from sksgdprune._data.validation import is_whole
from sksgdprune._pruning.plan import DEFAULTS
from sksgdprune._sweep.results import (
    half_width,
    mean_and_std,
    metrics_of,
    one_standard_error,
    scores_of,
)
from sksgdprune._utils.argument_types import Array
from sksgdprune._utils.sklearn_private import style as style_kwargs

X_LABELS = {
    "p": "fraction p",
    "remaining": "remaining parameters, biases included (%)",
    "n_parameters": "remaining parameters, biases included",
}
# What p is a fraction of, by `structure`.
COUNTED = {"unit": "hidden units", "input": "features"}
# What becomes of this fraction, by `action`.
DONE = {"prune": "pruned", "freeze": "frozen"}
# What bands and bars are called in the legend, by `spread`.
SPREADS = {
    "std": "± standard deviation",
    "se": "± standard error",
    "ci": "95 % confidence interval",
}
# Which scores are drawn, by `score_type`.
PARTS = {"test": ("test",), "train": ("train",), "both": ("test", "train")}
# Curves differ in these, too, for readers who confuse the colours.
MARKERS = "osD^vPX"


class Curve(NamedTuple):
    """Scores of shape (n_p, n_cells) over p; what is None was not stored."""

    p: Array
    test: Array
    train: Array | None
    sparsity: Array | None = None
    n_parameters: Array | None = None
    chosen: int | None = None
    fraction: str | None = None
    n_splits: int | None = None

    @property
    def n_groups(self) -> int:
        """The number of splits; where that was not stored each score is a split's."""
        return self.n_splits or np.shape(self.test)[1]

    @property
    def varied(self) -> str:
        """What standard errors count: the splits, or the repeats of a single one."""
        n_splits, n_cells = self.n_groups, np.shape(self.test)[1]
        return f"{n_splits} splits" if n_splits > 1 else f"{n_cells} repeats of one split"

    @property
    def remaining(self) -> Array:
        """The percentage of the parameters that is not pruned; by p where that was not stored."""
        return 100 * (1 - np.asarray(self.p if self.sparsity is None else self.sparsity))


class Line(NamedTuple):
    """What is drawn of one curve and part, and how; arrays are of shape (n_places,)."""

    curve: Curve
    part: str
    places: np.ndarray
    mean: np.ndarray
    half_width: np.ndarray  # of its band or bars
    star: np.ndarray  # whether the place is the sweep's choice, to be marked
    style: dict


def curve_of(results, metric, **known):
    """Return the Curve of a metric in a sweep's `cv_results_`; `known` are further fields."""
    test = scores_of(results, metric)
    if test is None:
        known = sorted(metrics_of(results))
        raise ValueError(f"Got metric={metric!r}; expected one of {known}.")
    n_cells, n_splits = test.shape[1], known.get("n_splits")
    is_number = n_splits is None or (is_whole(n_splits) and n_splits >= 1)
    if not is_number or n_cells % (n_splits or 1):
        raise ValueError(
            f"Got n_splits={n_splits!r} for {n_cells} scores at each p; expected a whole number "
            f"that divides {n_cells}, or None."
        )
    stored = {k: np.asarray(results[k]) for k in ("sparsity", "n_parameters") if k in results}
    train = scores_of(results, metric, "train")
    return Curve(np.asarray(results["p"]), test, train, **stored, **known)


def curve_of_sweep(sweep, metric):
    """Return the Curve of a fitted sweep; without a refit it has chosen nothing."""
    chosen = sweep.best_index_ if hasattr(sweep, "best_estimator_") else None
    known = {"chosen": chosen, "fraction": _fraction(sweep), "n_splits": sweep.n_splits_}
    return curve_of(sweep.cv_results_, metric, **known)


def _fraction(sweep):
    """Return what a sweep's p is."""
    biases = sweep.include_biases
    biases = DEFAULTS[sweep.action]["include_biases"] if biases is None else biases
    counted = COUNTED.get(sweep.structure, "parameters" if biases else "weights")
    return f"{DONE[sweep.action]} fraction p of the {counted}"


def lines_of(curves, x, score_type, spread, line_kw):
    """Return the Line of each curve and part; `curves` is a dict by label."""
    parts = PARTS[score_type]
    _check_stored(curves.values(), x, parts)
    markers = cycle(MARKERS if len(curves) > 1 else [""])
    given = _of_each_curve(line_kw, len(curves))
    lines = []
    for (label, curve), marker, kw in zip(curves.items(), markers, given, strict=False):
        for part in parts:
            name = label if score_type == "test" else f"{label} ({part})".strip()
            look = {"label": name or None, "marker": marker, "markersize": 4.5}
            look["linestyle"] = "--" if part == "train" else "-"
            starred = curve.chosen if part == parts[0] else None
            lines.append(_line(curve, x, part, spread, starred, style_kwargs(look, kw)))
    return lines


def _check_stored(curves, x, parts):
    """Refuse what the results lack."""
    if x == "n_parameters" and any(curve.n_parameters is None for curve in curves):
        raise ValueError(
            "Got x='n_parameters', which these results lack; expected 'p' or 'remaining'."
        )
    if "train" in parts and any(curve.train is None for curve in curves):
        raise ValueError("These results have no train scores; sweep with return_train_score=True.")


def _of_each_curve(line_kw, n_curves):
    """Return each curve's own arguments of `ax.plot`."""
    if line_kw is None or isinstance(line_kw, Mapping):
        return [line_kw or {}] * n_curves
    if len(line_kw) != n_curves:
        raise ValueError(
            f"Got line_kw of {len(line_kw)} dicts for {n_curves} curves; give one for each, or "
            "one dict for all."
        )
    return line_kw


def _line(curve, x, part, spread, starred, style):
    """Return the Line of one curve and part, with a star at the row `starred`, if any."""
    places = np.asarray(getattr(curve, x), dtype=float)
    shown = np.full(len(places), True) if x == "p" else places > 0  # 0 has no logarithm
    scores = np.asarray(getattr(curve, part))[shown]
    mean, _ = mean_and_std(scores)
    width = half_width(scores, spread, curve.n_groups)
    star = (np.arange(len(places)) == starred)[shown] & np.isfinite(mean)
    return Line(curve, part, places[shown], mean, width, star, style)


def draw_lines(ax, lines, std_display_style, spread, given):
    """Draw lines and their bands or bars, the first with a label; return both lists of artists."""
    artists = [ax.plot(line.places, line.mean, **line.style)[0] for line in lines]
    if std_display_style is None:
        return artists, []
    draw, spreads, name = STYLES[std_display_style], [], _spread_name(lines, spread)
    for line, artist in zip(lines, artists, strict=True):
        look = {"label": None if spreads else name, "color": artist.get_color()}
        spreads.append(draw(ax, line, look, given or {}))
    return artists, spreads


def _spread_name(lines, spread):
    """Return what bands and bars are called; with what was counted, where it decides their size."""
    if spread == "std":
        return SPREADS[spread]
    varied = dict.fromkeys(line.curve.varied for line in lines)
    return f"{SPREADS[spread]} ({' or '.join(varied)})"


def _draw_band(ax, line, style, given):
    low, high = line.mean - line.half_width, line.mean + line.half_width
    style = style_kwargs(style | {"alpha": 0.2, "linewidth": 0}, given)
    return ax.fill_between(line.places, low, high, **style)


def _draw_bars(ax, line, style, given):
    style = style | {"fmt": "none"} | given
    return ax.errorbar(line.places, line.mean, line.half_width, **style)


STYLES = {"fill_between": _draw_band, "errorbar": _draw_bars}


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


def label_axes(ax, x, score_name, curves):
    """Name both axes, and the curves in a legend where one has a name."""
    label, fractions = X_LABELS[x], {curve.fraction for curve in curves}
    if x != "p":
        _log_axis(ax.xaxis, x)
    elif len(fractions) == 1 and fractions != {None}:
        label = fractions.pop()
    ax.set_xlabel(label)
    ax.set_ylabel(score_name)
    if ax.get_legend_handles_labels()[0]:
        ax.legend()


def _log_axis(axis, x):
    """Make `axis` logarithmic and falling, with plain numbers at as many places as fit."""
    from matplotlib.ticker import AutoLocator, EngFormatter, LogLocator, NullFormatter

    axis.axes.set_xscale("log")
    low, high = sorted(axis.get_view_interval())
    short, long = high < 5 * low, high > 1000 * low
    axis.set_major_locator(AutoLocator() if short else LogLocator(subs=(1,) if long else (1, 2, 5)))
    axis.set_major_formatter("{x:g}" if x == "remaining" else EngFormatter(sep=""))
    axis.set_minor_formatter(NullFormatter())
    axis.set_inverted(True)
