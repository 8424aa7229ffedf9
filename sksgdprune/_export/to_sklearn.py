"""Export of a network as scikit-learn's own MLP."""

import math

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sksgdprune._export.folding import check_exportable, in_units_of_y
from sksgdprune._targets.classification import Multilabel, SingleLabel
from sksgdprune._utils.sklearn_private import MLP_TRAINING_ATTRIBUTES


def to_sklearn(network):
    """Return a fitted MLP of scikit-learn that predicts as a FittedNetwork does."""
    _check_exportable(network)
    return _started(network.targets, *_folded(network))


def _check_exportable(network):
    """Refuse a network that no MLP of scikit-learn equals."""
    check_exportable(network, "single MLP of scikit-learn")
    if isinstance(network.targets, SingleLabel) and len(network.targets.classes) == 1:
        raise ValueError(
            f"y had the single class {network.targets.classes.item()!r}, for which scikit-learn's "
            "MLPClassifier gives two columns of probabilities; a constant needs no network."
        )
    if network.encoding.source.size and not _can_be_relu(network):
        raise ValueError(
            "Got encoding='piecewise' below hidden layers of activation="
            f"{network.activation!r}; ReLU units make the pieces, and scikit-learn's MLP has one "
            "activation. Fit with activation='relu', or with encoding='standard'."
        )
    if network.targets.out_activation == "relu" and not _can_be_relu(network):
        raise ValueError(
            "Got output_activation='relu' over hidden layers of activation="
            f"{network.activation!r}; in scikit-learn's MLPRegressor a ReLU is possible in all "
            "hidden layers or in none. Fit with activation='relu', or with "
            "output_activation='identity'."
        )


def _can_be_relu(network):
    """Return whether one more hidden layer can be of ReLU units."""
    return network.activation == "relu" or len(network.layout.sizes) == 2


def _folded(network):
    """Return the activation, weights and biases of scikit-learn's MLP."""
    coefs, intercepts = network.densified().folded_all()
    dtype = coefs[0].dtype
    activation, output = network.activation, network.targets.out_activation
    if network.encoding.source.size:
        activation = "relu"
        coefs, intercepts = _with_pieces(network.encoding, coefs, intercepts)
    last = _last_layers(network.targets, coefs[-1], intercepts[-1])
    layers = [*zip(coefs[:-1], intercepts[:-1], strict=True), *last]
    coefs, intercepts = (
        [np.array(array, dtype) for array in arrays] for arrays in zip(*layers, strict=True)
    )
    return "relu" if output == "relu" else activation, coefs, intercepts


def _with_pieces(encoding, coefs, intercepts):
    """Return the layers with one more before them, in which ReLU units make the pieces.

    A piece is clip(x, low, high) = low + relu(x - low) - relu(x - high), and a feature that is an
    input as it is relu(x) - relu(-x). Neighbours share the unit of their common end.
    """
    source, inner, n = encoding.source, np.isfinite(encoding.low), len(encoding.source)
    start, end = (np.where(inner, ends, 0) for ends in (encoding.low, encoding.high))
    sign = np.where(inner, 1, -1)  # of the second unit
    both = [np.column_stack(unit) for unit in ((source, sign**2, start), (source, sign, end))]
    units, place = np.unique(np.concatenate(both), axis=0, return_inverse=True)
    feature, sign, knot = units.T
    W, back = np.zeros((len(encoding.first) - 1, len(units))), np.zeros((len(units), n))
    W[feature.astype(int), np.arange(len(units))] = sign
    back[place[:n], np.arange(n)] = 1
    back[place[n:], np.arange(n)] = -1
    first, bias = coefs[0], intercepts[0]
    return [W, back @ first, *coefs[1:]], [-sign * knot, bias + start @ first, *intercepts[1:]]


def _last_layers(targets, W, b):
    """Return the layers, (weights, biases) each, whose outputs in scikit-learn are predictions."""
    W, b = in_units_of_y(targets, W, b)
    if targets.out_activation == "softmax" and len(targets.classes) == 2:
        return [(W[:, 1:] - W[:, :1], b[1:] - b[:1])]
    if targets.out_activation == "relu":
        return [(W, b), (np.eye(len(b)), np.zeros(len(b)))]
    return [(W, b)]


def _started(targets, activation, coefs, intercepts):
    """Return scikit-learn's MLP with these parameters, not yet trained by itself.

    Its first partial_fit, to a row of zeros, makes all that it needs; then the parameters are
    replaced and what it has learnt from that row is forgotten.
    """
    hidden = tuple(map(len, intercepts[:-1]))
    parameters = {"hidden_layer_sizes": hidden, "activation": activation, "random_state": 0}
    row = np.zeros((1, len(coefs[0])), coefs[0].dtype)
    if isinstance(targets, SingleLabel):
        mlp = MLPClassifier(**parameters)
        mlp.partial_fit(row, targets.classes[:1], classes=targets.classes.copy())
    elif isinstance(targets, Multilabel):  # always numbered: it refuses names
        n = targets.n_outputs
        mlp = MLPClassifier(**parameters)
        mlp.partial_fit(row, np.zeros((1, n), int), classes=np.arange(n))
    else:
        n = targets.n_outputs
        loss = "poisson" if targets.out_activation == "exp" else "squared_error"
        mlp = MLPRegressor(loss, **parameters)
        mlp.partial_fit(row, np.zeros(1 if n == 1 else (1, n)))
    mlp.coefs_, mlp.intercepts_ = coefs, intercepts
    mlp.n_iter_, mlp.t_, mlp.loss_curve_ = 0, 0, []
    mlp.loss_, mlp.best_loss_ = math.nan, math.inf
    for name in MLP_TRAINING_ATTRIBUTES:
        vars(mlp).pop(name, None)
    return mlp.set_params(random_state=None)
