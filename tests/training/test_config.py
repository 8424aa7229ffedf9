"""Hyper-parameters of a run that are counted from the network and the rows."""

from dataclasses import replace

import numpy as np
import pytest

from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._kernels.preconditioner import preconditioner as preconditioner_of
from sksgdprune._network.layout import Layout
from sksgdprune._targets.classification import SingleLabel
from tests.kernel_cases import network


def hyper_parameters(estimator, batch_size, dtype):
    """Those for a network of 77 parameters and 40 samples."""
    layout = Layout((7, 7, 2))
    assert layout.n_parameters == 72
    parameters = np.empty(72, dtype), np.empty(72, dtype), np.zeros(72, np.uint8)
    start = replace(network(layout, *parameters), activation="tanh", n_parameters=77)
    start = replace(start, targets=SingleLabel(np.arange(2)))
    config = estimator.set_params(batch_size=batch_size)._config()
    return config.for_run(start, 40).hyper


@pytest.mark.parametrize(
    ("posterior_size", "expected"), [("n_parameters", 77), ("n_samples", 40), (12.5, 12.5)]
)
def test_posterior_size_is_counted_or_given(posterior_size, expected):
    estimator = PreconditionedMLPClassifier(posterior_size=posterior_size)
    h = hyper_parameters(estimator, 32, np.float32)
    assert h.posterior_size == expected
    assert h.posterior_size.dtype == np.float32


@pytest.mark.parametrize("preconditioner", ["diagonal", "scalar", "sqrt"])
@pytest.mark.parametrize("posterior_size", ["n_parameters", "n_samples", 0.01])
def test_automatic_damping_ends_h_at_ten(preconditioner, posterior_size):
    estimator = PreconditionedMLPClassifier(
        preconditioner=preconditioner, posterior_size=posterior_size, damping="auto"
    )
    h = hyper_parameters(estimator, 16, np.float64)
    H = preconditioner_of(np.zeros(3), h, 16)
    np.testing.assert_allclose(H, 10, rtol=1e-14)
    assert (preconditioner_of(np.ones(3), h, 16) < 10).all()
