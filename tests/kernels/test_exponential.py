"""exp and tanh of the kernels against NumPy's."""

import numpy as np
import pytest
from numba import njit

from sksgdprune._kernels.exponential import exp, tanh
from sksgdprune._kernels.types import OPTIONS

EPS = {np.float32: np.finfo(np.float32).eps, np.float64: np.finfo(np.float64).eps}


@njit(**OPTIONS)
def exp_and_tanh(x):
    e, t = np.empty_like(x), np.empty_like(x)
    for i in range(x.size):
        e[i], t[i] = exp(x[i]), tanh(x[i])
    return e, t


@pytest.mark.parametrize("dtype", EPS)
def test_exp_and_tanh_are_within_some_units_of_the_last_place(dtype):
    widest = 87 if dtype is np.float32 else 708
    small = np.logspace(-30, 0, 200)
    x = np.concatenate([np.linspace(-widest, widest, 5001), small, -small]).astype(dtype)
    e, t = exp_and_tanh(x)
    assert e.dtype == t.dtype == dtype
    np.testing.assert_allclose(
        e, np.exp(x.astype(np.longdouble)).astype(dtype), rtol=3 * EPS[dtype]
    )
    np.testing.assert_allclose(
        t, np.tanh(x.astype(np.longdouble)).astype(dtype), rtol=4 * EPS[dtype]
    )


@pytest.mark.parametrize("dtype", EPS)
def test_exp_and_tanh_at_the_ends(dtype):
    with np.errstate(all="ignore"):
        e, t = exp_and_tanh(np.array([-np.inf, -800, 0, 800, np.inf, np.nan], dtype))
    np.testing.assert_array_equal(e, np.array([0, 0, 1, np.inf, np.inf, np.nan], dtype))
    np.testing.assert_array_equal(t, np.array([-1, -1, 0, 1, 1, np.nan], dtype))
