"""exp and tanh that LLVM vectorises inside a plain loop.

exp(x) = 2^k e^r with k = round(x / ln 2), so |r| <= ln 2 / 2, and e^r - 1 by its Taylor series.
Every constant has the argument's dtype: one float64 would make a float32 loop slow.
"""

import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from sksgdprune._kernels.types import OPTIONS, jit


@intrinsic
def _power_of_two(typing_context, shifted):
    """Return 2^k from k + magic, whose low bits hold k."""
    bits, position, one = (64, 52, 0x3FF << 52) if shifted.bitwidth == 64 else (32, 23, 0x7F << 23)

    def codegen(context, builder, signature, arguments):
        integer = ir.IntType(bits)
        k = builder.shl(builder.bitcast(arguments[0], integer), integer(position))
        return builder.bitcast(builder.add(k, integer(one)), context.get_value_type(shifted))

    return shifted(shifted), codegen


@jit
def _polynomial(coefficients, x):
    value = coefficients[0]
    for i in range(1, len(coefficients)):
        value = value * x + coefficients[i]
    return value


def _exp_parts(dtype):
    """Return a compiled function from x to (2^k, e^r - 1), for float64 or float32."""
    single = dtype == types.float32
    real = np.float32 if single else np.float64
    bits = 14 if single else 36
    high = math.floor(math.log(2) * 2**bits) / 2**bits
    ln2_high, ln2_low = real(high), real(math.log(2) - high + 2.3190468138462996e-17)
    per_ln2, magic = real(1 / math.log(2)), real(1.5 * 2.0 ** (23 if single else 52))
    taylor = tuple(real(1 / math.factorial(n)) for n in range(7 if single else 12, 1, -1))

    @jit
    def parts(x):
        shifted = x * per_ln2 + magic  # rounds to an integer
        k = shifted - magic
        r = (x - k * ln2_high) - k * ln2_low
        return _power_of_two(shifted), _polynomial(taylor, r) * (r * r) + r

    return real, parts


def exp(x):
    """e^x within a few ulp; 0 below about -708 (-87) and inf above 709 (88)."""
    return np.exp(x)  # where nothing is compiled


def tanh(x):
    """(e^2x - 1) / (e^2x + 1), without cancellation."""
    return np.tanh(x)  # where nothing is compiled


@overload(exp, jit_options=OPTIONS)
def _overload_exp(x):
    real, parts = _exp_parts(x)
    low, high = (real(-87), real(88)) if real is np.float32 else (real(-708), real(709))
    zero, inf = real(0), real(np.inf)

    def compiled(x):
        scale, part = parts(x)
        y = inf if x > high else scale * part + scale
        return zero if x < low else y

    return compiled


@overload(tanh, jit_options=OPTIONS)
def _overload_tanh(x):
    real, parts = _exp_parts(x)
    limit = real(20) if real is np.float32 else real(40)
    one, two = real(1), real(2)

    def compiled(x):
        y = x + x
        y = limit if y > limit else y
        y = -limit if y < -limit else y
        scale, part = parts(y)
        y = scale * part + (scale - one)
        return y / (y + two)

    return compiled
