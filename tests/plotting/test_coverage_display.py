import numpy as np
import pytest

from sksgdprune import CoverageDisplay, PreconditionedMLPClassifier, PreconditionedMLPRegressor

plt = pytest.importorskip("matplotlib.pyplot")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = X + RNG.normal(size=(60, 2))


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.mark.parametrize("y", [Y, Y[:, 0]], ids=["two outputs", "one output"])
def test_the_curve_is_what_intervals_hold(y):
    model = PreconditionedMLPRegressor((3,), n_draws=5, max_steps=200, random_state=0).fit(X, y)
    display = CoverageDisplay.from_estimator(model, X, y, coverages=[0.2, 0.7])
    if y.ndim == 1:
        column = CoverageDisplay.from_estimator(model, X, y[:, None], coverages=[0.2, 0.7])
        np.testing.assert_array_equal(column.covered, display.covered)
    for coverage, covered in zip(*display.line_.get_data(), strict=True):
        ends = model.predict_interval(X, coverage)
        pairs = zip(ends.reshape(-1, 2), y.ravel(), strict=True)
        inside = [low <= value <= high for (low, high), value in pairs]
        assert covered == pytest.approx(np.mean(inside))
    assert display.line_.get_label() == "PreconditionedMLPRegressor"


def test_two_curves_share_the_axes_and_one_diagonal():
    first = CoverageDisplay([0.5], [0.4], name="a").plot()
    second = CoverageDisplay([0.5], [0.6], name="b").plot(ax=first.ax_, line_kw={"color": "red"})
    assert second.figure_ is first.figure_
    labels = [line.get_label() for line in first.ax_.lines]
    assert labels == ["nominal", "a", "b"]
    assert second.line_.get_color() == "red"


def test_what_predicts_no_intervals_is_refused():
    model = PreconditionedMLPClassifier((3,), max_steps=50).fit(X, Y[:, 0] > 0)
    with pytest.raises(TypeError, match="predicts no intervals"):
        CoverageDisplay.from_estimator(model, X, Y[:, 0])


def test_without_draws_it_is_said_how_to_get_them():
    model = PreconditionedMLPRegressor((3,), max_steps=50).fit(X, Y)
    with pytest.raises(ValueError, match="set n_draws"):
        CoverageDisplay.from_estimator(model, X, Y)
