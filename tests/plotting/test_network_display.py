"""Pictures of networks: what is drawn, read back from the artists."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sksgdprune import NetworkDisplay, SparsitySweep
from sksgdprune._network.paths import live_units
from tests.cases import IRIS, X, Y, classifier, regressor

mpl.use("agg")

import matplotlib.pyplot as plt

# Four inputs, three hidden units, two outputs. Input 2 leads to hidden unit 1 alone, which leads
# nowhere; hidden unit 2 has no input; output 1 gets nothing but from there. 1 is frozen.
STATUS = [
    np.array([[0, 2, 2], [1, 2, 2], [2, 0, 2], [2, 2, 2]]),
    np.array([[0, 2], [2, 2], [2, 0]]),
]
WEIGHTS = [
    np.array([[3.0, 0, 0], [-0.5, 0, 0], [0, 7, 0], [0, 0, 0]]),
    np.array([[-2.0, 0], [0, 0], [0, 0.25]]),
]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def drawn(ax):
    """Return the picture with NaN where it is pruned."""
    return ax.images[0].get_array().filled(np.nan)


def titles(display):
    return [part.get_suptitle() for part in display.figure_.subfigs]


def labels(display):
    """Return what is written below the bars of the first layer."""
    texts = [ax.get_xlabel() for ax in display.figure_.subfigs[0].axes]
    return [text for text in texts if "weights" in text]


def signs(display):
    return [text.get_text() for text in display.figure_.legends[0].get_texts()]


# Which units are in use


def test_units_in_use_lie_on_a_path_from_an_input_to_an_output():
    live = live_units([held != 2 for held in STATUS])
    assert [mask.tolist() for mask in live] == [
        [True, True, False, False],
        [True, False, False],
        [True, False],
    ]


def test_a_dead_end_two_layers_on_counts_as_one():
    first, second = np.array([[True, False], [False, True]]), np.array([[True], [False]])
    nowhere = live_units([first, second, np.array([[False]])])
    assert not any(mask.any() for mask in nowhere)
    assert live_units([first, second, np.array([[True]])])[0].tolist() == [True, False]


# Matrices


def test_each_layer_is_a_matrix_of_its_remaining_weights():
    display = NetworkDisplay(WEIGHTS, STATUS).plot()
    expected = [
        [[3, np.nan, np.nan], [-0.5, np.nan, np.nan], [np.nan, 7, np.nan], [np.nan] * 3],
        [[-2, np.nan], [np.nan, np.nan], [np.nan, 0.25]],
    ]
    for ax, picture, limit in zip(display.axes_, expected, [7, 2], strict=True):
        np.testing.assert_array_equal(drawn(ax), picture)
        assert ax.images[0].get_clim() == (-limit, limit)
    assert titles(display) == [
        "input → hidden\n3 of 12 weights, 2 of 4 inputs",
        "hidden → output\n2 of 6 weights, 1 of 3 units",
    ]
    assert display.unit_axes_ == []
    assert display.figure_ in map(plt.figure, plt.get_fignums())


def test_pruned_weights_have_another_colour_than_weights_of_nearly_0():
    display = NetworkDisplay([np.array([[0.0, 1e-9, 1.0]])], [np.array([[2, 0, 0]])]).plot()
    image = display.axes_[0].images[0]
    pruned, tiny, _ = image.to_rgba(image.get_array())[0]
    np.testing.assert_allclose(pruned, [0.8, 0.8, 0.8, 1])
    assert tiny.min() > 0.95


def test_triangles_mark_what_is_in_use_and_dots_what_is_frozen():
    first, second = NetworkDisplay(WEIGHTS, STATUS).plot().axes_
    rows, columns, dots = first.lines
    assert rows.get_ydata().tolist() == [0, 1]
    assert columns.get_xdata().tolist() == [0]
    assert np.column_stack(dots.get_data()).tolist() == [[0, 1]]
    rows, columns = second.lines
    assert rows.get_ydata().tolist() == columns.get_xdata().tolist() == [0]


def test_the_legend_names_frozen_weights_where_there_are_some():
    display = NetworkDisplay(WEIGHTS, STATUS)
    path = "on a path of remaining weights from an input to an output"
    assert signs(display.plot()) == ["pruned", path, "frozen"]
    display.status = [np.where(held == 1, 0, held) for held in STATUS]
    assert signs(display.plot()) == ["pruned", path]


def test_a_network_of_which_nothing_is_left_is_drawn():
    nothing = [np.full(held.shape, 2) for held in STATUS]
    for shape in (None, (2, 2)):
        display = NetworkDisplay(WEIGHTS, nothing, input_shape=shape).plot()
        assert all(np.isnan(drawn(ax)).all() for ax in display.axes_)
        assert display.unit_axes_ == []
        assert titles(display)[1] == "hidden → output\n0 of 6 weights, 0 of 3 units"
        display.figure_.canvas.draw()


def test_names_of_inputs_stand_beside_their_rows_in_grey_where_they_are_not_read():
    ax = NetworkDisplay(WEIGHTS, STATUS, feature_names=list("abcd")).plot().axes_[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == list("abcd")
    assert [label.get_color() for label in ax.get_yticklabels()] == ["black"] * 2 + ["0.6"] * 2


def test_several_hidden_layers_are_numbered():
    display = NetworkDisplay.from_estimator(classifier().fit(X, Y))
    assert titles(display) == [
        "input → hidden 1\n24 of 24 weights, 4 of 4 inputs",
        "hidden 1 → hidden 2\n30 of 30 weights, 6 of 6 units",
        "hidden 2 → output\n15 of 15 weights, 5 of 5 units",
    ]


# Images


def test_units_have_whole_numbers_even_where_there_is_one():
    ax = NetworkDisplay.from_estimator(regressor().fit(X, X[:, 0])).axes_[-1]
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [0]


def test_inputs_that_are_images_show_the_pixels_and_the_units_in_use():
    display = NetworkDisplay(WEIGHTS, STATUS, input_shape=(2, 2)).plot()
    pixels, matrix = display.axes_
    np.testing.assert_array_equal(drawn(pixels), [[3, 0.5], [np.nan, np.nan]])
    (unit,) = display.unit_axes_
    np.testing.assert_array_equal(drawn(unit), [[3, -0.5], [np.nan, np.nan]])
    assert unit.get_title() == "0"
    assert unit.images[0].get_clim() == (-3, 3)
    assert titles(display)[0] == "input → hidden\n3 of 12 weights, 2 of 4 inputs, 1 of 3 units"
    assert labels(display)[-1] == "weights of units in use (1)"
    assert drawn(matrix).shape == (3, 2)


def test_channels_are_summed():
    W = np.array([[1.0], [-4], [0], [0], [0], [2], [0], [0]])
    status = [np.where(W == 0, 2, 0)]
    display = NetworkDisplay([W], status, input_shape=(2, 2, 2)).plot()
    np.testing.assert_array_equal(drawn(display.axes_[0]), [[5, np.nan], [2, np.nan]])
    np.testing.assert_array_equal(drawn(display.unit_axes_[0]), [[-3, np.nan], [2, np.nan]])
    assert labels(display)[-1] == "weights of outputs in use (1)"


def test_of_many_units_those_with_the_largest_weights_are_shown():
    W = np.ones((6, 40)) * np.arange(40) * (-1) ** np.arange(40)
    display = NetworkDisplay([W], [np.zeros((6, 40))], input_shape=(2, 3)).plot()
    assert [ax.get_title() for ax in display.unit_axes_] == [str(k) for k in range(4, 40)]
    assert labels(display)[-1] == "weights of outputs in use (40, the 36 largest shown)"


# Where it comes from


def test_an_estimators_status_and_weights_are_drawn():
    reg = regressor().fit(X, Y).prune(0.5, scope="global").freeze(0.3, "random")
    display = NetworkDisplay.from_estimator(reg)
    for ax, W, report in zip(display.axes_, reg.coefs_, reg.sparsity_report_[0::2], strict=True):
        np.testing.assert_array_equal(np.nan_to_num(drawn(ax)), W)
        assert np.isnan(drawn(ax)).sum() == report["pruned"]
        assert sum(len(line.get_xdata()) for line in ax.lines[2:]) == report["frozen"]


def test_a_sparsified_network_looks_as_before():
    clf = classifier().fit(X, Y).prune(0.8)
    before = [drawn(ax) for ax in NetworkDisplay.from_estimator(clf).axes_]
    after = [drawn(ax) for ax in NetworkDisplay.from_estimator(clf.sparsify()).axes_]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_of_a_pipeline_the_networks_own_inputs_count():
    pipeline = make_pipeline(PCA(2), classifier()).fit(X, Y)
    display = NetworkDisplay.from_estimator(pipeline, input_shape=(1, 2))
    assert drawn(display.axes_[0]).shape == (1, 2)
    with pytest.raises(ValueError, match="for a network of 2 inputs"):
        NetworkDisplay.from_estimator(pipeline, input_shape=(2, 2))


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: make_pipeline(PCA(4), e)])
def test_of_a_sweep_the_best_estimator_is_drawn(wrap):
    sweep = SparsitySweep(wrap(classifier()), p=0.5, warmup_steps=5, finetune_steps=5).fit(X, Y)
    best = sweep.best_estimator_
    last = best[-1] if hasattr(best, "steps") else best
    display = NetworkDisplay.from_estimator(sweep)
    np.testing.assert_array_equal(np.nan_to_num(drawn(display.axes_[0])), last.coefs_[0])


def test_names_of_a_data_frames_columns_are_taken():
    frame = pd.DataFrame(X, columns=IRIS.feature_names)
    clf = classifier().fit(frame, Y)
    ax = NetworkDisplay.from_estimator(clf).axes_[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == IRIS.feature_names
    ax = NetworkDisplay.from_estimator(clf, feature_names=list("abcd")).axes_[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == list("abcd")


@pytest.mark.parametrize(("height", "is_stacked"), [(10, True), (4, False)])
def test_layers_are_one_below_the_other_in_a_high_figure(height, is_stacked):
    figure = plt.figure(figsize=(5, height), layout="constrained")
    display = NetworkDisplay(WEIGHTS, STATUS, input_shape=(2, 2)).plot(figure)
    figure.canvas.draw()
    first, second = (part.bbox for part in figure.subfigs)
    assert (first.y0 >= second.y1) == is_stacked
    assert (first.x1 <= second.x0) != is_stacked
    pixels, unit = display.axes_[0].bbox, display.unit_axes_[0].bbox
    assert (pixels.y0 > unit.y1) == is_stacked
    assert (pixels.x1 < unit.x0) != is_stacked


def test_a_given_figure_is_drawn_on():
    figure = plt.figure(layout="constrained")
    left, right = figure.subfigures(1, 2)
    clf = classifier().fit(X, Y)
    display = NetworkDisplay.from_estimator(clf, figure=right, cmap="PiYG", input_shape=(2, 2))
    assert display.figure_ is right
    assert not left.axes
    assert display.axes_[1].images[0].get_cmap().name == "PiYG"
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()


# Errors


@pytest.mark.parametrize("shape", [(3, 2), (4,), 4, (2, 2, 2), (-2, -2), (1, 2, 2, 1)])
def test_an_image_of_another_size_is_refused_before_a_figure_is_made(shape):
    message = r"Got input_shape=.* for a network of 4 inputs; .* product is 4, such as \(2, 2\)"
    with pytest.raises(ValueError, match=message):
        NetworkDisplay(WEIGHTS, STATUS, input_shape=shape).plot()
    assert plt.get_fignums() == []


def test_names_must_be_as_many_as_inputs():
    with pytest.raises(ValueError, match="Got 3 feature_names for 4 inputs"):
        NetworkDisplay(WEIGHTS, STATUS, feature_names=list("abc")).plot()


@pytest.mark.parametrize(
    "unfitted",
    [
        classifier(),
        make_pipeline(PCA(2), classifier()),
        SparsitySweep(classifier()),
        SparsitySweep(classifier(), p=[0.5], cv=2, warmup_steps=2, finetune_steps=2, refit=False),
    ],
    ids=["estimator", "pipeline", "sweep", "no refit"],
)
def test_what_is_not_fitted_is_not_drawn(unfitted):
    if getattr(unfitted, "refit", True) is False:
        unfitted.fit(X, Y)
    with pytest.raises(NotFittedError):
        NetworkDisplay.from_estimator(unfitted)


def test_another_estimator_is_refused():
    with pytest.raises(TypeError, match=r"got LinearRegression\(\)"):
        NetworkDisplay.from_estimator(LinearRegression())


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'sksgdprune\[plot\]'"):
        NetworkDisplay(WEIGHTS, STATUS).plot()
