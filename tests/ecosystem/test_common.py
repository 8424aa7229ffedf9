"""scikit-learn's own checks."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep

SHORT = {"max_steps": 200}
DRAWS = {"hidden_layer_sizes": (10,), "n_draws": 5, "max_steps": 800}
FULL_BATCH = {"sampling": "shuffle", "batch_size": 1000, "noise_estimator": "batch"}
SHORT_SWEEP = {"warmup_steps": 50, "finetune_steps": 150}
# A check fits up to 30 times. At the automatic budget, of 12,800 steps here, those run whose
# results depend on it: what is learnt, twice the same, with weights in place of rows, in a file.
AT_DEFAULTS = {
    "check_classifiers_train",
    "check_regressors_train",
    "check_regressors_int",
    "check_class_weight_classifiers",
    "check_sample_weight_equivalence_on_dense_data",
    "check_fit_idempotent",
    "check_estimators_pickle",
    "check_dict_unchanged",
    "check_parameters_default_constructible",
    "check_no_attributes_set_in_init",
}


@parametrize_with_checks(
    [
        PreconditionedMLPClassifier(**SHORT),
        PreconditionedMLPRegressor(**SHORT),
        PreconditionedMLPClassifier(**FULL_BATCH, max_steps=100),
        PreconditionedMLPRegressor(**FULL_BATCH, max_steps=100),
        PreconditionedMLPClassifier(**DRAWS),
        PreconditionedMLPRegressor(**DRAWS),
        SparsitySweep(PreconditionedMLPClassifier(), **SHORT_SWEEP),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def at_defaults():
    """Return pairs of an estimator without any parameter given and a check."""
    given = (
        PreconditionedMLPClassifier(),
        PreconditionedMLPRegressor(),
        SparsitySweep(PreconditionedMLPClassifier()),
    )
    return [
        pytest.param(one, check, id=f"{type(one).__name__}-{check.func.__name__}-{check.keywords}")
        for estimator in given
        for one, check in estimator_checks_generator(estimator)
        if check.func.__name__ in AT_DEFAULTS
    ]


@pytest.mark.parametrize(("estimator", "check"), at_defaults())
def test_scikit_learn_checks_at_the_defaults(estimator, check):
    check(estimator)
