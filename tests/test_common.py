"""scikit-learn's own checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep

# Two minibatches are equal only where both hold all rows: the check orders the rows differently.
# scikit-learn's own MLP is checked with full batches alone, too.
FULL_BATCH = {"sampling": "shuffle", "batch_size": 1000, "noise_estimator": "batch"}


def expected_failures(estimator):
    if getattr(estimator, "sampling", None) != "replacement":
        return {}
    return {"check_sample_weight_equivalence_on_dense_data": "minibatches are drawn by position"}


@parametrize_with_checks(
    [
        PreconditionedMLPClassifier(),
        PreconditionedMLPRegressor(),
        PreconditionedMLPClassifier(**FULL_BATCH, max_steps=100),
        PreconditionedMLPRegressor(**FULL_BATCH, max_steps=100),
        SparsitySweep(PreconditionedMLPClassifier()),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
