"""What meets those who put the estimators in the place of scikit-learn's MLP."""

import pytest
from sklearn.utils._param_validation import InvalidParameterError

from tests.mlp_cases import BOTH, IRIS_X, IRIS_Y

# Parameters of the same name


@BOTH
@pytest.mark.parametrize(
    ("parameter", "explained"),
    [
        ({"batch_size": "auto"}, r"must be an int .*min\(200, n_samples\).* Got 'auto'"),
        ({"learning_rate": "adaptive"}, "must be a float .*learning_rate_init.* Got 'adaptive'"),
        ({"learning_rate": "constant"}, "the constant rate itself.* Got 'constant'"),
        ({"learning_rate": 0}, "learning_rate_init.* Got 0 instead"),
        ({"batch_size": True}, "rows of a minibatch.* Got True instead"),
    ],
    ids=str,
)
def test_a_value_of_scikit_learns_kind_is_told_the_meaning_here(Estimator, parameter, explained):
    with pytest.raises(InvalidParameterError, match=explained):
        Estimator(**parameter).fit(IRIS_X, IRIS_Y)
