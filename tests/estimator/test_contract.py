"""scikit-learn's conventions beyond its own checks: parameters, copies, files, representation."""

import copy
import inspect
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import SparsitySweep
from tests.cases import LABELS, NAMES, X, Y, classifier, regressor, state
from tests.sweep_cases import sweep

CASES = {
    "classifier": (lambda: classifier(class_weight={"setosa": 2}), NAMES),
    "labels": (lambda: classifier(sampling="shuffle", batch_size=16), LABELS),
    "regressor": (regressor, X[:, 0]),
    "targets": (lambda: regressor(sampling="shuffle"), X[:, :2]),
    "counts": (lambda: regressor(loss="poisson"), Y),
    "early": (lambda: classifier(early_stopping=True, batch_size=7), NAMES),
}
EACH = pytest.mark.parametrize(("make", "y"), CASES.values(), ids=CASES)


def by_joblib(estimator, path):
    joblib.dump(estimator, path / "estimator.joblib", compress=1)
    return joblib.load(path / "estimator.joblib")


def by_memory_map(estimator, path):
    joblib.dump(estimator, path / "estimator.joblib")
    return joblib.load(path / "estimator.joblib", mmap_mode="r")


COPIES = {
    "pickle": lambda estimator, path: pickle.loads(pickle.dumps(estimator)),
    "deepcopy": lambda estimator, path: copy.deepcopy(estimator),
    "joblib": by_joblib,
    "memory map": by_memory_map,
}


@EACH
@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_copy_predicts_and_goes_on_bit_for_bit(make, y, duplicate, tmp_path):
    original = make().fit(X, y).prune(0.4).freeze(0.3, "random")
    twin, before = duplicate(original, tmp_path), state(original)
    assert state(twin) == before
    assert twin.predict(X).tobytes() == original.predict(X).tobytes()
    for estimator in (original, twin):
        assert state(estimator) == before  # the other's run has not touched it
        estimator.set_params(early_stopping=False).partial_fit(X, y, n_steps=17)
        estimator.prune(0.6, "random")
        estimator.set_params(warm_start=True).fit(X, y)
    assert state(twin) == state(original)
    assert twin.predict(X).tobytes() == original.predict(X).tobytes()
    assert twin.loss_curve_ == original.loss_curve_


@EACH
def test_training_writes_no_constructor_parameter(make, y):
    estimator = make()
    before = {name: (id(value), repr(value)) for name, value in vars(estimator).items()}
    estimator.fit(X, y).set_params(early_stopping=estimator.early_stopping)
    estimator.prune(0.3, "gradient", X=X, y=y).freeze(0.3, X=X, y=y).unfreeze()
    if not estimator.early_stopping:
        estimator.partial_fit(X, y)
    assert {name: (id(vars(estimator)[name]), repr(vars(estimator)[name])) for name in before} == (
        before
    )
    fitted = vars(estimator).keys() - before.keys()
    assert all(name.endswith("_") or name.startswith("_") for name in fitted)


@EACH
def test_a_clone_has_the_parameters_and_nothing_fitted(make, y):
    fitted = make().fit(X, y)
    twin = clone(fitted)
    assert vars(twin).keys() == twin.get_params().keys()
    assert state(twin.fit(X, y)) == state(fitted)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_every_parameter_is_documented_and_checked(make):
    estimator = make()
    names = set(inspect.signature(type(estimator)).parameters)
    assert names == set(estimator._parameter_constraints)
    for name in names:
        assert f"\n{name} : " in inspect.getdoc(type(estimator))


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize(
    "bad", [{"alpha": -5}, {"tol": None}, {"n_iter_no_change": 2.5}, {"validation_fraction": 0}]
)
def test_parameters_are_checked_at_every_partial_fit(make, bad):
    estimator = make().fit(X, Y)
    before = state(estimator)
    (name,) = bad
    with pytest.raises(ValueError, match=name):
        estimator.set_params(**bad).partial_fit(X, Y)
    assert state(estimator) == before


@pytest.mark.parametrize(
    "estimator",
    [
        classifier(),
        regressor().fit(X, Y),
        sweep(p=0.5),
        sweep(p=0.5).fit(X, Y),
        make_pipeline(StandardScaler(), classifier()),
        GridSearchCV(SparsitySweep(classifier()), {"p": [0.1]}),
    ],
    ids=lambda e: type(e).__name__,
)
def test_the_html_shows_the_estimator(estimator):
    html = estimator._repr_html_()
    assert type(estimator).__name__ in html
    assert "Preconditioned" in html
    assert "Preconditioned" in repr(estimator)


def test_a_memory_mapped_data_set_trains_as_another(tmp_path):
    joblib.dump(X, tmp_path / "X")
    mapped = joblib.load(tmp_path / "X", mmap_mode="r")
    assert not mapped.flags.writeable
    assert state(classifier().fit(mapped, Y)) == state(classifier().fit(X, Y))
    np.testing.assert_array_equal(mapped, X)
