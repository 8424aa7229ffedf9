"""Rewinding to the initial weights, and weights drawn anew: beside draws by hand."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.datasets import load_iris

from sksgdprune import (
    PreconditionedMLPClassifier,
    PreconditionedMLPRegressor,
    SparsitySweep,
    prune_gradually,
    schedules,
)
from sksgdprune.schedules import Stage
from tests import reference
from tests.sweep_cases import assert_same_network, assert_same_results, without_times

SEED = np.random.RandomState(5).randint(2**31 - 1, size=2)[1]  # of a single run with seed 5
SIZES = 4, 6, 3
CUT = {"method": "magnitude", "scope": "layer", "include_biases": True}
X, Y = load_iris(return_X_y=True)


@dataclass(frozen=True)
class TrainThenCut:
    """A round of 20 steps, the cut, and the steps that are left."""

    rewind: bool | str

    def plan(self, p, n_steps):
        return [Stage(0.0, 20), Stage(p, n_steps - 20, rewind=self.rewind)]


def network(cls=PreconditionedMLPClassifier, **parameters):
    return cls((6,), activation="tanh", random_state=0, **parameters)


def sweep(estimator=None, **changes):
    options = {"p": 0.8, "warmup_steps": 0, "finetune_steps": 20, "random_state": 5} | CUT
    return SparsitySweep(estimator or network(), **options | changes)


def cut_of_trained(rewind, n_steps=0, **changes):
    """What a cut after 20 steps leaves, and then `n_steps` make of it."""
    options = {"schedule": TrainThenCut(rewind), "finetune_steps": 20 + n_steps}
    return sweep(**options | changes).fit(X, Y).best_estimator_


def drawn(seed=SEED, sizes=SIZES):
    """θ and C as a fresh start draws them, tanh's gain being 6 (Glorot & Bengio 2010)."""
    rng, parts = np.random.RandomState(seed), []
    for fan_in, fan_out in pairwise(sizes):
        bound = np.sqrt(6 / (fan_in + fan_out))
        parts += [rng.uniform(-bound, bound, fan_in * fan_out), rng.uniform(-bound, bound, fan_out)]
    theta = np.concatenate(parts)
    return theta, rng.uniform(0, np.sqrt(6 / theta.size), theta.size)


def test_without_a_warm_up_the_initial_weights_are_cut():
    cut = sweep(finetune_steps=0).fit(X, Y).best_estimator_
    theta, C = drawn()
    left = cut.status_ == 0
    np.testing.assert_array_equal(cut.theta_, np.where(left, theta, 0))
    np.testing.assert_array_equal(cut.noise_variance_[left], C[left])
    assert cut.t_ == cut.t0
    for part in (slice(0, 24), slice(24, 30), slice(30, 48), slice(48, 51)):
        n_cut = int(0.8 * theta[part].size)
        assert (~left[part]).sum() == n_cut
        assert set(np.flatnonzero(~left[part])) == set(np.abs(theta[part]).argsort()[:n_cut])


def test_without_a_warm_up_and_without_a_cut_there_is_a_plain_fit():
    plain = network(max_steps=20).set_params(random_state=SEED).fit(X, Y)
    assert_same_network(sweep(p=0).fit(X, Y).best_estimator_, plain)


def test_inputs_are_standardised_without_a_warm_up():
    table = X * 1000 - 5
    clf = sweep(finetune_steps=0).fit(table, Y).best_estimator_
    np.testing.assert_allclose(clf.X_mean_, table.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(clf.X_scale_, table.std(axis=0), rtol=1e-4)


def test_targets_are_standardised_without_a_warm_up():
    reg = sweep(network(PreconditionedMLPRegressor), finetune_steps=0).fit(X, 50 * X[:, 0] + 9)
    best = reg.best_estimator_
    np.testing.assert_allclose(best.y_mean_, (50 * X[:, 0] + 9).mean(), rtol=1e-4)
    np.testing.assert_allclose(best.y_scale_, (50 * X[:, 0]).std(), rtol=1e-4)


def test_the_connection_sensitivity_of_initial_weights_is_snips():
    clf = sweep(method="gradient", finetune_steps=0, scope="global").fit(X, Y).best_estimator_
    theta, _ = drawn()
    inputs, targets = (X - clf.X_mean_) / clf.X_scale_, np.eye(3)[Y]
    per_sample = [
        reference.sample_gradient(theta, SIZES, x, y, "tanh", "log_loss", "softmax")[1]
        for x, y in zip(inputs, targets, strict=True)
    ]
    # The prior's part of the gradient is too small to change the order here.
    order = np.abs(theta * np.mean(per_sample, axis=0)).argsort()
    assert set(np.flatnonzero(clf.status_)) == set(order[:40])


def test_after_the_last_rewinding_the_weights_are_the_initial_ones():
    rewound, stayed = cut_of_trained(True), cut_of_trained(False)
    theta, C = drawn()
    left = rewound.status_ == 0
    np.testing.assert_array_equal(rewound.status_, stayed.status_)  # the trained weights were cut
    np.testing.assert_array_equal(rewound.theta_, np.where(left, theta, 0))
    np.testing.assert_array_equal(rewound.noise_variance_[left], C[left])
    assert (stayed.theta_[left] != theta[left]).all()
    assert rewound.t_ == rewound.t0


@pytest.mark.parametrize("rewind", [True, "random"])
def test_what_is_rewound_is_trained_on_from_there(rewind):
    by_hand = cut_of_trained(rewind).partial_fit(X, Y, n_steps=30)
    assert_same_network(cut_of_trained(rewind, n_steps=30), by_hand)


# Drawn anew


def test_weights_that_are_drawn_anew_have_the_masks_of_those_rewound():
    for n_cuts in (1, 3):
        ticket, control = (
            sweep(schedule=schedules.Iterative(n_cuts, random), finetune_steps=80)
            .fit(X, Y)
            .best_estimator_
            for random in (False, True)
        )
        np.testing.assert_array_equal(ticket.status_, control.status_)
        assert (control.theta_[control.status_ == 2] == 0).all()
        left = ticket.status_ == 0
        assert (ticket.theta_[left] != control.theta_[left]).all()
        assert ticket.t_ == control.t_


@pytest.mark.parametrize("warmup_steps", [0, 25])
def test_weights_that_are_drawn_anew_begin_as_those_of_a_fit(warmup_steps):
    control = cut_of_trained("random", warmup_steps=warmup_steps)
    left = control.status_ == 0
    bounds = np.repeat(np.sqrt([6 / 10, 6 / 9]), [30, 21])
    assert (np.abs(control.theta_) < bounds).all()
    assert (control.theta_[~left] == 0).all()
    assert (control.theta_[left] != drawn()[0][left]).all()
    assert ((control.noise_variance_ > 0) & (control.noise_variance_ < np.sqrt(6 / 51)))[left].all()
    assert control.t_ == control.t0


def test_they_are_uniform_within_their_bounds():
    big = PreconditionedMLPClassifier((200,), activation="tanh")
    clf = cut_of_trained("random", estimator=big, p=0.5)
    for weights, bound in zip(clf.coefs_, np.sqrt([6 / 204, 6 / 203]), strict=True):
        left = weights[weights != 0]
        assert left.size in (400, 300)
        assert kstest(left, "uniform", (-bound, 2 * bound)).pvalue > 0.01


def test_they_come_from_the_random_state_alone():
    first, again, other = (cut_of_trained("random", random_state=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.theta_, again.theta_)
    left = (first.status_ == 0) & (other.status_ == 0)
    assert left.any()
    assert (first.theta_[left] != other.theta_[left]).all()


def test_a_relu_output_starts_at_the_mean_of_the_targets():
    reg = network(PreconditionedMLPRegressor, output_activation="relu")
    best = cut_of_trained("random", estimator=reg, include_biases=False)
    np.testing.assert_allclose(best.intercepts_[-1] * best.y_scale_, Y.mean(), rtol=1e-5)


def test_what_was_frozen_or_pruned_before_stays():
    clf = network(max_steps=20).fit(X, Y).freeze(0.3, "random").prune(0.2, "random")
    before, status = clf.theta_, clf.status_
    how = {"schedule": TrainThenCut("random"), "include_biases": True, "method": "magnitude"}
    prune_gradually(clf, X, Y, 0.4, n_steps=20, **how)
    frozen = clf.status_ == 1
    assert frozen.any()
    np.testing.assert_array_equal(clf.theta_[frozen], before[frozen])
    assert (clf.theta_[(status == 2) | (clf.status_ == 2)] == 0).all()
    free = clf.status_ == 0
    assert (clf.theta_[free] != before[free]).all()


def test_averages_and_draws_are_of_what_was_trained_since():
    options = {"average": True, "n_draws": 5}
    control = cut_of_trained("random", estimator=network(**options), warmup_steps=40)
    last = cut_of_trained("random", estimator=network(average=False), warmup_steps=40)
    np.testing.assert_array_equal(control.theta_, last.theta_)
    assert control._state.network.posterior_samples == ()
    control, last = (clf.partial_fit(X, Y, n_steps=30) for clf in (control, last))
    left = control.status_ == 0
    assert (control.theta_ != last.theta_)[left].all()  # the average has begun
    assert len(control._state.network.posterior_samples) > 0


def test_sparsified_networks_are_drawn_anew_as_dense_ones():
    made = []
    for form in ("densify", "sparsify"):
        clf = getattr(network(max_steps=20).fit(X, Y).prune(0.3), form)()
        how = {"schedule": TrainThenCut("random"), "method": "magnitude"}
        made.append(prune_gradually(clf, X, Y, 0.6, n_steps=40, **how))
    np.testing.assert_array_equal(made[0].theta_, made[1].theta_)


def test_float32_stays():
    clf = sweep(schedule=schedules.Iterative(1, True)).fit(X.astype(np.float32), Y)
    assert clf.best_estimator_.theta_.dtype == np.float32


# Sweeps


@pytest.mark.parametrize("random", [False, True])
def test_results_do_not_depend_on_n_jobs_or_on_the_other_fractions(random):
    options = {"schedule": schedules.Iterative(2, random), "finetune_steps": 60, "cv": 3}
    options |= {"refit": False, "n_repeats": 2}
    one, two = (sweep(p=[0, 0.5, 0.9], n_jobs=n, **options).fit(X, Y) for n in (1, 2))
    assert_same_results(one.cv_results_, two.cv_results_)
    alone = without_times(sweep(p=[0.5], **options).fit(X, Y).cv_results_)
    for key in (key for key in alone if not key.startswith("rank")):
        np.testing.assert_array_equal(alone[key], one.cv_results_[key][1:2])


def test_an_interrupted_sweep_without_warm_up_goes_on(tmp_path, training_runs):
    options = {"p": [0.5], "cv": 2, "refit": False, "memory": str(tmp_path)}
    first = sweep(**options).fit(X, Y).cv_results_
    training_runs.clear()
    again = sweep(**options).fit(X, Y).cv_results_
    assert training_runs == []
    assert_same_results(first, again)


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({"method": "noise"}, "noise"),
        ({"method": "noise", "schedule": "one_shot", "p": [0, 0.5]}, "noise"),
        ({"action": "freeze", "method": None}, "preconditioned_gradient"),
        ({"action": "freeze", "method": "H"}, "H"),
    ],
)
def test_what_goes_by_noise_needs_a_step_before_the_first_cut(changes, method, training_runs):
    with pytest.raises(ValueError, match=rf"warmup_steps=0 with method='{method}'.*'gradient'"):
        sweep(**changes).fit(X, Y)
    assert training_runs == []


@pytest.mark.parametrize(
    "changes",
    [{"schedule": "iterative"}, {"p": [0.0], "cv": 2}, {"warmup_steps": 1}],
    ids=str,
)
def test_noise_is_taken_where_there_are_steps_before_the_first_cut(changes):
    fitted = sweep(method="noise", **changes).fit(X, Y)
    weights = np.concatenate([W.ravel() for W in fitted.best_estimator_.coefs_])
    p = np.max(fitted.p)
    assert np.count_nonzero(weights == 0) == int(p * weights.size)


def test_a_verbose_sweep_says_that_rounds_share_the_steps(capsys):
    sweep(schedule="iterative", finetune_steps=100, verbose=1).fit(X, Y)
    assert capsys.readouterr().out.startswith(
        "[SparsitySweep] 6 rounds share the 100 fine-tuning steps: 20 in the last\n"
    )
    sweep(verbose=1, p=0.5).fit(X, Y)
    assert "rounds" not in capsys.readouterr().out


def test_a_verbose_estimator_prints_no_loss_before_a_step(capsys):
    sweep(network(verbose=1), finetune_steps=0).fit(X, Y)
    assert "loss" not in capsys.readouterr().out


@pytest.mark.parametrize("rewind", ["start", 2, None])
def test_another_way_to_rewind_is_refused(rewind):
    with pytest.raises(ValueError, match="rewind True, False or 'random'"):
        sweep(schedule=TrainThenCut(rewind)).fit(X, Y)


def test_random_reinit_is_true_or_false():
    with pytest.raises(ValueError, match=r"random_reinit=1 for Iterative.*True or False"):
        schedules.Iterative(random_reinit=1)
