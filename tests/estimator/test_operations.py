"""Random sequences of operations, each beside a twin whose rows have another form or order.

SEQUENCES in the environment asks for more of them.
"""

import copy
import os
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_iris

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, prune_gradually
from sksgdprune._kernels.types import FREE, FROZEN, PRUNED

N_SEQUENCES = int(os.environ.get("SEQUENCES", 200))
X, Y = load_iris(return_X_y=True)
X, Y = X[::3].copy(), Y[::3]
X[:, 3] = np.where(X[:, 3] < 1, 0, X[:, 3])  # something for CSR to leave out
RNG = np.random.RandomState(0)
PARTS = slice(None), slice(0, 20), slice(20, 50), slice(7, 8)
FORMS = {
    "CSR": lambda rows, y: (csr_array(rows), y),
    "Fortran": lambda rows, y: (np.asfortranarray(rows), y),
    "permuted": lambda rows, y: (rows[order := RNG.permutation(len(y))], y[order]),  # ever anew
    "read-only": lambda rows, y: (_read_only(rows), _read_only(y)),
}
OPTIONS = {
    "hidden_layer_sizes": st.sampled_from([(), (5,), (4, 3)]),
    "activation": st.sampled_from(["relu", "tanh", "logistic"]),
    "encoding": st.sampled_from(["standard", "piecewise", None]),
    "average": st.sampled_from([True, False, 20]),
    "n_draws": st.sampled_from([0, 4]),
    "alpha": st.sampled_from(["auto", 0.1]),
    "learning_rate": st.just(0.05),
    "batch_size": st.sampled_from([8, 64]),
}


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


class BesideATwin(RuleBasedStateMachine):
    """An estimator that does something, and its twin that does the same with its own rows."""

    @initialize(kind=st.booleans(), form=st.sampled_from(sorted(FORMS)), drawn=st.data())
    def start(self, kind, form, drawn):
        self.form, self.frozen = FORMS[form], None
        self.y = Y if kind else X[:, 2] + 10.0
        estimator = PreconditionedMLPClassifier if kind else PreconditionedMLPRegressor
        options = drawn.draw(st.fixed_dictionaries(OPTIONS))
        options |= {"max_steps": 30, "random_state": 0}
        self.both = [estimator(**options).fit(*rows) for rows in self.rows(slice(None))]

    def rows(self, part):
        """Return X and y of some rows, and the same in the twin's form."""
        plain = X[part], self.y[part]
        return plain, self.form(*plain)

    def each(self, act):
        """Let both do the same."""
        self.both = [act(one) or one for one in self.both]

    @rule(part=st.sampled_from(PARTS), n_steps=st.sampled_from([1, 13, 40]))
    def train(self, part, n_steps):
        both = zip(self.both, self.rows(part), strict=True)
        self.both = [one.partial_fit(*rows, n_steps=n_steps) for one, rows in both]

    @rule(p=st.sampled_from([0.3, 0.6, 0.9, 1.0]), method=st.sampled_from(["magnitude", "random"]))
    def prune(self, p, method):
        self.each(lambda one: one.prune(p, method))
        self.note_frozen()

    @precondition(lambda self: len(self.both[0].intercepts_) > 1)
    @rule(p=st.sampled_from([0.3, 0.7]))
    def prune_units(self, p):
        self.each(lambda one: one.prune(p, structure="unit"))
        self.note_frozen()

    @rule(p=st.sampled_from([0.5, 0.9]), n_steps=st.sampled_from([20, 60]))
    def prune_gradually(self, p, n_steps):
        both = zip(self.both, self.rows(slice(None)), strict=True)
        for one, rows in both:
            prune_gradually(one, *rows, p, n_steps=n_steps, method="magnitude")
        self.note_frozen()

    @rule(p=st.sampled_from([0.3, 0.8]))
    def freeze(self, p):
        self.each(lambda one: one.freeze(p, "random"))
        self.note_frozen()

    @rule(seed=st.integers(0, 3))
    def set_status(self, seed):
        chances = np.random.RandomState(seed).choice(3, self.both[0].status_.size)
        status = np.maximum(chances, self.both[0].status_ * (self.both[0].status_ == PRUNED))
        self.each(lambda one: setattr(one, "status_", status))
        self.note_frozen()

    @precondition(lambda self: len(self.both[0].intercepts_) > 1)
    @rule(seed=st.integers(0, 3), biases=st.sampled_from([FREE, FROZEN, PRUNED]))
    def cut_the_inputs_of_a_unit(self, seed, biases):
        one = self.both[0]
        layout, status = one._state.network.layout, one.status_.copy()
        unit = seed % len(one.intercepts_[0])
        layout.weights(status)[0][:, unit] = PRUNED
        layout.biases(status)[1][:] = biases
        self.each(lambda one: setattr(one, "status_", status))
        self.note_frozen()

    @rule()
    def unfreeze(self):
        self.each(lambda one: one.unfreeze())
        self.frozen = None

    @rule(form=st.sampled_from(["sparsify", "densify"]))
    def change_form(self, form):
        self.each(lambda one: getattr(one, form)())

    @rule()
    def compact(self):
        before = self.both[0].predict(X)
        self.each(lambda one: one.compact())
        assert_allclose(self.both[0].predict(X), before, atol=1e-9)
        self.note_frozen()

    @rule(how=st.sampled_from([copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]))
    def copy(self, how):
        self.each(how)

    @precondition(lambda self: len(self.both[0].draws_) > 0)
    @rule(part=st.sampled_from(PARTS[:3]))
    def calibrate(self, part):
        both = zip(self.both, self.rows(part), strict=True)
        self.both = [one.calibrate(*rows) for one, rows in both]

    def note_frozen(self):
        """Keep what is frozen from now on, in the iterate, as it predicts, and in draws."""
        is_frozen = self.both[0].status_ == FROZEN
        self.frozen = is_frozen, [values[..., is_frozen] for values in self.vectors()]

    def vectors(self):
        one = self.both[0]
        return one.theta_, one._state.network.dense().state.theta

    @invariant()
    def both_are_the_same(self):
        one, twin = self.both
        for name in ("theta_", "noise_variance_", "status_", "draws_", "X_mean_", "X_scale_"):
            assert_array_equal(getattr(one, name), getattr(twin, name), err_msg=name)
        assert one.alpha_ == twin.alpha_
        assert one.temperature_ == twin.temperature_
        (rows, _), (other, _) = self.rows(slice(None))[0], FORMS["CSR"](X, self.y)
        assert_allclose(one.predict(rows), twin.predict(other), rtol=1e-7, atol=1e-9)

    @invariant()
    def masks_hold(self):
        one = self.both[0]
        status = one.status_
        assert np.isin(status, (FREE, FROZEN, PRUNED)).all()
        for values in (*self.vectors(), *one.draws_):
            assert not values[status == PRUNED].any()

    @invariant()
    def what_is_frozen_stays(self):
        if self.frozen is None:
            return
        is_frozen, before = self.frozen
        for values, expected in zip(self.vectors(), before, strict=True):
            assert_array_equal(values[is_frozen], expected)
        for draw in self.both[0].draws_:
            assert_array_equal(draw[is_frozen], before[0])


BesideATwin.TestCase.settings = settings(
    max_examples=N_SEQUENCES,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of fits of a few steps, cuts beyond p, drifting scales
class TestOperations(BesideATwin.TestCase):
    """Sequences of 15 operations at most."""

    def runTest(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().runTest()
