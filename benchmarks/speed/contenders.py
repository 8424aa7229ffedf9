"""Cases and contenders of the comparison of speed: a network and data, and who works on them.

A contender is a function `run(n)` that works for n units and returns how many steps, or calls,
that was. All start from the same weights and train on the same rows.
"""

import pickle
import warnings
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import sklearn
from numba import njit
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from sksgdprune import PreconditionedMLPClassifier

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(1)

LEARNING_RATE = 0.01


class Network(NamedTuple):
    """Sizes of a network with tanh layers, of its minibatch and of its training data."""

    sizes: tuple[int, ...]
    batch_size: int
    n_samples: int

    @property
    def name(self):
        """Units per layer and samples per minibatch, as in "61-32-10, S 32"."""
        return f"{'-'.join(map(str, self.sizes))}, S {self.batch_size}"

    @property
    def multiply_adds(self):
        """Multiply-adds of a step's matrix products: forward, gradients, deltas."""
        layers = [a * b for a, b in pairwise(self.sizes)]
        return self.batch_size * (3 * sum(layers) - layers[0])


SMALL = Network((61, 32, 10), 32, 1257)
LARGE = Network((784, 300, 100, 10), 128, 6000)
PRUNED = 0.5, 0.8, 0.9, 0.95, 0.98
SWEEPS = {
    "features": [Network((n, 64, 10), 32, 1000) for n in (16, 64, 256, 1024)],
    "units": [Network((64, n, 10), 32, 1000) for n in (16, 64, 256, 1024)],
    "depth": [Network((64, *n * (64,), 10), 32, 1000) for n in (1, 2, 4, 8)],
    "batch": [Network((64, 64, 10), n, 1000) for n in (8, 32, 128, 512)],
}

OURS = "sksgdprune"
PRODUCTS = "products, compiled loop"
PRODUCTS_PYTHON = "products, called from Python"
TORCH_PRECONDITIONED = "torch, preconditioned"
SPARSIFIED = "sksgdprune, pruned 0.95, sparsified"


class Problem(NamedTuple):
    """A network with data and one fitted estimator, the start of all contenders."""

    network: Network
    X: np.ndarray
    y: np.ndarray
    model: PreconditionedMLPClassifier

    @property
    def dtype(self):
        """Name of the floats' type."""
        return self.X.dtype.name


def problem(network, dtype, n_steps=10):
    """Return a Problem of standard normal features and random labels, after `n_steps` steps."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((network.n_samples, network.sizes[0])).astype(dtype)
    y = np.arange(network.n_samples) % network.sizes[-1]
    model = PreconditionedMLPClassifier(
        network.sizes[1:-1],
        learning_rate=LEARNING_RATE,
        activation="tanh",
        damping=1e-2,
        alpha=0.0,
        average=False,
        encoding=None,
        batch_size=network.batch_size,
        max_steps=n_steps,
        random_state=0,
    )
    return Problem(network, X, y, model.fit(X, y))


def copy(model):
    """Return an independent copy of a fitted estimator."""
    return pickle.loads(pickle.dumps(model))


# Training.


def ours(problem, change=None):
    """Return the contender "partial_fit for n steps", after `change(model)` where given."""
    model = copy(problem.model)
    if change is not None:
        change(model)

    def run(n):
        with sklearn.config_context(assume_finite=True):
            model.partial_fit(problem.X, problem.y, n_steps=n)
        return model.n_iter_

    return run


def pruned(p):
    """Return the change "prune a fraction p at random"."""
    return lambda model: model.prune(p, "random", random_state=0)


def frozen(p):
    """Return the change "freeze a fraction p at random"."""
    return lambda model: model.freeze(p, "random", random_state=0)


def products_from_python(problem):
    """Return the contender "a step's matrix products", each a call of numpy.dot."""
    _, S, _ = problem.network
    W = [np.ascontiguousarray(w) for w in problem.model.coefs_]
    A = [np.ones((S, n), problem.X.dtype) for n in problem.network.sizes]
    G, D = [np.empty_like(w) for w in W], [np.ones_like(a) for a in A]

    def run(n):
        for _ in range(n):
            for layer in range(len(W)):
                np.dot(A[layer], W[layer], out=A[layer + 1])
            for layer in range(len(W) - 1, -1, -1):
                np.dot(A[layer].T, D[layer + 1], out=G[layer])
                if layer > 0:
                    np.dot(D[layer + 1], W[layer].T, out=D[layer])
        return n

    return run


@njit(cache=True)
def _matrix(flat, start, n_rows, n_columns):
    return flat[start : start + n_rows * n_columns].reshape(n_rows, n_columns)


@njit(cache=True)
def _products(sizes, S, W, A, D, G, n_steps):
    """Take the products of `n_steps` steps, all layers' matrices behind each other."""
    top = sizes.size - 1
    for _ in range(n_steps):
        at, w = 0, 0
        for layer in range(top):
            m, k = sizes[layer], sizes[layer + 1]
            inputs, outputs = _matrix(A, at, S, m), _matrix(A, at + S * m, S, k)
            np.dot(inputs, _matrix(W, w, m, k), outputs)
            at, w = at + S * m, w + m * k
        for layer in range(top - 1, -1, -1):
            m, k = sizes[layer], sizes[layer + 1]
            at, w = at - S * m, w - m * k
            deltas = _matrix(D, at + S * m, S, k)
            np.dot(_matrix(A, at, S, m).T, deltas, _matrix(G, w, m, k))
            if layer > 0:
                np.dot(deltas, _matrix(W, w, m, k).T, _matrix(D, at, S, m))


def products_compiled(problem):
    """Return the contender "a step's matrix products" within one compiled loop."""
    sizes, S = np.array(problem.network.sizes), problem.network.batch_size
    W = np.concatenate([w.ravel() for w in problem.model.coefs_])
    A = np.ones(S * sizes.sum(), W.dtype)
    D, G = np.ones_like(A), np.empty_like(W)

    def run(n):
        _products(sizes, S, W, A, D, G, n)
        return n

    return run


def _scikit_learn_like(problem, **parameters):
    """Return an MLPClassifier with the problem's weights."""
    _, S, _ = problem.network
    model = MLPClassifier(
        problem.network.sizes[1:-1],
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        batch_size=S,
        learning_rate_init=LEARNING_RATE,
        momentum=0.0,
        nesterovs_momentum=False,
        tol=0.0,
        random_state=0,
        **parameters,
    )
    model.partial_fit(problem.X[: 2 * S], problem.y[: 2 * S], classes=np.unique(problem.y))
    model.coefs_ = [w.copy() for w in problem.model.coefs_]
    model.intercepts_ = [b.copy() for b in problem.model.intercepts_]
    return model


def scikit_learn(problem):
    """Return the contender "fit for n epochs" of whole minibatches, plain SGD."""
    S = problem.network.batch_size
    steps = problem.network.n_samples // S
    X, y = problem.X[: steps * S], problem.y[: steps * S]
    model = _scikit_learn_like(problem, warm_start=True)

    def run(n):
        model.set_params(max_iter=n, n_iter_no_change=n + 1)
        with warnings.catch_warnings(), sklearn.config_context(assume_finite=True):
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
        return n * steps

    return run


class TorchNetwork:
    """The problem's network in torch, as a list of tensors: W1, b1, W2, b2 and so on."""

    def __init__(self, problem):
        model = problem.model
        pairs = zip(model.coefs_, model.intercepts_, strict=True)
        self.parameters = [torch.tensor(p, requires_grad=True) for pair in pairs for p in pair]
        self.X, self.y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)

    def __call__(self, X):
        """Return the output layer's linear values."""
        for W, b in zip(self.parameters[:-2:2], self.parameters[1:-2:2], strict=True):
            X = torch.tanh(torch.addmm(b, X, W))
        return torch.addmm(self.parameters[-1], X, self.parameters[-2])

    def gradient(self, rows):
        """Return the mean loss's gradient over `rows`, tensor by tensor."""
        loss = torch.nn.functional.cross_entropy(self(self.X[rows]), self.y[rows])
        return torch.autograd.grad(loss, self.parameters)


def torch_plain(problem):
    """Return the contender "n steps of plain SGD" in torch."""
    network, S = TorchNetwork(problem), problem.network.batch_size

    def run(n):
        for rows in torch.randint(len(network.y), (n, S)):
            g = network.gradient(rows)
            with torch.no_grad():
                torch._foreach_add_(network.parameters, g, alpha=-LEARNING_RATE)
        return n

    return run


class TorchPreconditioned(TorchNetwork):
    """Our step in torch: autograd for the gradients, multi-tensor operations in place."""

    def __init__(self, problem):
        super().__init__(problem)
        model, S = problem.model, problem.network.batch_size
        parts = torch.tensor(model.noise_variance_).split([p.numel() for p in self.parameters])
        self.C = [C.view_as(p) for C, p in zip(parts, self.parameters, strict=True)]
        self.rate = model.learning_rate * 2 * S / model.theta_.size
        self.damping, self.t = model.damping, model.t_

    def step(self, rows, probe):
        """Update C, then take a step scaled by the new H."""
        g, noise = self.gradient(rows), self.gradient(probe)
        with torch.no_grad():
            torch._foreach_sub_(noise, g)
            torch._foreach_mul_(noise, noise)
            torch._foreach_lerp_(self.C, noise, min(1.0, 1 / self.t))
            per_h = torch._foreach_add(self.C, self.damping)
            torch._foreach_addcdiv_(self.parameters, g, per_h, value=-self.rate)
        self.t += 1


def torch_preconditioned(problem):
    """Return the contender "n steps with our preconditioner" in torch."""
    network, S = TorchPreconditioned(problem), problem.network.batch_size

    def run(n):
        for rows in torch.randint(len(network.y), (n, S + 1)):
            network.step(rows[:S], rows[S:])
        return n

    return run


# Prediction and size.


def sparsified(problem, p):
    """Return a copy pruned by p at random that keeps only what is left; None if it cannot."""
    model = pruned(p)(copy(problem.model))
    return model.sparsify() if hasattr(model, "sparsify") else None


def _calls(predict, X):
    def run(n):
        with sklearn.config_context(assume_finite=True):
            for _ in range(n):
                predict(X)
        return n

    return run


def _torch_predict(network, X):
    with torch.inference_mode():
        return torch.softmax(network(torch.from_numpy(X)), dim=1).numpy()


def predictors(problem, n_rows, p):
    """Return contenders that predict probabilities of `n_rows` rows: {name: run}."""
    X = problem.X[:n_rows]
    sparse = sparsified(problem, p)
    predict = {
        "sksgdprune": copy(problem.model).predict_proba,
        f"sksgdprune, pruned {p:g}, sparsified": sparse and sparse.predict_proba,
        "scikit-learn": _scikit_learn_like(problem).predict_proba,
        "torch": torch and partial(_torch_predict, TorchNetwork(problem)),
    }
    return {name: _calls(function, X) for name, function in predict.items() if function}
