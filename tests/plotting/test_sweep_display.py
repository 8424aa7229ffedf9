"""Curves: what is drawn, read back from the artists."""

import sys
from copy import copy
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy.stats import sem, t
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep, SparsitySweepDisplay

mpl.use("agg")

import matplotlib.pyplot as plt

P = [0.0, 0.5, 0.9]
STD = "± standard deviation"


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def sweep(**changes):
    clf = PreconditionedMLPClassifier((4,), random_state=0)
    options = {"p": P, "warmup_steps": 10, "finetune_steps": 20, "cv": 3, "refit": False}
    return SparsitySweep(clf, **options | changes)


def results(*, metric="score", train=True, seed=0):
    """Results of three p and four cells."""
    rng = np.random.RandomState(seed)
    parts = ("test", "train") if train else ("test",)
    made = {"p": np.array(P), "n_parameters": np.array([5000.0, 2500.0, 100.0])}
    for part in parts:
        scores = rng.uniform(size=(3, 4))
        made |= {f"split{k}_{part}_{metric}": column for k, column in enumerate(scores.T)}
        made |= {f"mean_{part}_{metric}": scores.mean(axis=1)}
        made |= {f"std_{part}_{metric}": scores.std(axis=1)}
    return made


def band_limits(band):
    """Return the lower and upper edge over P of a fill_between."""
    corners = band.get_paths()[0].vertices
    edges = [corners[np.isclose(corners[:, 0], p), 1] for p in P]
    return np.array([e.min() for e in edges]), np.array([e.max() for e in edges])


def bar_limits(container):
    """Return the lower and upper end of error bars."""
    ends = np.array(container.lines[2][0].get_segments())
    np.testing.assert_array_equal(ends[:, 0, 0], P)
    return ends[:, 0, 1], ends[:, 1, 1]


LIMITS = {"fill_between": band_limits, "errorbar": bar_limits}


def assert_line(line, results, part="test", metric="score"):
    np.testing.assert_array_equal(line.get_xdata(), results["p"])
    np.testing.assert_allclose(line.get_ydata(), results[f"mean_{part}_{metric}"], rtol=1e-14)


def legend_of(display):
    legend = display.ax_.get_legend()
    return legend and [text.get_text() for text in legend.get_texts()]


@pytest.fixture(scope="module")
def fitted():
    chosen = sweep(return_train_score=True, random_state=3, refit="best")
    return chosen.fit(*load_iris(return_X_y=True))


# Where it comes from


def test_a_fitted_sweep_is_drawn_as_it_is(fitted):
    display = SparsitySweepDisplay.from_estimator(fitted)
    assert_line(display.lines_[0], fitted.cv_results_)
    assert len(display.lines_) == len(display.spread_) == 1
    assert display.figure_ is display.ax_.figure
    assert display.figure_ in map(plt.figure, plt.get_fignums())


def test_a_sweep_that_is_not_fitted_is_cloned_and_fitted(fitted):
    unfitted = sweep(random_state=3)
    display = SparsitySweepDisplay.from_estimator(unfitted, *load_iris(return_X_y=True))
    assert_line(display.lines_[0], fitted.cv_results_)
    assert not hasattr(unfitted, "cv_results_")


def test_plot_parameters_are_passed_on(fitted):
    ax = plt.figure().add_subplot()
    display = SparsitySweepDisplay.from_estimator(
        fitted, ax=ax, score_type="both", std_display_style=None, score_name="hits"
    )
    assert display.ax_ is ax
    assert len(display.lines_) == 2
    assert display.spread_ == []
    assert ax.get_ylabel() == "hits"


def test_one_metric_of_several(fitted):
    several = sweep(scoring=["accuracy", "neg_log_loss"], random_state=3)
    several.fit(*load_iris(return_X_y=True))
    display = SparsitySweepDisplay.from_estimator(several, metric="neg_log_loss")
    assert_line(display.lines_[0], several.cv_results_, metric="neg_log_loss")
    assert display.ax_.get_ylabel() == "neg_log_loss"
    accuracy = SparsitySweepDisplay.from_estimator(several, metric="accuracy")
    assert_line(accuracy.lines_[0], fitted.cv_results_)


@pytest.mark.parametrize(
    ("scoring", "score_name", "label"),
    [(None, None, "score"), ("accuracy", None, "accuracy"), ("accuracy", "hits", "hits")],
)
def test_the_vertical_axis_has_the_scorings_name(scoring, score_name, label):
    display = SparsitySweepDisplay.from_estimator(
        sweep(scoring=scoring, p=[0.5], cv=2), *load_iris(return_X_y=True), score_name=score_name
    )
    assert display.ax_.get_ylabel() == label


def test_stored_results_are_not_drawn_before_plot():
    before = plt.get_fignums()
    display = SparsitySweepDisplay.from_cv_results(results())
    assert plt.get_fignums() == before
    assert not hasattr(display, "ax_")
    assert display.plot() is display


def test_stored_results_without_label_make_one_curve_and_no_legend():
    stored = results()
    display = SparsitySweepDisplay.from_cv_results(stored).plot(one_se=False)
    assert_line(display.lines_[0], stored)
    assert len(display.lines_) == 1
    assert legend_of(display) == [STD]
    assert legend_of(display.plot(one_se=False, std_display_style=None)) is None


def test_stored_results_with_labels_make_a_curve_each():
    stored = {"magnitude": results(seed=1), "random": results(seed=2)}
    display = SparsitySweepDisplay.from_cv_results(stored, score_name="hits").plot()
    for line, made in zip(display.lines_, stored.values(), strict=True):
        assert_line(line, made)
    assert legend_of(display) == ["magnitude", "random", STD]
    assert display.ax_.get_ylabel() == "hits"
    assert display.lines_[0].get_color() != display.lines_[1].get_color()


def test_a_curve_may_be_named_p():
    stored = {"p": results(seed=1), "q": results(seed=2)}
    display = SparsitySweepDisplay.from_cv_results(stored).plot()
    assert legend_of(display) == ["p", "q", STD]


def test_results_may_be_a_data_frame(fitted):
    frame = pd.DataFrame(fitted.cv_results_)
    display = SparsitySweepDisplay.from_cv_results(frame).plot()
    assert_line(display.lines_[0], fitted.cv_results_)


def test_a_metric_is_not_confused_with_one_whose_name_it_ends():
    stored = results(metric="f1") | results(metric="weighted_f1", seed=5)
    display = SparsitySweepDisplay.from_cv_results(stored, metric="f1").plot()
    assert_line(display.lines_[0], stored, metric="f1")


# Several sweeps


@pytest.fixture(scope="module")
def sweeps(fitted):
    random = sweep(method="random", random_state=3, return_train_score=True, refit="best")
    return {"fisher": fitted, "random": random.fit(*load_iris(return_X_y=True))}


def test_fitted_sweeps_are_drawn_in_one_axes_with_their_names(sweeps):
    display = SparsitySweepDisplay.from_estimators(sweeps)
    for line, fitted in zip(display.lines_, sweeps.values(), strict=True):
        assert_line(line, fitted.cv_results_)
    assert legend_of(display) == ["fisher", "random", STD, "chosen p"]
    assert len(display.spread_) == 2
    assert display.ax_.get_ylabel() == "score"


def test_several_curves_differ_in_more_than_colour(sweeps):
    first, second = SparsitySweepDisplay.from_estimators(sweeps).lines_
    assert first.get_color() != second.get_color()
    assert first.get_marker() != second.get_marker()


def test_several_sweeps_are_drawn_against_what_remains(sweeps):
    ax = plt.figure().add_subplot()
    display = SparsitySweepDisplay.from_estimators(sweeps, ax=ax, x="remaining", score_name="hits")
    assert display.ax_ is ax
    assert (ax.get_xscale(), ax.get_ylabel()) == ("log", "hits")


@pytest.mark.parametrize(
    ("scorings", "name"),
    [
        (("accuracy", "accuracy"), "accuracy"),
        (("accuracy", "f1_macro"), "score"),
        ((None, "accuracy"), "score"),
    ],
)
def test_a_scoring_names_the_axis_where_it_is_that_of_all(sweeps, scorings, name):
    named = {scoring: clone_with(sweeps["fisher"], scoring) for scoring in scorings}
    named["again"] = clone_with(sweeps["fisher"], scorings[1])
    assert SparsitySweepDisplay.from_estimators(named).ax_.get_ylabel() == name


def clone_with(fitted, scoring):
    """A shallow copy, still fitted, that says to have scored otherwise."""
    return copy(fitted).set_params(scoring=scoring)


def test_each_curve_takes_arguments_of_its_own(sweeps):
    keywords = [{"c": "red"}, {"color": "blue", "marker": "*", "label": "by chance"}]
    display = SparsitySweepDisplay.from_estimators(sweeps, score_type="both", line_kw=keywords)
    assert [line.get_color() for line in display.lines_] == ["red", "red", "blue", "blue"]
    assert display.lines_[2].get_marker() == "*"
    assert display.lines_[2].get_label() == "by chance"


def test_a_sweep_that_is_not_fitted_is_named(sweeps):
    with pytest.raises(NotFittedError, match="The sweep 'new' is not fitted"):
        SparsitySweepDisplay.from_estimators(sweeps | {"new": sweep()})
    with pytest.raises(ValueError, match=r"p=0.5; a curve needs an array p"):
        SparsitySweepDisplay.from_estimators(sweeps | {"new": sweep(p=0.5)})
    assert plt.get_fignums() == []


# The choice


def test_a_star_is_at_the_p_that_was_chosen(fitted):
    display = SparsitySweepDisplay.from_estimator(fitted)
    np.testing.assert_array_equal(display.chosen_.get_xdata(), [fitted.best_p_])
    np.testing.assert_allclose(display.chosen_.get_ydata(), [fitted.best_score_], rtol=1e-14)
    assert legend_of(display)[1] == f"chosen: p = {fitted.best_p_:g}"


@pytest.mark.parametrize("x", ["p", "remaining", "n_parameters"])
def test_each_sweep_has_a_star_on_its_test_curve(sweeps, x):
    display = SparsitySweepDisplay.from_estimators(sweeps, x="p")
    for name, index in (("fisher", 2), ("random", 0)):
        stored = results(seed=index)
        display.curves[name] = SparsitySweepDisplay.from_cv_results(stored).curves[""]
        display.curves[name] = display.curves[name]._replace(chosen=index)
    display.plot(x=x, score_type="both")
    places = {"p": [0.9, 0], "remaining": [10, 100], "n_parameters": [100, 5000]}[x]
    np.testing.assert_allclose(display.chosen_.get_xdata(), places, rtol=1e-12)
    means = [results(seed=i)["mean_test_score"][i] for i in (2, 0)]
    np.testing.assert_allclose(display.chosen_.get_ydata(), means, rtol=1e-12)


def test_there_is_no_star_where_nothing_was_chosen_or_the_choice_is_not_shown():
    display = SparsitySweepDisplay.from_cv_results(results() | {"sparsity": np.array([0, 0.5, 1])})
    assert display.plot().chosen_ is None
    display.curves[""] = display.curves[""]._replace(chosen=2)
    assert display.plot(x="remaining").chosen_ is None
    assert display.plot(score_type="train").chosen_ is not None
    display.curves[""].test[2] = np.nan
    assert display.plot().chosen_ is None


@pytest.mark.parametrize(
    ("scoring", "metric"), [("accuracy", "score"), (["accuracy", "neg_log_loss"], "accuracy")]
)
def test_a_sweep_without_refit_has_chosen_nothing_and_has_no_star(scoring, metric):
    fitted = sweep(scoring=scoring).fit(*load_iris(return_X_y=True))
    assert SparsitySweepDisplay.from_estimator(fitted, metric=metric).chosen_ is None


# What p is a fraction of


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "pruned fraction p of the weights"),
        ({"include_biases": True}, "pruned fraction p of the parameters"),
        ({"action": "freeze"}, "frozen fraction p of the parameters"),
        ({"structure": "unit"}, "pruned fraction p of the hidden units"),
        ({"structure": "input"}, "pruned fraction p of the features"),
    ],
)
def test_the_axis_of_p_says_what_it_is_a_fraction_of(changes, label):
    display = SparsitySweepDisplay.from_estimator(
        sweep(cv=2, p=[0, 0.5], **changes), *load_iris(return_X_y=True)
    )
    assert display.ax_.get_xlabel() == label
    remaining = display.plot(x="remaining")
    assert remaining.ax_.get_xlabel() == "remaining parameters, biases included (%)"


def test_curves_over_different_fractions_have_the_axis_of_a_fraction(sweeps):
    mixed = copy(sweeps["random"]).set_params(include_biases=True)
    display = SparsitySweepDisplay.from_estimators(sweeps)
    assert display.ax_.get_xlabel() == "pruned fraction p of the weights"
    display = SparsitySweepDisplay.from_estimators(sweeps | {"mixed": mixed})
    assert display.ax_.get_xlabel() == "fraction p"


def test_infinite_scores_are_left_out_without_a_warning():
    stored = results()
    stored["split0_test_score"] = np.array([0.5, np.inf, -np.inf])
    display = SparsitySweepDisplay.from_cv_results(stored).plot()
    assert np.isfinite(display.lines_[0].get_ydata()).tolist() == [True, False, False]


# One standard error


def edges(band):
    return band.get_window_extent().transformed(band.axes.transData.inverted()).intervaly


def four_cells():
    """The best mean is 0.9 with a standard error of 0.1 / √4 = 0.05."""
    scores = np.array([[0.7] * 4, [0.8, 1.0, 0.8, 1.0], [0.86, 0.86, 0.86, np.nan]])
    return {"p": np.array(P)} | {
        f"split{k}_test_score": column for k, column in enumerate(scores.T)
    }


@pytest.mark.parametrize("x", ["p", "remaining"])
def test_a_single_curve_has_a_band_of_one_standard_error_below_the_best(x):
    display = SparsitySweepDisplay.from_cv_results(four_cells()).plot(x=x)
    (band,) = display.one_se_
    np.testing.assert_allclose(edges(band), [0.85, 0.9], rtol=1e-9)
    assert legend_of(display) == [STD, "one standard error"]


def test_several_curves_have_such_bands_where_asked_for():
    stored = {"a": four_cells(), "b": results(seed=1)}
    display = SparsitySweepDisplay.from_cv_results(stored)
    assert display.plot().one_se_ == []
    first, second = display.plot(one_se=True, score_type="test").one_se_
    np.testing.assert_allclose(edges(first), [0.85, 0.9], rtol=1e-9)
    best = np.argmax(stored["b"]["mean_test_score"])
    high, std = (stored["b"][f"{of}_test_score"][best] for of in ("mean", "std"))
    np.testing.assert_allclose(edges(second), [high - std / 2, high], rtol=1e-9)
    assert legend_of(display) == ["a", "b", STD, "one standard error"]


@pytest.mark.parametrize(
    "how", [{"one_se": False}, {"score_type": "train"}, {"score_type": "train", "one_se": True}]
)
def test_there_is_no_band_where_none_is_asked_for_or_no_test_score_shown(how):
    assert SparsitySweepDisplay.from_cv_results(results()).plot(**how).one_se_ == []


def test_there_is_no_band_where_all_failed():
    stored = {"p": np.array(P), "split0_test_score": np.full(3, np.nan)}
    assert SparsitySweepDisplay.from_cv_results(stored).plot().one_se_ == []


# What is drawn


@pytest.mark.parametrize("style", ["fill_between", "errorbar"])
def test_the_spread_is_one_standard_deviation_to_either_side(style):
    stored = results()
    display = SparsitySweepDisplay.from_cv_results(stored).plot(std_display_style=style)
    low, high = LIMITS[style](display.spread_[0])
    mean, std = stored["mean_test_score"], stored["std_test_score"]
    np.testing.assert_allclose(low, mean - std, rtol=1e-12)
    np.testing.assert_allclose(high, mean + std, rtol=1e-12)
    artist = display.spread_[0] if style == "fill_between" else display.spread_[0].lines[2][0]
    drawn = artist.get_facecolor() if style == "fill_between" else artist.get_color()
    assert mpl.colors.same_color(drawn[0][:3], display.lines_[0].get_color())


def interval_by_hand(scores, spread, n_splits):
    """Half of the width over the splits, whose repeats are averaged: columns by repeat, split."""
    widths, n_cells = [], scores.shape[1]
    for row in scores:
        means = [np.mean([row[k] for k in range(s, n_cells, n_splits)]) for s in range(n_splits)]
        if spread == "se":
            widths.append(sem(means))
        else:
            low, high = t.interval(0.95, n_splits - 1, loc=0, scale=sem(means))
            widths.append((high - low) / 2)
    return np.array(widths)


@pytest.mark.parametrize("n_splits", [None, 4, 2])
@pytest.mark.parametrize("spread", ["se", "ci"])
@pytest.mark.parametrize("style", ["fill_between", "errorbar"])
def test_errors_and_intervals_are_of_the_means_of_the_splits(style, spread, n_splits):
    stored = results()
    display = SparsitySweepDisplay.from_cv_results(stored, n_splits=n_splits)
    display.plot(std_display_style=style, spread=spread)
    scores = np.column_stack([stored[f"split{k}_test_score"] for k in range(4)])
    width = interval_by_hand(scores, spread, n_splits or 4)
    low, high = LIMITS[style](display.spread_[0])
    np.testing.assert_allclose(low, stored["mean_test_score"] - width, rtol=1e-12)
    np.testing.assert_allclose(high, stored["mean_test_score"] + width, rtol=1e-12)


def test_a_sweep_knows_which_scores_are_repeats():
    repeated = sweep(n_repeats=3, random_state=3).fit(*load_iris(return_X_y=True))
    display = SparsitySweepDisplay.from_estimator(
        repeated, spread="se", std_display_style="errorbar"
    )
    stored = repeated.cv_results_
    scores = np.column_stack([stored[f"split{k}_test_score"] for k in range(9)])
    low, high = bar_limits(display.spread_[0])
    np.testing.assert_allclose((high - low) / 2, interval_by_hand(scores, "se", 3), rtol=1e-12)


def test_of_a_single_split_the_repeats_are_counted():
    stored = results()
    display = SparsitySweepDisplay.from_cv_results(stored, n_splits=1)
    display.plot(std_display_style="errorbar", spread="se")
    scores = np.column_stack([stored[f"split{k}_test_score"] for k in range(4)])
    low, high = bar_limits(display.spread_[0])
    np.testing.assert_allclose((high - low) / 2, sem(scores, axis=1), rtol=1e-12)


@pytest.mark.parametrize("spread", ["se", "ci"])
def test_a_single_score_has_no_interval(spread):
    stored = {"p": np.array([0.5]), "split0_test_score": np.array([0.9])}
    display = SparsitySweepDisplay.from_cv_results(stored)
    with pytest.raises(ValueError, match=f"spread='{spread}' for a single score"):
        display.plot(spread=spread)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("n_splits", [3, 8, 0, -1, 2.0, "2", True])
def test_scores_that_are_not_of_so_many_splits_are_refused(n_splits):
    message = f"n_splits={n_splits!r} for 4 scores at each p; expected a whole number"
    with pytest.raises(ValueError, match=message):
        SparsitySweepDisplay.from_cv_results(results(), n_splits=n_splits)


def test_another_spread_is_refused():
    with pytest.raises(ValueError, match="spread='sd'; expected 'std', 'se' or 'ci'"):
        SparsitySweepDisplay.from_cv_results(results()).plot(spread="sd")


@pytest.mark.parametrize(
    ("spread", "name"),
    [
        ("std", "± standard deviation"),
        ("se", "± standard error (4 splits)"),
        ("ci", "95 % confidence interval (4 splits)"),
    ],
)
@pytest.mark.parametrize("style", ["fill_between", "errorbar"])
def test_the_legend_names_the_spread_once(style, spread, name):
    stored = {"a": results(seed=1), "b": results(seed=2)}
    display = SparsitySweepDisplay.from_cv_results(stored)
    display.plot(std_display_style=style, spread=spread)
    assert legend_of(display) == ["a", "b", name]
    display.plot(std_display_style=None, spread=spread)
    assert legend_of(display) == ["a", "b"]


@pytest.mark.parametrize(
    ("n_splits", "name"),
    [
        ([2, 2], "± standard error (2 splits)"),
        ([1, 1], "± standard error (4 repeats of one split)"),
        ([4, 2], "± standard error (4 splits or 2 splits)"),
    ],
)
def test_the_legend_says_how_many_splits_or_repeats_a_standard_error_counts(n_splits, name):
    displays = [SparsitySweepDisplay.from_cv_results(results(), n_splits=n) for n in n_splits]
    curves = {str(k): display.curves[""] for k, display in enumerate(displays)}
    display = SparsitySweepDisplay(curves, score_name="score").plot(spread="se")
    assert legend_of(display) == ["0", "1", name]


def test_no_spread_where_none_is_asked_for():
    display = SparsitySweepDisplay.from_cv_results(results()).plot(std_display_style=None)
    assert display.spread_ == []
    assert len(display.ax_.collections) == 0
    assert_line(display.lines_[0], results())


@pytest.mark.parametrize("score_type", ["test", "train"])
def test_one_part_is_drawn(score_type):
    stored = results()
    display = SparsitySweepDisplay.from_cv_results({"a": stored})
    display.plot(score_type=score_type, one_se=False)
    (line,) = display.lines_
    assert_line(line, stored, score_type)
    assert line.get_linestyle() == {"test": "-", "train": "--"}[score_type]
    assert legend_of(display) == [{"test": "a", "train": "a (train)"}[score_type], STD]


@pytest.mark.parametrize(
    ("labels", "legend"),
    [
        ([""], ["(test)", "(train)"]),
        (["a", "b"], ["a (test)", "a (train)", "b (test)", "b (train)"]),
    ],
)
def test_both_parts_are_drawn(labels, legend):
    stored = {label: results(seed=seed) for seed, label in enumerate(labels)}
    display = SparsitySweepDisplay.from_cv_results(stored).plot(score_type="both", one_se=False)
    assert legend_of(display) == [*legend, STD]
    lines = iter(display.lines_)
    for made in stored.values():
        for part, style in (("test", "-"), ("train", "--")):
            line = next(lines)
            assert_line(line, made, part)
            assert line.get_linestyle() == style
    assert len(display.spread_) == len(legend)


def test_a_given_axes_is_drawn_on_and_a_second_plot_starts_anew():
    figure, (left, right) = plt.subplots(1, 2)
    display = SparsitySweepDisplay.from_cv_results(results())
    display.plot(left)
    assert (display.ax_, display.figure_) == (left, figure)
    display.plot(ax=right)
    assert display.ax_ is right
    assert len(left.lines) == len(right.lines) == len(display.lines_) == 1
    assert plt.get_fignums() == [figure.number]


def test_axes_are_labelled():
    display = SparsitySweepDisplay.from_cv_results(results(metric="f1"), metric="f1").plot()
    assert display.ax_.get_xlabel() == "fraction p"
    assert display.ax_.get_ylabel() == "f1"
    assert display.plot(score_name="F1").ax_.get_ylabel() == "F1"


@pytest.mark.parametrize(
    "keywords",
    [
        {"linestyle": ":", "color": "red", "linewidth": 3},
        {"ls": ":", "c": "red", "lw": 3},
    ],
    ids=["long", "short"],
)
def test_lines_take_matplotlibs_arguments(keywords):
    display = SparsitySweepDisplay.from_cv_results(results()).plot(line_kw=keywords)
    (line,) = display.lines_
    assert (line.get_linestyle(), line.get_color(), line.get_linewidth()) == (":", "red", 3)


@pytest.mark.parametrize(
    "keywords",
    [
        {"color": "red", "alpha": 0.5, "linewidth": 2},
        {"color": "red", "alpha": 0.5, "lw": 2},
    ],
    ids=["long", "short"],
)
def test_bands_take_matplotlibs_arguments(keywords):
    display = SparsitySweepDisplay.from_cv_results(results()).plot(fill_between_kw=keywords)
    (band,) = display.spread_
    assert mpl.colors.same_color(band.get_facecolor()[0], ("red", 0.5))
    assert band.get_linewidth() == 2


def test_error_bars_take_matplotlibs_arguments():
    display = SparsitySweepDisplay.from_cv_results(results()).plot(
        std_display_style="errorbar", errorbar_kw={"ecolor": "red", "capsize": 4}
    )
    (container,) = display.spread_
    assert mpl.colors.same_color(container.lines[2][0].get_color()[0], "red")
    assert len(container.lines[1]) == 2


# Against what remains


def test_against_what_remains_the_axis_falls_in_percent_on_a_log_scale():
    stored = results() | {"sparsity": np.array([0.0, 0.52, 0.98])}
    display = SparsitySweepDisplay.from_cv_results(stored).plot(x="remaining")
    (line,) = display.lines_
    np.testing.assert_allclose(line.get_xdata(), [100, 48, 2], rtol=1e-12)
    np.testing.assert_allclose(line.get_ydata(), stored["mean_test_score"], rtol=1e-14)
    axis = display.ax_.xaxis
    assert axis.get_scale() == "log"
    assert axis.get_inverted()
    assert display.ax_.get_xlabel() == "remaining parameters, biases included (%)"
    display.figure_.canvas.draw()
    shown = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert {"100", "50", "20", "10", "5", "2"} <= set(shown)


def test_without_a_recorded_sparsity_p_tells_what_remains():
    display = SparsitySweepDisplay.from_cv_results(results()).plot(x="remaining")
    np.testing.assert_allclose(display.lines_[0].get_xdata(), [100, 50, 10], rtol=1e-12)


def test_where_nothing_remains_there_is_no_point():
    stored = results() | {"sparsity": np.array([0.5, 0.9, 1.0])}
    display = SparsitySweepDisplay.from_cv_results(stored)
    display.plot(x="remaining", score_type="both", std_display_style="errorbar")
    for line, part in zip(display.lines_, ("test", "train"), strict=True):
        np.testing.assert_allclose(line.get_xdata(), [50, 10], rtol=1e-12)
        np.testing.assert_allclose(line.get_ydata(), stored[f"mean_{part}_score"][:2])
    assert_line(display.plot().lines_[0], stored)


@pytest.mark.parametrize("spread", ["std", "se", "ci"])
def test_a_curve_of_which_nothing_remains_is_empty_beside_another(spread):
    stored = {"some": results(), "none": results() | {"sparsity": np.ones(3)}}
    display = SparsitySweepDisplay.from_cv_results(stored).plot(x="remaining", spread=spread)
    assert [line.get_xdata().size for line in display.lines_] == [3, 0]


def test_a_second_curve_leaves_the_falling_axis_as_it_is():
    ax = plt.figure().add_subplot()
    for _ in range(2):
        SparsitySweepDisplay.from_cv_results(results()).plot(ax, x="remaining")
    assert ax.xaxis.get_inverted()


def test_a_fitted_sweep_is_drawn_against_what_remains(fitted):
    display = SparsitySweepDisplay.from_estimator(fitted, x="remaining")
    remaining = 100 * (1 - fitted.cv_results_["sparsity"])
    np.testing.assert_allclose(display.lines_[0].get_xdata(), remaining, rtol=1e-12)


def test_against_the_number_that_remains_the_axis_falls_on_a_log_scale():
    display = SparsitySweepDisplay.from_cv_results(results()).plot(x="n_parameters")
    (line,) = display.lines_
    np.testing.assert_array_equal(line.get_xdata(), [5000, 2500, 100])
    axis = display.ax_.xaxis
    assert axis.get_scale() == "log"
    assert axis.get_inverted()
    assert display.ax_.get_xlabel() == "remaining parameters, biases included"
    assert {"5k", "2k", "1k", "500", "200", "100"} <= set(shown_ticks(display))


def shown_ticks(display):
    """Labels in view, after asserting that none overlaps its neighbour."""
    display.figure_.canvas.draw()
    low, high = sorted(display.ax_.get_xlim())
    ticks = zip(display.ax_.get_xticks(), display.ax_.get_xticklabels(), strict=True)
    labels = [label for place, label in ticks if low <= place <= high]
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
    return [label.get_text() for label in labels]


@pytest.mark.parametrize("x", ["remaining", "n_parameters"])
@pytest.mark.parametrize("least", [0.7, 0.3, 0.15, 0.01, 1.1e-3, 1e-4, 1e-6])
def test_the_log_axis_has_as_many_labels_as_have_room(x, least):
    left = np.array([1, np.sqrt(least), least])
    stored = results() | {"sparsity": 1 - left, "n_parameters": 5e6 * left}
    display = SparsitySweepDisplay.from_cv_results(stored).plot(x=x)
    assert 2 <= len(shown_ticks(display)) <= 10


# Errors


def test_numbers_of_parameters_that_were_not_kept_are_missed():
    old = {key: column for key, column in results().items() if key != "n_parameters"}
    display = SparsitySweepDisplay.from_cv_results({"new": results(), "old": old})
    with pytest.raises(ValueError, match=r"x='n_parameters', which .* 'p' or 'remaining'"):
        display.plot(x="n_parameters")
    assert plt.get_fignums() == []


def test_a_sweep_of_one_p_has_no_curve():
    with pytest.raises(ValueError, match=r"p=0.5; a curve needs an array p"):
        SparsitySweepDisplay.from_estimator(sweep(p=0.5), *load_iris(return_X_y=True))


@pytest.mark.parametrize("data", [(), (np.eye(3),), (None, np.arange(3))], ids=["none", "X", "y"])
def test_a_sweep_that_is_not_fitted_needs_data(data):
    with pytest.raises(ValueError, match="not fitted; pass X and y"):
        SparsitySweepDisplay.from_estimator(sweep(), *data)


@pytest.mark.parametrize("stored", [results(), {"a": results()}], ids=["one", "labelled"])
def test_an_unknown_metric_is_answered_with_the_known(stored):
    with pytest.raises(ValueError, match=r"metric='f1'; expected one of \['score'\]"):
        SparsitySweepDisplay.from_cv_results(stored, metric="f1")


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"score_type": "validation"}, "score_type='validation'; expected 'test', 'train'"),
        ({"x": "size"}, "x='size'; expected 'p', 'remaining' or 'n_parameters'"),
        ({"one_se": "always"}, "one_se='always'; expected 'auto', True or False"),
        ({"line_kw": [{}, {}]}, "line_kw of 2 dicts for 1 curves; give one for each"),
        ({"std_display_style": "violin"}, "std_display_style='violin'; expected"),
    ],
)
def test_an_unknown_word_is_refused_before_a_figure_is_made(keywords, message):
    with pytest.raises(ValueError, match=message):
        SparsitySweepDisplay.from_cv_results(results()).plot(**keywords)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("score_type", ["train", "both"])
def test_train_scores_that_were_not_kept_are_missed(score_type):
    with pytest.raises(ValueError, match="return_train_score=True"):
        SparsitySweepDisplay.from_cv_results(results(train=False)).plot(score_type=score_type)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    display = SparsitySweepDisplay.from_cv_results(results())
    with pytest.raises(ImportError, match=r"pip install 'sksgdprune\[plot\]'"):
        display.plot()
