"""Trainings that fail within a sweep, and parameters that are refused before any."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.sweep_cases import SPLITS, P, classifier, iris, sweep, table


@dataclass(frozen=True)
class FailsAt:
    """A method of prune: magnitude, but it raises once so many are pruned."""

    sparsity: float

    def __call__(self, evidence):
        if (evidence.theta == 0).mean() >= self.sparsity:
            raise RuntimeError(f"no way beyond {self.sparsity}")
        return abs(evidence.theta)


@dataclass(frozen=True)
class Twice:
    """Cut to p twice, so that the second cut sees p."""

    def plan(self, p, n_steps):
        return [(p, n_steps), (p, 0)]


class FailsOnFirstRow(TransformerMixin, BaseEstimator):
    """Raises where the first row of the data is in the training rows."""

    def fit(self, X, y=None):
        first = iris()[0][0]
        if (first == X).all(axis=1).any():
            raise RuntimeError("first row")
        self.is_fitted_ = True
        return self

    def transform(self, X):
        return X


# Failures


@pytest.mark.parametrize("error_score", [np.nan, -1.0])
def test_failed_cells_get_the_error_score_and_a_warning(error_score):
    X, y = iris()
    options = {"p": P, "schedule": Twice(), "error_score": error_score}
    with pytest.warns(FitFailedWarning, match=r"2 of 6 runs.*(?s:.*)no way beyond 0.8"):
        fitted = sweep(**options, method=FailsAt(0.8)).fit(X, y)
    whole = sweep(**options).fit(X, y)
    expected = table(whole.cv_results_)
    expected[2] = error_score
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)
    assert fitted.cv_results_["rank_test_score"][2] == 3
    assert np.isnan(fitted.cv_results_["sparsity"][2])
    assert np.isnan(fitted.cv_results_["mean_fit_time"][2])
    assert fitted.best_p_ in (0.0, 0.5)


def test_a_scorer_that_fails_at_one_p_fails_its_cells():
    def score(estimator, X, y):
        if estimator.sparsity_ > 0.8:
            raise RuntimeError("too sparse")
        return estimator.score(X, y)

    X, y = iris()
    with pytest.warns(FitFailedWarning, match=r"2 of 6(?s:.*)too sparse"):
        fitted = sweep(p=P, scoring=score, refit=False).fit(X, y)
    expected = table(sweep(p=P, refit=False).fit(X, y).cv_results_)
    expected[2] = np.nan
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)


def test_failures_with_several_metrics():
    with pytest.warns(FitFailedWarning, match="2 of 6"):
        fitted = sweep(
            p=P,
            schedule=Twice(),
            method=FailsAt(0.8),
            scoring=["accuracy", "neg_log_loss"],
            refit=False,
        ).fit(*iris())
    for name in ("test_accuracy", "test_neg_log_loss"):
        failed = np.isnan(table(fitted.cv_results_, name)).tolist()
        assert failed == [[False] * 2] * 2 + [[True] * 2]


@pytest.mark.parametrize("refit", ["best", "one_se"])
def test_a_split_whose_warm_up_fails_fails_there_for_all_p(refit):
    # The first row is in the training rows of one of two splits alone, and of the refit.
    X, y = iris()
    pipeline = make_pipeline(FailsOnFirstRow(), classifier())
    with pytest.warns(FitFailedWarning, match=r"3 of 6(?s:.*)first row"):
        fitted = sweep(pipeline, p=P, refit=False).fit(X, y)
    bad = [0 in train for train, _ in SPLITS.split(X)]
    np.testing.assert_array_equal(np.isnan(table(fitted.cv_results_)), [bad] * 3)
    assert np.isnan(fitted.cv_results_["mean_test_score"]).all()
    np.testing.assert_array_equal(fitted.cv_results_["rank_test_score"], 1)
    with (
        pytest.warns(FitFailedWarning, match="3 of 6"),
        pytest.raises(RuntimeError, match="first row"),
    ):
        sweep(pipeline, p=P, refit=refit).fit(X, y)


def test_all_cells_failing_raises_and_shows_the_first_error():
    with pytest.raises(ValueError, match=r"6 of 6 runs(?s:.*)no way beyond 0"):
        sweep(p=P, method=FailsAt(0)).fit(*iris())


def test_error_score_raise_passes_the_error_on():
    with pytest.raises(RuntimeError, match="no way beyond 0"):
        sweep(p=P, method=FailsAt(0), error_score="raise").fit(*iris())


def test_a_failure_at_one_number_p_is_raised():
    with pytest.raises(RuntimeError, match="no way beyond 0"):
        sweep(p=0.5, method=FailsAt(0)).fit(*iris())


# Errors


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p": -0.1}, "p=-0.1; p must be a number from 0 to 1"),
        ({"p": 1.5}, "p=1.5"),
        ({"p": np.nan}, "p=nan"),
        ({"p": "0.5"}, "p='0.5'"),
        ({"p": None}, "p=None"),
        ({"p": [0, 1.01]}, "p=1.01"),
        ({"p": [0.5, np.nan]}, "p=.*nan"),
        ({"p": [[0.5]]}, "p=\\[0.5\\]"),
        ({"p": []}, "empty p"),
        ({"p": np.empty(0)}, "empty p"),
        ({"action": "cut"}, "'action' parameter"),
        ({"method": "biggest"}, "method='biggest' for prune; expected one of .*magnitude"),
        ({"method": "H"}, "method='H' for prune"),
        ({"action": "freeze", "method": "noise"}, "method='noise' for freeze"),
        ({"method": 3}, "'method' parameter"),
        ({"scope": "net"}, "scope='net' for prune; expected one of .*layer.*global.*connected"),
        (
            {"scope": "connected", "action": "freeze"},
            r"for freeze; expected one of \['layer', 'global'\]",
        ),
        ({"include_biases": "no"}, "include_biases='no'; expected True or False"),
        ({"structure": "layer"}, "structure='layer'; expected .*weight.*unit.*input"),
        ({"structure": "unit", "action": "freeze"}, "'unit' with action='freeze'; .*'weight'"),
        ({"structure": "input", "action": "freeze"}, "'input' with action='freeze'"),
        (
            {"structure": "unit", "estimator": classifier(hidden_layer_sizes=())},
            "without hidden layers; expected 'weight' or 'input'",
        ),
        ({"schedule": "two_shot"}, "schedule='two_shot'; expected one of .*one_shot"),
        ({"schedule": 3}, "schedule=3"),
        ({"warmup_steps": -1}, "'warmup_steps' parameter"),
        ({"finetune_steps": -1}, "'finetune_steps' parameter"),
        ({"n_repeats": 0}, "'n_repeats' parameter"),
        (
            {"refit": "worst"},
            "refit='worst' with one metric; expected 'best'",
        ),
        ({"refit": True}, "'refit' parameter"),
        ({"error_score": "ignore", "p": [0.5]}, "'error_score' parameter"),
        ({"scoring": "niceness"}, "'scoring' parameter .*Got 'niceness'"),
    ],
    ids=str,
)
def test_a_bad_parameter_is_named_before_any_training(changes, message, training_runs):
    with pytest.raises(ValueError, match=message):
        sweep(**changes).fit(*iris())
    assert training_runs == []


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression())],
    ids=["alone", "pipeline"],
)
def test_an_estimator_that_is_not_ours_is_refused(estimator):
    with pytest.raises(TypeError, match="must be a PreconditionedMLPClassifier"):
        sweep(estimator).fit(*iris())
