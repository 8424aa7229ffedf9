"""The preconditioner, by the formulas of the documentation."""

import numpy as np
import pytest

from sksgdprune._kernels.preconditioner import preconditioner as preconditioner_of
from tests.kernel_cases import hyper


def test_preconditioner_is_2_s_over_n_times_damped_variance():
    C = np.array([0.0, 0.5, 1.5])
    _, h = hyper(posterior_size=8.0, damping=0.5)
    assert preconditioner_of(C, h.hyper, 4).tolist() == [2.0, 1.0, 0.5]
    _, h = hyper(preconditioner="identity")
    assert preconditioner_of(C, h.hyper, 4).tolist() == [1.0, 1.0, 1.0]


def test_scalar_preconditioner_is_2_s_d_over_n_times_the_trace():
    C, left = np.array([0.0, 0.5, 1.5]), np.array([True, True, False])
    _, h = hyper(preconditioner="scalar", posterior_size=8.0, damping=0.5)
    assert preconditioner_of(C, h.hyper, 4).tolist() == [2 * 4 * 3 / (8 * 3.5)] * 3
    assert preconditioner_of(C, h.hyper, 4, left).tolist() == [2 * 4 * 2 / (8 * 1.5)] * 3


def test_sqrt_preconditioner_is_2_s_d_over_n_times_the_trace_of_roots_times_root():
    C, left = np.array([0.0, 3.0, 8.0]), np.array([True, True, False])
    _, h = hyper(preconditioner="sqrt", posterior_size=8.0, damping=1.0)
    rate = 2 * 4 * 3 / (8 * (1 + 2 + 3))
    expected = [rate, rate / 2, rate / 3]
    np.testing.assert_allclose(preconditioner_of(C, h.hyper, 4), expected, rtol=1e-15)
    rate = 2 * 4 * 2 / (8 * (1 + 2))
    expected = [rate, rate / 2, rate / 3]
    np.testing.assert_allclose(preconditioner_of(C, h.hyper, 4, left), expected, rtol=1e-15)


@pytest.mark.parametrize("preconditioner", ["scalar", "sqrt"])
def test_nothing_is_left_when_all_is_pruned_and_h_stays_finite(preconditioner):
    _, h = hyper(preconditioner=preconditioner)
    H = preconditioner_of(np.ones(3), h.hyper, 4, np.zeros(3, dtype=bool))
    assert np.isfinite(H).all()
