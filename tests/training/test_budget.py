"""How long a fit takes, what a weight is penalised by, what is said of a fit that is no good."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep
from sksgdprune._targets.classification import SingleLabel
from tests.cases import LABELS, X, Y, classifier, regressor, run_config, state

MAKES = [classifier, regressor]


@pytest.mark.parametrize(
    ("n_samples", "batch_size", "hidden", "steps"),
    [
        (150, 64, (), 12_800),
        (150, 64, (100,), 12_800),
        (16_000, 64, (100,), 25_000),
        (16_000, 32, 100, 50_000),
        (16_000, 64, (400, 400), 6250),
        (150, 64, (800,), 3200),
        (10**6, 64, (100,), 64_000),
        (10**6, 64, (800,), 16_000),
    ],
)
def test_the_automatic_budget_is_a_hundred_epochs_within_bounds(
    n_samples, batch_size, hidden, steps
):
    clf = classifier(batch_size=batch_size, hidden_layer_sizes=hidden)
    assert clf._config().auto_steps(n_samples) == steps


@pytest.mark.parametrize("make", MAKES)
def test_a_fit_takes_its_automatic_budget(make):
    assert make(max_steps="auto", tol=0).fit(X, Y).n_iter_ == classifier()._config().auto_steps(150)


def test_a_sweep_shares_the_automatic_budget():
    sweep = SparsitySweep(classifier(), p=0.5).fit(X, Y)
    assert sweep.best_estimator_.t_ - sweep.best_estimator_.t0 == classifier()._config().auto_steps(
        150
    )
    sweep = SparsitySweep(classifier(), p=0.5, warmup_steps=7, finetune_steps=9).fit(X, Y)
    assert sweep.best_estimator_.t_ - sweep.best_estimator_.t0 == 16


@pytest.mark.slow  # fits at the defaults
@pytest.mark.parametrize(("make", "rate"), [(classifier, 0.3), (regressor, 0.035)])
def test_the_automatic_rate_falls_with_the_root_of_the_steps_of_a_fit(make, rate):
    fits = [make(max_steps=51_200, tol=0, learning_rate=r).fit(X, Y) for r in ("auto", rate / 2)]
    assert state(fits[0]) == state(fits[1])


@pytest.mark.slow  # fits at the defaults
@pytest.mark.parametrize("warmup_steps", [200, 51_000])
def test_the_automatic_rate_is_that_of_all_steps_of_a_sweep(warmup_steps):
    def sweep(rate):
        clf = classifier(learning_rate=rate)
        steps = {"warmup_steps": warmup_steps, "finetune_steps": 51_200 - warmup_steps}
        return SparsitySweep(clf, p=0.0, **steps).fit(X, Y).best_estimator_

    assert state(sweep("auto")) == state(sweep(0.3 / 2))


def test_the_automatic_penalty_of_a_classifier_is_a_prior_that_each_sample_shares():
    automatic = classifier(alpha="auto").fit(X, Y)
    assert state(classifier(alpha=2 * 10 / 150).fit(X, Y)) == state(automatic)


@pytest.mark.parametrize(("n_samples", "precision"), [(150, 12), (1000, 12), (16_000, 3)])
def test_the_prior_of_a_regressor_fades_with_the_root_of_the_samples(n_samples, precision):
    fitted = regressor(alpha="auto").fit(X, Y)
    settings = fitted._config().for_run(fitted._state.network, n_samples)
    assert settings.hyper.alpha == pytest.approx(precision * 10 / n_samples)


def test_the_automatic_penalty_of_a_regressor_goes_by_the_residuals():
    reg = regressor(alpha="auto", max_steps=2000).fit(X, Y)
    residuals = Y - reg.predict(X)
    # The mean over all steps, the early ones and the 1 at t0 included, and without the penalty.
    most = 2 * np.mean(reg.loss_curve_) + reg.t0 / reg.t_
    assert np.mean(residuals**2) < reg._state.network.dispersion < most
    assert regressor(alpha=0.1).fit(X, Y)._state.network.dispersion == 1


# Warnings


@pytest.mark.parametrize(("make", "learning_rate"), [(classifier, 0.002), (regressor, 0.0005)])
def test_a_loss_that_clearly_falls_still_at_the_end_says_so(make, learning_rate):
    with pytest.warns(ConvergenceWarning, match=r"max_steps=400 .*still falling; raise max_steps"):
        make(max_steps=400, learning_rate=learning_rate, encoding="standard").fit(X, Y)


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("y", [Y, LABELS], ids=["one column", "several"])
def test_a_fit_no_better_than_a_constant_says_so(make, y):
    with pytest.warns(ConvergenceWarning, match="no better .* than a constant"):
        make(learning_rate=1e-300).fit(X, y if make is classifier else y - 9)


def test_a_row_more_right_than_by_the_commonest_class_is_no_success():
    """As where a loss went through the roof: the probabilities are asked, too."""
    y = np.repeat([0, 1], [60, 40])
    Y = y[:, np.newaxis] == [0, 1]
    guesses = np.where(np.arange(100) == 99, 1, 0)
    Z = 1e6 * (guesses[:, np.newaxis] == [0, 1])
    metric, own, constant = SingleLabel.of(y).against_constant(Z, Y, None)
    assert metric == "log-likelihood"
    assert own == pytest.approx(-39e4)
    assert constant == pytest.approx(0.6 * np.log(0.6) + 0.4 * np.log(0.4))


def test_sure_of_its_few_mistakes_a_fit_is_still_a_success():
    """As under the double softmax, which trains probabilities that are too sure."""
    y = np.repeat([0, 1], [76, 4])
    Y = y[:, np.newaxis] == [0, 1]
    guesses = np.where(np.arange(80) == 79, 0, y)
    Z = 20 * (guesses[:, np.newaxis] == [0, 1])
    assert SingleLabel.of(y).against_constant(Z, Y, None) == ("accuracy", 79 / 80, 0.95)


def test_counts_that_are_not_learnt_say_so():
    with pytest.warns(ConvergenceWarning, match="no better .* than a constant"):
        regressor(loss="poisson", learning_rate=1e-300).fit(X, 1000 + Y)


@pytest.mark.slow  # fits at the defaults
@pytest.mark.parametrize("kind", [PreconditionedMLPClassifier, PreconditionedMLPRegressor])
def test_untuned_fits_of_ordinary_data_do_not_warn(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (
            cross_val_score(kind(random_state=0), X, Y, cv=[(np.r_[:150:2], np.r_[1:150:2])]) > 0.9
        )


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_class_that_is_rarely_the_likeliest_is_no_failed_fit(share):
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(400, 2))
    y = (rng.uniform(size=400) < share * np.exp(0.5 * inputs[:, 0] - 0.125)).astype(int)
    clf = PreconditionedMLPClassifier((5,), random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(inputs, y)
    if share == 0.05:
        assert clf.score(inputs, y) == 1 - y.mean()  # the commonest class throughout


# Rates that used to explode


@pytest.mark.slow  # fits at the defaults
@pytest.mark.parametrize(
    ("preconditioner", "learning_rate"), [("diagonal", 0.2), ("diagonal", 1.0), ("sqrt", 0.2)]
)
def test_small_regressions_do_not_explode_at_high_rates(preconditioner, learning_rate):
    rng = np.random.RandomState(0)
    factors = rng.normal(size=(300, 2))
    inputs = factors @ rng.normal(size=(2, 12)) + 0.01 * rng.normal(size=(300, 12))
    target = 10 * np.sin(factors[:, 0]) + rng.normal(size=300)
    reg = PreconditionedMLPRegressor(
        preconditioner=preconditioner, learning_rate=learning_rate, random_state=0
    ).fit(inputs, target)
    assert max(reg.loss_curve_) < 20 * reg.loss_curve_[0]
    assert reg.score(inputs, target) > 0.5


@pytest.mark.parametrize(("n_samples", "share"), [(150, 1.0), (8192, 1.0), (32_768, 0.5)])
@pytest.mark.parametrize(
    ("make", "hidden", "rate"),
    [
        (classifier, 100, 0.3),
        (regressor, 100, 0.035),
        (classifier, 400, 0.6),
        (regressor, 400, 0.14),
    ],
)
def test_the_automatic_rate_follows_width_and_budget(make, hidden, rate, n_samples, share):
    options = {"hidden_layer_sizes": hidden, "batch_size": 64, "max_steps": 1}
    fitted = make(learning_rate="auto", **options).fit(X, Y)
    settings = fitted._config().for_run(fitted._state.network, n_samples)
    if hidden == 400:  # takes fewer steps by 4^(2/3)
        share = min(1.0, share * 4 ** (1 / 3))
    assert settings.hyper.learning_rate == pytest.approx(rate * share, rel=1e-4)


@pytest.mark.parametrize(("p", "times"), [(0.0, 1), (0.75, 2), (0.9, 3.16227766), (0.99, 4)])
def test_what_is_left_of_a_sparse_network_takes_a_higher_rate(p, times):
    X, y = np.random.RandomState(0).normal(size=(50, 19)), np.arange(50) % 10
    fitted = classifier(hidden_layer_sizes=(), learning_rate="auto", max_steps=1).fit(X, y)
    dense = run_config(fitted).hyper.learning_rate
    fitted.prune(p, include_biases=True)  # of 200 parameters
    sparse = run_config(fitted).hyper.learning_rate
    assert sparse / dense == pytest.approx(times, rel=1e-6)
    given = classifier(hidden_layer_sizes=(), learning_rate=0.3, max_steps=1).fit(X, y)
    assert run_config(given.prune(p)).hyper.learning_rate == 0.3


def test_a_compacted_network_keeps_its_rate():
    fitted = classifier(learning_rate="auto").fit(X, Y).prune(0.6, structure="unit")
    rate = run_config(fitted).hyper.learning_rate
    assert run_config(fitted.compact()).hyper.learning_rate == pytest.approx(rate, rel=1e-12)
