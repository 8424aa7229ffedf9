"""Scores against literal tables."""

import re

import numpy as np
import pytest

from sksgdprune._pruning import scores as _scores

THETA = [-2.0, 0.5, 0.0, 3.0]
C = [0.25, 2.0, 5.0, 1.0]
H = [1.0, 2.0, 3.0, 4.0]
G = [0.5, -1.0, 2.0, 0.0]
G2 = [1.0, 2.0, 3.0, 4.0]

TABLE = [
    ("prune", "magnitude", [2.0, 0.5, 0.0, 3.0]),
    ("prune", "minimal", [2.0, 0.5, 0.0, 3.0]),
    ("prune", "noise", [1.0, 0.5, 0.0, 9.0]),
    ("prune", "fisher", [4.0, 0.5, 0.0, 36.0]),
    ("prune", "gradient", [1.0, 0.5, 0.0, 0.0]),
    ("freeze", "preconditioned_gradient", [0.5, 2.0, 6.0, 0.0]),
    ("freeze", "H", [0.5, 2.0, 6.0, 0.0]),
    ("freeze", "gradient", [0.5, 1.0, 2.0, 0.0]),
    ("freeze", "minimal", [0.5, 1.0, 2.0, 0.0]),
    ("freeze", "fisher", [1.0, 2.0, 3.0, 4.0]),
]
NAMES = {
    "prune": ["magnitude", "random", "noise", "fisher", "gradient", "minimal"],
    "freeze": ["preconditioned_gradient", "gradient", "random", "fisher", "H", "minimal"],
}


def no_samples():
    raise ValueError("pass X and y")


def evidence(seed=0, *, gradients=lambda: (np.array(G), np.array(G2))):
    vectors = [np.array(v) for v in (THETA, C, H)]
    return _scores.Evidence(*vectors, gradients, lambda: np.random.RandomState(seed))


def score(action, method, evidence):
    return _scores.resolve(action, method)(evidence)


@pytest.mark.parametrize(("action", "method", "expected"), TABLE)
def test_score_is_that_of_the_table(action, method, expected):
    assert score(action, method, evidence()).tolist() == expected


@pytest.mark.parametrize("action", ["prune", "freeze"])
def test_random_scores_are_the_generators_next_uniform_draws(action):
    expected = np.random.RandomState(7).uniform(size=(2, 4))
    e = evidence(seed=7)
    np.testing.assert_array_equal([score(action, "random", e) for _ in range(2)], expected)


def test_the_table_and_random_are_all_methods():
    for action, names in NAMES.items():
        listed = {*_scores.METHODS[action], *_scores.ALIASES[action]}
        assert listed == set(names)
        assert listed - {"random"} == {method for a, method, _ in TABLE if a == action}


@pytest.mark.parametrize(
    ("action", "method"),
    [("prune", m) for m in ("magnitude", "minimal", "random", "noise")] + [("freeze", "random")],
)
def test_these_methods_need_no_samples(action, method):
    assert np.isfinite(score(action, method, evidence(gradients=no_samples))).all()


def test_the_gradient_is_taken_once_and_only_where_it_is_read():
    calls = []

    def gradients():
        calls.append(1)
        return np.array(G), np.array(G2)

    e = evidence(gradients=gradients)
    score("prune", "noise", e)
    assert not calls
    score("prune", "fisher", e)
    score("prune", "gradient", e)
    assert len(calls) == 1


def test_a_function_of_evidence_is_a_method():
    assert score("freeze", lambda e: e.theta + e.gradient, evidence()).tolist() == [
        -1.5,
        -0.5,
        2,
        3,
    ]


@pytest.mark.parametrize(
    ("action", "method"),
    [("prune", "H"), ("freeze", "magnitude"), ("prune", "least"), ("freeze", ""), ("prune", None)],
)
def test_an_unknown_method_is_refused_with_all_that_is_possible(action, method):
    with pytest.raises(ValueError, match=re.escape(f"method={method!r}")) as error:
        _scores.resolve(action, method)
    for name in NAMES[action]:
        assert repr(name) in str(error.value)
