"""scikit-learn's own checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep

DRAWS = {"hidden_layer_sizes": (10,), "n_draws": 5, "max_steps": 800}
FULL_BATCH = {"sampling": "shuffle", "batch_size": 1000, "noise_estimator": "batch"}


@parametrize_with_checks(
    [
        PreconditionedMLPClassifier(),
        PreconditionedMLPRegressor(),
        PreconditionedMLPClassifier(**FULL_BATCH, max_steps=100),
        PreconditionedMLPRegressor(**FULL_BATCH, max_steps=100),
        PreconditionedMLPClassifier(**DRAWS),
        PreconditionedMLPRegressor(**DRAWS),
        SparsitySweep(PreconditionedMLPClassifier()),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
