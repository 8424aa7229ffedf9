"""What leaves the package: ONNX by way of scikit-learn's MLP, and files of skops."""

import copy
import io
import pickle

import joblib
import numpy as np
import onnxruntime
import pytest
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from skl2onnx import to_onnx
from sklearn.datasets import load_diabetes
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep
from tests.cases import LABELS, NAMES, SMALL, X, Y, state

ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
PATIENTS, PROGRESS = load_diabetes(return_X_y=True)
TWO_TARGETS = np.stack([PROGRESS, -3 * PATIENTS[:, 2]], axis=1)


def classifier(y=Y, dtype=np.float64, **parameters):
    return PreconditionedMLPClassifier(**(SMALL | parameters)).fit(X.astype(dtype), y)


def regressor(y=PROGRESS, dtype=np.float64, **parameters):
    return PreconditionedMLPRegressor(**(SMALL | parameters)).fit(PATIENTS.astype(dtype), y)


def outputs(model, rows):
    """What onnxruntime makes of the rows by a scikit-learn model."""
    options = {"zipmap": False} if hasattr(model, "predict_proba") else None
    content = to_onnx(model, rows[:1], options=options).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: rows})


def assert_onnx_predicts_the_same(estimator, rows, tolerance=1e-6):
    found = outputs(estimator.to_sklearn(), rows)
    expected = estimator.predict(rows)
    if not hasattr(estimator, "predict_proba"):
        # skl2onnx puts the outputs of a row below each other.
        values = found[0].reshape(expected.shape)
        assert_allclose(values, expected, rtol=tolerance, atol=tolerance)
        return
    assert_array_equal(found[0], expected)
    assert_allclose(found[1], estimator.predict_proba(rows), rtol=0, atol=tolerance)


# ONNX


@pytest.mark.parametrize("hidden", [(), (8, 6)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_onnxruntime_predicts_the_same(activation, hidden):
    parameters = {"activation": activation, "hidden_layer_sizes": hidden}
    for y in (NAMES, Y, Y == 0):
        assert_onnx_predicts_the_same(classifier(y, **parameters), X)
    for y in (PROGRESS, TWO_TARGETS):
        assert_onnx_predicts_the_same(regressor(y, **parameters), PATIENTS)


def test_onnxruntime_predicts_the_same_after_prune_and_compact():
    for clf in (classifier(NAMES, hidden_layer_sizes=(16, 12)), classifier(Y == 0)):
        assert_onnx_predicts_the_same(clf.prune(0.8), X)
        assert_onnx_predicts_the_same(clf.compact().sparsify(), X)
    reg = regressor(hidden_layer_sizes=(16, 12)).prune(0.7, structure="unit").compact()
    assert len(reg.intercepts_[0]) < 16
    assert_onnx_predicts_the_same(reg, PATIENTS)


def test_a_relu_output_is_kept():
    reg = regressor(PROGRESS - PROGRESS.mean(), output_activation="relu")
    assert reg.predict(PATIENTS).min() == 0
    assert_onnx_predicts_the_same(reg, PATIENTS)


def test_float32_is_the_same_but_for_its_rounding():
    rows = X.astype(np.float32)
    assert_onnx_predicts_the_same(classifier(NAMES, np.float32), rows)
    patients = PATIENTS.astype(np.float32)
    assert_onnx_predicts_the_same(regressor(PROGRESS, np.float32), patients, 1e-5)


def test_labels_are_possible_in_float32():
    # onnxruntime has no double version of a node that skl2onnx decides labels by.
    assert_onnx_predicts_the_same(classifier(LABELS, np.float32), X.astype(np.float32))


def test_rates_are_the_exponential_of_an_identity():
    reg = regressor(loss="poisson")
    mlp = reg.to_sklearn()
    mlp.out_activation_ = "identity"  # skl2onnx knows no exponential
    rates = np.exp(outputs(mlp, PATIENTS)[0].ravel())
    assert_allclose(rates, reg.predict(PATIENTS), rtol=1e-6)


def test_a_whole_pipeline_goes_with_its_last_step_replaced():
    pipeline = make_pipeline(StandardScaler(), PreconditionedMLPClassifier(**SMALL)).fit(X, NAMES)
    *steps, (name, last) = pipeline.steps
    exported = Pipeline([*steps, (name, last.to_sklearn())])
    labels, probabilities = outputs(exported, X)
    assert_array_equal(labels, pipeline.predict(X))
    assert_allclose(probabilities, pipeline.predict_proba(X), atol=1e-6)


# skops


PASSTHROUGH = "sklearn.metrics._scorer._PassthroughScorer"
CLASSIFIERS = {
    "dense": classifier,
    "unfitted": lambda: PreconditionedMLPClassifier((3, 2)),
    "pruned": lambda: classifier(NAMES, sampling="shuffle").prune(0.5),
    "sparsified": lambda: classifier(LABELS).prune(0.9).sparsify(),
    "compacted": lambda: classifier(NAMES == "setosa", n_draws=3).prune(0.9).compact(),
    "chosen prior": lambda: classifier(max_steps=800).prune(0.5),
    "prior of the evidence": lambda: classifier(alpha="evidence"),
    "frozen": lambda: classifier(dtype=np.float32, average=False).freeze(0.5, "random"),
    "own random state": lambda: classifier(random_state=np.random.RandomState(0)),
}
REGRESSORS = {
    "draws": lambda: regressor(n_draws=4),
    "sparsified draws": lambda: regressor(TWO_TARGETS, n_draws=4).prune(0.9).sparsify(),
    "counts": lambda: regressor(loss="poisson"),
    "as it is": lambda: regressor(encoding=None, learning_rate=1e-4, early_stopping=True),
}


def through_skops(estimator, trusted):
    content = skops.io.dumps(estimator)
    assert set(skops.io.get_untrusted_types(data=content)) <= {
        kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__name__}" for kind in trusted
    }
    return skops.io.loads(content, trusted=trusted)


def through_joblib(estimator, _):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    return joblib.load(file)


@pytest.mark.parametrize("through", [through_skops, through_joblib])
@pytest.mark.parametrize("make", [*CLASSIFIERS.values(), *REGRESSORS.values()])
def test_a_loaded_estimator_predicts_and_trains_the_same_bits(make, through):
    estimator = make()
    loaded = through(estimator, [type(estimator)])
    if not hasattr(estimator, "t_"):
        assert loaded.get_params() == estimator.get_params()
        return
    rows = X if isinstance(estimator, PreconditionedMLPClassifier) else PATIENTS
    predictions = estimator.predict(rows)
    assert state(loaded) == state(estimator)
    assert_array_equal(loaded.predict(rows), predictions)
    for each in (estimator, loaded):
        each.set_params(early_stopping=False).partial_fit(rows, predictions, n_steps=7)
    assert state(loaded) == state(estimator)
    assert_array_equal(loaded.draws_, estimator.draws_)


@pytest.mark.parametrize("p", [0.6, [0.3, 0.6]])
def test_a_loaded_sweep_predicts_and_trains_the_same_bits(p):
    network = PreconditionedMLPClassifier(**SMALL)
    sweep = SparsitySweep(network, p=p, warmup_steps=9, finetune_steps=9, cv=2, random_state=0)
    sweep.fit(X, NAMES)
    kinds = [SparsitySweep, PreconditionedMLPClassifier, PASSTHROUGH]
    loaded = through_skops(sweep, kinds)
    assert_array_equal(loaded.predict(X), sweep.predict(X))
    for each in (sweep, loaded):
        each.partial_fit(X, NAMES)
    assert state(loaded.best_estimator_) == state(sweep.best_estimator_)


def test_an_exported_estimator_needs_no_trust():
    mlp = classifier(NAMES).to_sklearn()
    loaded = skops.io.loads(skops.io.dumps(mlp))
    assert_array_equal(loaded.predict_proba(X), mlp.predict_proba(X))


@pytest.mark.parametrize("kept", [{"__record__": "mine"}, {"__record__": "State", "theta": 1}])
def test_a_users_own_attributes_come_back_as_they_were(kept):
    clf = classifier()
    clf.kept = kept
    assert copy.deepcopy(clf).kept == kept
    assert pickle.loads(pickle.dumps(clf)).kept == kept
