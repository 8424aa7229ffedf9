"""scikit-learn's own checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep


@parametrize_with_checks(
    [
        PreconditionedMLPClassifier(),
        PreconditionedMLPRegressor(),
        SparsitySweep(PreconditionedMLPClassifier()),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
