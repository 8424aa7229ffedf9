"""The compiled part: minibatch steps over flat arrays. It knows no estimator.

Every compiled function lives in this file, since numba's cache does not notice a change of a
callee in another one.

Units of all layers lie below each other in one array `activations` (n_units, B), a column per
sample of the minibatch; where the noise is estimated by a probe, that sample fills the columns
from S on, up to a multiple of 4. Behind each layer's units comes one that is always 1: the biases
are its connections, so that the weights and biases into a layer are one matrix
(fan_in + 1, fan_out), as they lie in θ.

A layer of which few connections are left runs over lists of them, with the batch as the inner,
vectorised loop.
"""

import math
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

IDENTITY, LOGISTIC, TANH, RELU = range(4)
ACTIVATIONS = {"identity": IDENTITY, "logistic": LOGISTIC, "tanh": TANH, "relu": RELU}

# A loss together with the output activation under it.
SOFTMAX_LOG, DOUBLE_SOFTMAX, LOGISTIC_LOG, SQUARED_IDENTITY, SQUARED_RELU, POISSON_EXP = range(6)
OBJECTIVES = {
    ("log_loss", "softmax"): SOFTMAX_LOG,
    ("double_softmax", "softmax"): DOUBLE_SOFTMAX,
    ("log_loss", "logistic"): LOGISTIC_LOG,
    ("squared_error", "identity"): SQUARED_IDENTITY,
    ("squared_error", "relu"): SQUARED_RELU,
    ("poisson", "exp"): POISSON_EXP,
}

DIAGONAL, PLAIN, SCALAR, SQRT = range(4)
PRECONDITIONERS = {"diagonal": DIAGONAL, "identity": PLAIN, "scalar": SCALAR, "sqrt": SQRT}

BATCH, PROBE = range(2)
NOISE_ESTIMATORS = {"batch": BATCH, "probe": PROBE}

FREE, FROZEN, PRUNED = range(3)

# Ways through a layer: BLAS; lists of the FREE connections for gradient and step, where few are
# FREE; lists for everything, where few are left. Measured: below these fractions lists win.
DENSE, LISTED_GRADIENT, LISTED = range(3)
LISTED_BELOW = 0.22
PREDICT_ROWS = 128  # samples whose activations stay in the second cache
GRADIENT_BLOCK = 32768  # connections whose gradients are stepped while in the second cache
OUTPUT_TILE = 16  # outputs whose rows stay in the first cache while the inputs pass by

# "contract" lets a * b + c become one instruction; "reassoc" lets a sum be vectorised.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
_jit = njit(cache=True, **_OPTIONS)
_jit_sums = njit(cache=True, **(_OPTIONS | {"fastmath": {"contract", "reassoc"}}))


class Hyper(NamedTuple):
    """Scalars of a training; the floats have θ's dtype, but for kappa."""

    activation: int
    objective: int
    preconditioner: int
    noise_estimator: int
    kappa: float
    learning_rate: np.floating
    posterior_size: np.floating
    damping: np.floating
    alpha: np.floating


class Shape(NamedTuple):
    """A network's sizes as int64 arrays; every layer but the last has its unit of ones."""

    sizes: np.ndarray  # units per layer, the input's included
    starts: np.ndarray  # where the connections into each layer begin in θ, and the end
    units: np.ndarray  # row of each layer's first unit in `activations`, and the end


class Rows(NamedTuple):
    """Samples: a dense array (n, d), or an empty one and the three arrays of a CSR matrix."""

    dense: np.ndarray
    values: np.ndarray
    columns: np.ndarray
    row_starts: np.ndarray


class Plan(NamedTuple):
    """Which way each layer goes, and the lists of connections of those that are not dense.

    A list holds, for each connection, the rows of its two units, its position in θ and working
    copies of θ and C; connections into units that lead nowhere come last.
    """

    way: np.ndarray  # of the connections out of each layer: DENSE, LISTED_GRADIENT or LISTED
    first: np.ndarray  # (n_layers - 1, 3): where a layer's list begins, its dead part, its end
    source: np.ndarray
    target: np.ndarray
    where: np.ndarray
    status: np.ndarray
    theta: np.ndarray
    C: np.ndarray
    g: np.ndarray
    noise: np.ndarray
    units: np.ndarray  # rows of the units that lead somewhere, layer by layer
    first_unit: np.ndarray  # where each layer's begin in `units`, and the end


# exp, tanh and logistic that LLVM vectorises inside a plain loop.
#
# exp(x) = 2^k e^r with k = round(x / ln 2), so |r| <= ln 2 / 2, and e^r - 1 by its Taylor
# series. Every constant has the argument's dtype: one float64 would make a float32 loop slow.


@intrinsic
def _power_of_two(typing_context, shifted):
    """Return 2^k from k + magic, whose low bits hold k."""
    bits, position, one = (64, 52, 0x3FF << 52) if shifted.bitwidth == 64 else (32, 23, 0x7F << 23)

    def codegen(context, builder, signature, arguments):
        integer = ir.IntType(bits)
        k = builder.shl(builder.bitcast(arguments[0], integer), integer(position))
        return builder.bitcast(builder.add(k, integer(one)), context.get_value_type(shifted))

    return shifted(shifted), codegen


@_jit
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

    @njit(**_OPTIONS)
    def parts(x):
        shifted = x * per_ln2 + magic  # rounds to an integer
        k = shifted - magic
        r = (x - k * ln2_high) - k * ln2_low
        return _power_of_two(shifted), _polynomial(taylor, r) * (r * r) + r

    return real, parts


def _exp(x):
    """e^x within a few ulp; 0 below about -708 (-87) and inf above 709 (88)."""


def _tanh(x):
    """(e^2x - 1) / (e^2x + 1), without cancellation."""


@overload(_exp, jit_options=_OPTIONS)
def _overload_exp(x):
    real, parts = _exp_parts(x)
    low, high = (real(-87), real(88)) if real is np.float32 else (real(-708), real(709))
    zero, inf = real(0), real(np.inf)

    def compiled(x):
        scale, part = parts(x)
        y = inf if x > high else scale * part + scale
        return zero if x < low else y

    return compiled


@overload(_tanh, jit_options=_OPTIONS)
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


# Views.


@_jit
def _units(rows, shape, layer):
    """Return the rows of a layer's units, (n_units, B)."""
    first = shape.units[layer]
    return rows[first : first + shape.sizes[layer]]


@_jit
def _units_and_one(rows, shape, layer):
    """Return the same with the unit of ones behind them, (n_units + 1, B)."""
    first = shape.units[layer]
    return rows[first : first + shape.sizes[layer] + 1]


@_jit
def _connections(vector, shape, layer):
    """Return the part of a θ-like vector into `layer + 1`: (n_units + 1, n_units_above)."""
    part = vector[shape.starts[layer] : shape.starts[layer + 1]]
    return part.reshape(shape.sizes[layer] + 1, shape.sizes[layer + 1])


# Which connections are left.


@_jit
def _count(status, most):
    n = 0
    for code in status:
        n += code <= most
    return n


@_jit
def _choose_ways(status, listed_below, shape):
    """Return each layer's way and how many connections its list can hold at most."""
    n_layers = shape.sizes.size - 1
    way, length = np.zeros(n_layers, np.int64), np.zeros(n_layers, np.int64)
    for layer in range(n_layers):
        block = _connections(status, shape, layer).reshape(-1)
        left, free = _count(block, FROZEN), _count(block, FREE)
        if left < listed_below * block.size:
            way[layer], length[layer] = LISTED, left
        elif free < listed_below * block.size:
            way[layer], length[layer] = LISTED_GRADIENT, free
    return way, length


@_jit
def _leads_somewhere(status, way, shape):
    """Return for each row of the activations whether a path of connections reaches an output."""
    alive = np.ones(shape.units[shape.sizes.size], np.bool_)
    for layer in range(shape.sizes.size - 2, -1, -1):
        if way[layer] == LISTED:
            block = _connections(status, shape, layer)
            for k in range(block.shape[0]):
                reaches = False
                for j in range(block.shape[1]):
                    reaches |= block[k, j] != PRUNED and alive[shape.units[layer + 1] + j]
                alive[shape.units[layer] + k] = reaches
    return alive


@_jit
def _list_layer(plan, n, layer, status, theta, C, alive, dead, shape):
    """List a layer's connections into units that are `dead` or not, from entry n on."""
    block = _connections(status, shape, layer)
    n_in, n_out = block.shape
    most = FROZEN if plan.way[layer] == LISTED else FREE
    for tile in range(0, n_out, OUTPUT_TILE):
        for k in range(n_in):
            for j in range(tile, min(tile + OUTPUT_TILE, n_out)):
                target = shape.units[layer + 1] + j
                if block[k, j] <= most and alive[target] == (dead == 0):
                    at = shape.starts[layer] + k * n_out + j
                    plan.source[n], plan.target[n] = shape.units[layer] + k, target
                    plan.where[n], plan.status[n] = at, block[k, j]
                    plan.theta[n], plan.C[n] = theta[at], C[at]
                    n += 1
    return n


@_jit
def _plan(status, theta, C, listed_below, shape):
    """Return the Plan for a status vector; see `train` for `listed_below`."""
    n_layers = shape.sizes.size
    way, length = _choose_ways(status, listed_below, shape)
    alive = _leads_somewhere(status, way, shape)
    n = length.sum()
    plan = Plan(
        way,
        np.zeros((n_layers - 1, 3), np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.uint8),
        np.empty(n, theta.dtype),
        np.empty(n, theta.dtype),
        np.zeros(n, theta.dtype),
        np.zeros(n, theta.dtype),
        np.empty(alive.size, np.int64),
        np.zeros(n_layers + 1, np.int64),
    )
    n = n_units = 0
    for layer in range(n_layers):
        if layer < n_layers - 1:
            plan.first[layer, :] = n
            if way[layer] != DENSE:
                for dead in range(2):
                    n = _list_layer(plan, n, layer, status, theta, C, alive, dead, shape)
                    plan.first[layer, 1 + dead] = n
        for u in range(shape.units[layer], shape.units[layer] + shape.sizes[layer]):
            if alive[u]:
                plan.units[n_units] = u
                n_units += 1
        plan.first_unit[layer + 1] = n_units
    return plan


@_jit
def _units_of(plan, layer):
    """Return the rows of a layer's units that lead somewhere."""
    return plan.units[plan.first_unit[layer] : plan.first_unit[layer + 1]]


@_jit
def _write_back(plan, theta, C):
    """Copy the lists' θ and C to their places."""
    for c in range(plan.first[-1, 2]):
        theta[plan.where[c]], C[plan.where[c]] = plan.theta[c], plan.C[c]


# Products.


@_jit
def _accumulate(theta, source, target, inputs, outputs):
    """Add θ[c] · inputs[source[c]] to outputs[target[c]] for every listed connection c."""
    for c in range(theta.size):
        w, a, z = theta[c], inputs[source[c]], outputs[target[c]]
        for s in range(z.size):
            z[s] += w * a[s]


@_jit
def _activate(values, activation):
    """Replace values of shape (n,) by their activation."""
    zero, one = values.dtype.type(0), values.dtype.type(1)
    if activation == TANH:
        for i in range(values.size):
            values[i] = _tanh(values[i])
    elif activation == LOGISTIC:
        for i in range(values.size):
            values[i] = one / (one + _exp(-values[i]))
    elif activation == RELU:
        for i in range(values.size):
            values[i] = values[i] if not values[i] <= zero else zero


@_jit
def _times_derivative(d, a, activation):
    """Multiply d by the activation's derivative, a function of the activation's value a."""
    zero, one = d.dtype.type(0), d.dtype.type(1)
    if activation == TANH:
        for i in range(d.size):
            d[i] *= one - a[i] * a[i]
    elif activation == LOGISTIC:
        for i in range(d.size):
            d[i] *= a[i] * (one - a[i])
    elif activation == RELU:
        for i in range(d.size):
            d[i] = d[i] if a[i] > zero else zero


# One minibatch.


@_jit
def _gather(X, rows, units, target):
    """Copy X[rows[s], k] to target[k, s] for the k in `units`."""
    whole = rows.size - rows.size % 4
    for s in range(0, whole, 4):
        a, b, c, d = X[rows[s]], X[rows[s + 1]], X[rows[s + 2]], X[rows[s + 3]]
        for k in units:
            t = target[k]
            t[s], t[s + 1], t[s + 2], t[s + 3] = a[k], b[k], c[k], d[k]
    for s in range(whole, rows.size):
        a = X[rows[s]]
        for k in units:
            target[k, s] = a[k]


@_jit
def _scatter(X, rows, target):
    """Put the non-zero features of CSR rows[s] into target[:, s], which is zero elsewhere."""
    target[:] = 0
    for s in range(rows.size):
        for i in range(X.row_starts[rows[s]], X.row_starts[rows[s] + 1]):
            target[X.columns[i], s] = X.values[i]


@_jit
def _forward(activations, plan, shape, theta, activation):
    """Fill the rows of all layers above the input; the last one stays linear."""
    n_layers = shape.sizes.size
    for layer in range(n_layers - 1):
        hidden = layer < n_layers - 2
        if plan.way[layer] == LISTED:
            for u in _units_of(plan, layer + 1):
                activations[u, :] = 0
            live = slice(plan.first[layer, 0], plan.first[layer, 1])
            source, target = plan.source[live], plan.target[live]
            _accumulate(plan.theta[live], source, target, activations, activations)
        else:
            W = _connections(theta, shape, layer)
            Z = _units(activations, shape, layer + 1)
            np.dot(W.T, _units_and_one(activations, shape, layer), Z)
        if hidden:
            units = _units_of(plan, layer + 1)
            if units.size == shape.sizes[layer + 1]:
                _activate(_units(activations, shape, layer + 1).reshape(-1), activation)
            else:
                for u in units:
                    _activate(activations[u], activation)


@_jit
def _pass_down(layer, deltas, activations, plan, shape, theta, hyper):
    """Fill the deltas of a hidden `layer` from those of the layer above."""
    D, A = _units(deltas, shape, layer), _units(activations, shape, layer)
    if plan.way[layer] == LISTED:
        units = _units_of(plan, layer)
        for u in units:
            deltas[u, :] = 0
        live = slice(plan.first[layer, 0], plan.first[layer, 1])
        source, target = plan.source[live], plan.target[live]
        _accumulate(plan.theta[live], target, source, deltas, deltas)
        for u in units:
            _times_derivative(deltas[u], activations[u], hyper.activation)
    else:
        W = _connections(theta, shape, layer)[:-1]
        np.dot(W, _units(deltas, shape, layer + 1), D)
        _times_derivative(D.reshape(-1), A.reshape(-1), hyper.activation)


# Losses: from the output layer's values Z to d(loss)/dZ, column by column.


@_jit
def _softmax(Z, log_sum):
    """Replace each column of Z by its softmax; log_sum[s] becomes log sum_k exp(Z[k, s])."""
    n_units, width = Z.shape
    total = np.zeros_like(log_sum)
    log_sum[:] = -np.inf
    for k in range(n_units):
        for s in range(width):
            log_sum[s] = max(log_sum[s], Z[k, s])
    for k in range(n_units):
        for s in range(width):
            Z[k, s] = _exp(Z[k, s] - log_sum[s])
            total[s] += Z[k, s]
    for s in range(width):
        log_sum[s] += math.log(total[s])
        total[s] = 1 / total[s]
    for k in range(n_units):
        for s in range(width):
            Z[k, s] *= total[s]


@_jit
def _softmax_delta(Z, Y, losses):
    n_units, width = Z.shape
    log_sum = np.empty_like(losses)
    for k in range(n_units):
        for s in range(width):
            losses[s] -= Y[k, s] * Z[k, s]
    _softmax(Z, log_sum)
    for s in range(width):
        losses[s] += log_sum[s]
    for k in range(n_units):
        for s in range(width):
            Z[k, s] -= Y[k, s]


@_jit
def _double_softmax_delta(Z, Y, losses):
    """The log-loss of a softmax applied to the softmax output P: dZ = P (dP - sum_k P dP)."""
    n_units, width = Z.shape
    mean = np.zeros_like(losses)
    _softmax(Z, np.empty_like(losses))
    P = Z.copy()
    _softmax_delta(Z, Y, losses)
    for k in range(n_units):
        for s in range(width):
            mean[s] += P[k, s] * Z[k, s]
    for k in range(n_units):
        for s in range(width):
            Z[k, s] = P[k, s] * (Z[k, s] - mean[s])


@_jit
def _logistic_delta(Z, Y, losses):
    """The log-loss of each output by itself: log(1 + e^Z) - Y Z."""
    n_units, width = Z.shape
    zero, one = Z.dtype.type(0), Z.dtype.type(1)
    for k in range(n_units):
        for s in range(width):
            z = Z[k, s]
            small = _exp(-abs(z))
            losses[s] += max(z, zero) - Y[k, s] * z + math.log1p(small)
            Z[k, s] = (one if z > zero else small) / (one + small) - Y[k, s]


@_jit
def _poisson_delta(Z, Y, losses):
    """Half the Poisson deviance under Y = e^Z: Y log(Y / e^Z) - Y + e^Z."""
    n_units, width = Z.shape
    zero = Z.dtype.type(0)
    for k in range(n_units):
        for s in range(width):
            y, mean = Y[k, s], _exp(Z[k, s])
            losses[s] += mean - y * Z[k, s]
            if y > zero:
                losses[s] += y * math.log(y) - y
            Z[k, s] = mean - y


@_jit
def _squared_delta(Z, Y, losses, relu):
    """Half the squared error, with a ReLU over Z where `relu`."""
    n_units, width = Z.shape
    zero, half = Z.dtype.type(0), Z.dtype.type(0.5)
    for k in range(n_units):
        for s in range(width):
            closed = relu and Z[k, s] <= zero
            error = (zero if closed else Z[k, s]) - Y[k, s]
            losses[s] += half * error * error
            Z[k, s] = zero if closed else error


@_jit
def _output_delta(Z, Y, losses, objective):
    """Turn Z (n_outputs, B) into d(loss)/dZ; fill losses (B,)."""
    losses[:] = 0
    if objective == SOFTMAX_LOG:
        _softmax_delta(Z, Y, losses)
    elif objective == DOUBLE_SOFTMAX:
        _double_softmax_delta(Z, Y, losses)
    elif objective == LOGISTIC_LOG:
        _logistic_delta(Z, Y, losses)
    elif objective == POISSON_EXP:
        _poisson_delta(Z, Y, losses)
    else:
        _squared_delta(Z, Y, losses, objective == SQUARED_RELU)


@_jit
def _mean(losses, S):
    total = 0.0
    for s in range(S):
        total += losses[s]
    return total / S


@_jit
def _penalty(plan, theta, shape):
    """Return half the sum of the squared weights; biases are not penalised."""
    total = 0.0
    for layer in range(shape.sizes.size - 1):
        if plan.way[layer] == LISTED:
            one = shape.units[layer] + shape.sizes[layer]
            for c in range(plan.first[layer, 0], plan.first[layer, 2]):
                total += plan.theta[c] * plan.theta[c] * (plan.source[c] != one)
        else:
            W = _connections(theta, shape, layer)[:-1].reshape(-1)
            total += np.dot(W, W)
    return total / 2


# The step.


class Rates(NamedTuple):
    """One step's scalars in θ's dtype; H = rate / (slope C + offset), or over its root."""

    kappa: np.floating
    rate: np.floating
    slope: np.floating
    offset: np.floating
    root: bool
    alpha: np.floating  # of the penalty, per sample of the minibatch
    per_sample: np.floating  # 1 / S
    per_spread: np.floating  # 1 / (S - 1)


@_jit
def _level(plan, theta, C, status, hyper):
    """Return the mean of C + damping (SCALAR) or of its root (SQRT), by which the rate is divided.

    Pruned parameters do not count; for other preconditioners it is 1.
    """
    total, n = 0.0, 0
    if hyper.preconditioner == SCALAR or hyper.preconditioner == SQRT:
        _write_back(plan, theta, C)
        for j in range(C.size):
            if status[j] != PRUNED:
                c = C[j] + hyper.damping
                total += math.sqrt(c) if hyper.preconditioner == SQRT else c
                n += 1
    return type(hyper.damping)(total / n if n > 0 else 1.0)


@_jit
def _rates(hyper, S, t, level):
    """Return the Rates of step t (Mandt et al. 2017, Theorems 1 and 7, Corollary 3, Eq. 21)."""
    real = type(hyper.damping)
    zero, one, size = real(0), real(1), real(S)
    kappa = real(min(1.0, hyper.kappa / t))
    per_spread = one / real(max(S - 1, 1))
    root = hyper.preconditioner == SQRT
    rate, slope, offset = hyper.learning_rate, zero, one
    if hyper.preconditioner != PLAIN:
        rate = rate * (size + size) / hyper.posterior_size / level
    if hyper.preconditioner == DIAGONAL or root:
        slope, offset = one, hyper.damping
    return Rates(kappa, rate, slope, offset, root, hyper.alpha / size, one / size, per_spread)


@_jit
def _batch_noise(sums, squares, rates, noise):
    """Turn sums into means g; fill noise with the unbiased variance, from the sums of squares."""
    zero = sums.dtype.type(0)
    for j in range(sums.size):
        spread = squares[j] - rates.per_sample * sums[j] * sums[j]
        noise[j] = max(spread, zero) * rates.per_spread
        sums[j] *= rates.per_sample


@_jit
def _add_penalty(g, theta, alpha):
    for j in range(g.size):
        g[j] += alpha * theta[j]


@_jit
def _moved(theta, C, g, noise, rates):
    """Return θ and C of one parameter after the step: C first, then θ with the new C.

    C ← (1 - κ) C + κ noise (Mandt et al. 2017, Eq. 21); θ ← θ - ε H g. LLVM takes the question
    of the root out of the loops that this is inlined in.
    """
    c = C + rates.kappa * (noise - C)
    scale = rates.slope * c + rates.offset
    if rates.root:
        scale = math.sqrt(scale)
    return theta - rates.rate * g / scale, c


@_jit
def _step(theta, C, status, g, noise, rates):
    """Move C and θ where they are FREE; say if all stay finite."""
    zero = theta.dtype.type(0)
    bad = False
    for j in range(theta.size):
        new, c = _moved(theta[j], C[j], g[j], noise[j], rates)
        free = status[j] == FREE
        new, c = new if free else theta[j], c if free else C[j]
        theta[j], C[j] = new, c
        bad |= (new - new) + (c - c) != zero
    return not bad


@_jit
def _step_by_probe(theta, C, status, sums, a, probe, rates, with_biases):
    """The same for a matrix, the noise being the probe's squared distance (a probe - g)².

    `with_biases`: its last row holds biases, which are not penalised.
    """
    zero = theta.dtype.type(0)
    bad = False
    for k in range(theta.shape[0]):
        w, v, held, total = theta[k], C[k], status[k], sums[k]
        alpha = zero if with_biases and k == theta.shape[0] - 1 else rates.alpha
        for j in range(w.size):
            g = total[j] * rates.per_sample
            distance = a[k] * probe[j] - g
            new, c = _moved(w[j], v[j], g + alpha * w[j], distance * distance, rates)
            free = held[j] == FREE
            new, c = new if free else w[j], c if free else v[j]
            w[j], v[j] = new, c
            bad |= (new - new) + (c - c) != zero
    return not bad


@_jit
def _update_rows(A, D, T, G, theta, C, status, rates):
    """Step a layer's connections by the probe, so many rows at once that G stays near."""
    n_in, n_out = theta.shape
    probe_column = D.shape[1] - 1
    a, probe = A[:, probe_column].copy(), D[:, probe_column].copy()
    finite, n_rows = True, max(1, GRADIENT_BLOCK // n_out)
    for k in range(0, n_in, n_rows):
        rows = slice(k, min(k + n_rows, n_in))
        sums = G[: rows.stop - k]
        np.dot(A[rows], T, sums)
        finite &= _step_by_probe(
            theta[rows], C[rows], status[rows], sums, a[rows], probe, rates, rows.stop == n_in
        )
    return finite


@_jit
def _update_all(A, D, theta, C, status, scratch, S, rates, estimator):
    """Step a layer's connections (n_in + 1, n_out), gradients coming from one product."""
    n_in, n_out = theta.shape
    width = D.shape[1]
    T = scratch.transposed[: width * n_out].reshape(width, n_out)
    G = scratch.gradient[: theta.size].reshape(n_in, n_out)
    Q = scratch.squares[: theta.size * (estimator == BATCH)].reshape(-1, n_out)
    T[S:] = 0
    for j in range(n_out):
        for s in range(S):
            T[s, j] = D[j, s]
    if estimator == PROBE:
        return _update_rows(A, D, T, G, theta, C, status, rates)
    np.dot(A, T, G)
    np.dot(A * A, T * T, Q)
    g, noise = G.reshape(-1), Q.reshape(-1)
    _batch_noise(g, noise, rates, noise)
    _add_penalty(g[:-n_out], theta[:-1].reshape(-1), rates.alpha)
    return _step(theta.reshape(-1), C.reshape(-1), status.reshape(-1), g, noise, rates)


@_jit_sums
def _dot(a, d, S):
    """Return the sum over the minibatch of a d."""
    total = a.dtype.type(0)
    for s in range(S):
        total += a[s] * d[s]
    return total


@_jit_sums
def _dot_of_squares(a, d, S):
    """Return the sum over the minibatch of (a d)²."""
    total = a.dtype.type(0)
    for s in range(S):
        total += (a[s] * d[s]) * (a[s] * d[s])
    return total


@_jit
def _listed_probe_noise(plan, live, activations, deltas, S, rates):
    """Fill g and noise of the listed connections `live`."""
    for c in range(live.start, live.stop):
        a, d = activations[plan.source[c]], deltas[plan.target[c]]
        g = _dot(a, d, S) * rates.per_sample
        distance = a[S] * d[S] - g
        plan.g[c], plan.noise[c] = g, distance * distance


@_jit
def _listed_batch_noise(plan, live, activations, deltas, S, rates):
    """The same for the "batch" estimator."""
    for c in range(live.start, live.stop):
        a, d = activations[plan.source[c]], deltas[plan.target[c]]
        plan.g[c], plan.noise[c] = _dot(a, d, S), _dot_of_squares(a, d, S)
    _batch_noise(plan.g[live], plan.noise[live], rates, plan.noise[live])


@_jit
def _update_listed(layer, activations, deltas, plan, shape, theta, S, rates, estimator):
    """Step a layer's listed connections; those into units that lead nowhere have g = 0."""
    live = slice(plan.first[layer, 0], plan.first[layer, 1])
    listed = slice(plan.first[layer, 0], plan.first[layer, 2])
    plan.g[live.stop : listed.stop] = 0
    if estimator == PROBE:
        _listed_probe_noise(plan, live, activations, deltas, S, rates)
    else:
        _listed_batch_noise(plan, live, activations, deltas, S, rates)
    if rates.alpha > 0:
        one = shape.units[layer] + shape.sizes[layer]
        for c in range(listed.start, listed.stop):
            plan.g[c] += rates.alpha * plan.theta[c] * (plan.source[c] != one)
    finite = _step(
        plan.theta[listed],
        plan.C[listed],
        plan.status[listed],
        plan.g[listed],
        plan.noise[listed],
        rates,
    )
    if plan.way[layer] == LISTED_GRADIENT:
        for c in range(listed.start, listed.stop):
            theta[plan.where[c]] = plan.theta[c]
    return finite


class Scratch(NamedTuple):
    """Work space of a training, reused by all its steps."""

    activations: np.ndarray  # (n_units, B), a unit of ones behind each layer's
    deltas: np.ndarray  # the same; zero for units that lead nowhere
    targets: np.ndarray  # (n_outputs, B)
    outputs: np.ndarray  # 0, 1, …, n_outputs - 1
    losses: np.ndarray  # (B,)
    transposed: np.ndarray  # deltas of one layer, (B, n_units)
    gradient: np.ndarray  # sums over the minibatch for one layer's connections
    squares: np.ndarray  # sums of squares, for the "batch" estimator


@_jit
def _width(S, estimator):
    """Return the number of columns: S and the probe, which is repeated to align the rows."""
    return S if estimator == BATCH else 4 * (S // 4 + 1)


@_jit
def _empty_units(shape, width, dtype):
    """Return zeros for all units, and ones for the unit behind each layer's."""
    units = np.zeros((shape.units[shape.sizes.size], width), dtype)
    for layer in range(shape.sizes.size - 1):
        units[shape.units[layer] + shape.sizes[layer]] = 1
    return units


@_jit
def _scratch(theta, shape, width, estimator):
    n_units, largest, widest = shape.units[shape.sizes.size], 0, 0
    for layer in range(shape.sizes.size - 1):
        largest = max(largest, shape.starts[layer + 1] - shape.starts[layer])
        widest = max(widest, shape.sizes[layer + 1])
    return Scratch(
        _empty_units(shape, width, theta.dtype),
        np.zeros((n_units, width), theta.dtype),
        np.empty((shape.sizes[-1], width), theta.dtype),
        np.arange(shape.sizes[-1]),
        np.empty(width, theta.dtype),
        np.empty(width * widest, theta.dtype),
        np.empty(largest, theta.dtype),
        np.empty(largest * (estimator == BATCH), theta.dtype),
    )


@_jit
def _load(X, rows, plan, inputs):
    """Put samples X[rows] into the columns of the input units."""
    if X.row_starts.size:
        _scatter(X, rows, inputs)
    else:
        _gather(X.dense, rows, _units_of(plan, 0), inputs)


@_jit
def _to_deltas(X, Y, rows, theta, plan, shape, hyper, scratch):
    """Run samples `rows` forward; fill losses and the output layer's deltas."""
    top = shape.sizes.size - 1
    _load(X, rows, plan, _units(scratch.activations, shape, 0))
    _gather(Y, rows, scratch.outputs, scratch.targets)
    _forward(scratch.activations, plan, shape, theta, hyper.activation)
    D, Z = _units(scratch.deltas, shape, top), _units(scratch.activations, shape, top)
    for j in range(D.shape[0]):
        for s in range(D.shape[1]):
            D[j, s] = Z[j, s]
    _output_delta(D, scratch.targets, scratch.losses, hyper.objective)


@_jit
def train(X, Y, shape, theta, C, status, batch, probe, t, hyper, listed_below, loss_curve):
    """Take minibatch steps in place, until done or until something stops being finite.

    One step draws nothing: rows come from `batch` and `probe`. With κ_t = min(1, kappa / t),
    C is updated first and θ steps with the new C, both at FREE parameters only; then t grows
    by 1 (Mandt et al. 2017, Corollary 3 and Eq. 21). The traces in the rates of SCALAR and SQRT
    (Theorems 1 and 7) are those of the C before the update, so that one pass over it does.

    Parameters
    ----------
    X : Rows
        Inputs; all float arrays have one dtype, float64 or float32, and C order.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets; one-hot rows for the softmax objectives, 0 or 1 for the logistic one.
    shape : Shape
        The network's sizes and places.
    theta, C : ndarray of shape (n_parameters,)
        Parameters and gradient-noise variances, changed in place.
    status : ndarray of uint8 of shape (n_parameters,)
        Only where it is 0 (FREE) do θ and C change.
    batch : ndarray of int64 of shape (n_steps, S)
        Rows of each minibatch.
    probe : ndarray of int64 of shape (n_steps,)
        Row of each step's further sample; not read by the "batch" noise estimator.
    t : float
        Step counter before the first step.
    hyper : Hyper
        Scalars of the training.
    listed_below : float
        Layers with a smaller fraction of their connections left (or FREE) go over lists:
        LISTED_BELOW, or 0 for none and 2 for all. The results agree to rounding.
    loss_curve : ndarray of float64 of shape (n_steps,)
        Filled with each minibatch's mean loss before its step, penalty included.

    Returns
    -------
    int
        The number of steps after which θ and the losses so far were finite. Where it is less
        than n_steps, θ and C are no longer to be used.
    """
    n_steps, S = batch.shape
    estimator = hyper.noise_estimator
    width = _width(S, estimator)
    plan = _plan(status, theta, C, listed_below, shape)
    scratch = _scratch(theta, shape, width, estimator)
    activations, deltas = scratch.activations, scratch.deltas
    rows = np.empty(width, np.int64)
    for step in range(n_steps):
        for s in range(width):
            rows[s] = batch[step, s] if s < S else probe[step]
        _to_deltas(X, Y, rows, theta, plan, shape, hyper, scratch)
        loss = _mean(scratch.losses, S)
        if hyper.alpha > 0:
            loss += hyper.alpha * _penalty(plan, theta, shape) / S
        if not math.isfinite(loss):
            return step
        loss_curve[step] = loss
        rates = _rates(hyper, S, t + step, _level(plan, theta, C, status, hyper))
        for layer in range(shape.sizes.size - 2, -1, -1):
            if layer > 0:
                _pass_down(layer, deltas, activations, plan, shape, theta, hyper)
            if plan.way[layer] != DENSE:
                finite = _update_listed(
                    layer, activations, deltas, plan, shape, theta, S, rates, estimator
                )
            else:
                finite = _update_all(
                    _units_and_one(activations, shape, layer),
                    _units(deltas, shape, layer + 1),
                    _connections(theta, shape, layer),
                    _connections(C, shape, layer),
                    _connections(status, shape, layer),
                    scratch,
                    S,
                    rates,
                    estimator,
                )
            if not finite:
                return step
    _write_back(plan, theta, C)
    return n_steps


@_jit
def sample_losses(X, Y, shape, theta, rows, hyper):
    """Return the loss of each of `rows`, without the penalty; arguments as for `train`."""
    plan = _plan(np.zeros(theta.size, np.uint8), theta, theta, True, shape)
    scratch = _scratch(theta, shape, rows.size, PROBE)
    _to_deltas(X, Y, rows, theta, plan, shape, hyper, scratch)
    return scratch.losses


@_jit
def _add(part, total):
    for i in range(part.shape[0]):
        for j in range(part.shape[1]):
            total[i, j] += part[i, j]


@_jit
def gradient_sums(X, Y, shape, theta, rows, weights, hyper, g_sum, g2_sum):
    """Add the weighted sums of the per-sample gradients and of their squares over `rows`.

    Parameters
    ----------
    X, Y, shape, theta, hyper
        As for `train`.
    rows : ndarray of int64 of shape (n_rows,)
        The samples.
    weights : ndarray of shape (n_rows,)
        Theirs, in θ's dtype.
    g_sum, g2_sum : ndarray of shape (n_parameters,)
        Added to in place; the penalty is left out.
    """
    plan = _plan(np.zeros(theta.size, np.uint8), theta, theta, 0.0, shape)
    scratch = _scratch(theta, shape, rows.size, PROBE)
    _to_deltas(X, Y, rows, theta, plan, shape, hyper, scratch)
    for layer in range(shape.sizes.size - 2, -1, -1):
        A = _units_and_one(scratch.activations, shape, layer)
        D = _units(scratch.deltas, shape, layer + 1)
        weighted = D * weights
        _add(np.dot(A, weighted.T), _connections(g_sum, shape, layer))
        _add(np.dot(A * A, (weighted * D).T), _connections(g2_sum, shape, layer))
        if layer > 0:
            _pass_down(layer, scratch.deltas, scratch.activations, plan, shape, theta, hyper)


@_jit
def listed_plan(status, theta, C, shape):
    """Return the Plan in which every layer goes over its list; see `train`."""
    return _plan(status, theta, C, 2.0, shape)


@_jit
def predict_listed(X, plan, shape, activation, output):
    """Fill the last layer's values for all rows of X, over lists of connections.

    Parameters
    ----------
    X : Rows
        Samples.
    plan : Plan
        From `listed_plan`.
    shape : Shape
        The network's sizes and places.
    activation : int
        Code of the hidden layers' activation.
    output : ndarray of shape (n_samples, n_outputs)
        Filled.
    """
    n_samples, n_outputs = output.shape
    width = min(PREDICT_ROWS, n_samples)
    activations = _empty_units(shape, width, output.dtype)
    Z = _units(activations, shape, shape.sizes.size - 1)
    rows = np.empty(width, np.int64)
    for first in range(0, n_samples, width):
        for s in range(width):
            rows[s] = min(first + s, n_samples - 1)
        _load(X, rows, plan, _units(activations, shape, 0))
        _forward(activations, plan, shape, plan.theta, activation)
        for s in range(min(width, n_samples - first)):
            for j in range(n_outputs):
                output[first + s, j] = Z[j, s]
