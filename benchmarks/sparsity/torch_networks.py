"""Pruned networks of torch: the grid of their settings, and a training run.

A network is trained by AdamW, or by SGD with momentum 0.9, over shuffled epochs, and cut by
`torch.nn.utils.prune.global_unstructured` with `L1Unstructured`, whenever a schedule says so.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from sklearn.metrics import accuracy_score, r2_score
from torch import nn
from torch.nn.utils import prune

from benchmarks._common.timing import timed
from sksgdprune._pruning.selection import count

MOMENTUM = 0.9
RATES = {"adam": (1e-3, 3e-3, 1e-2), "sgd": (0.03, 0.1, 0.3)}
DECAYS = {"adam": (0.0, 1e-3, 1e-2, 1e-1), "sgd": (0.0, 1e-3, 3e-3, 1e-2)}
LOSSES = {True: nn.functional.cross_entropy, False: nn.functional.mse_loss}


class Point(NamedTuple):
    """A point of the grid: the optimiser's settings."""

    optimiser: str  # "adam" (AdamW), or "sgd" with momentum
    rate: float
    weight_decay: float  # of the weights; biases have none
    linear: bool  # whether the rate falls linearly to 0 over the run

    @property
    def setting(self):
        """Text that names the point among those of its optimiser."""
        kind = "linear to 0" if self.linear else "constant"
        return f"rate {self.rate:g} {kind}; decay {self.weight_decay:g}"

    def create(self, layers):
        """Return torch's optimiser of these layers."""
        weights = [layer.weight for layer in layers]
        biases = [layer.bias for layer in layers]
        groups = [
            {"params": weights, "weight_decay": self.weight_decay},
            {"params": biases, "weight_decay": 0.0},
        ]
        if self.optimiser == "adam":
            return torch.optim.AdamW(groups, lr=self.rate, fused=True)
        return torch.optim.SGD(groups, lr=self.rate, momentum=MOMENTUM, fused=True)


def grid(optimiser, quick=False):
    """Return the optimiser's points by their setting; few of them for a quick run."""
    rates, decays = RATES[optimiser], DECAYS[optimiser]
    if quick:
        rates, decays = rates[1:], decays[1:2]
    points = [Point(optimiser, *values) for values in product(rates, decays, (True, False))]
    return {point.setting: point for point in points}


def cut(layers, n_zero):
    """Prune the smallest weights of all layers together until `n_zero` are pruned.

    Those that are pruned already count and stay. Each layer is left with one mask, where torch
    would leave a chain of all its cuts, which every forward pass goes through.
    """
    masks = [getattr(layer, "weight_mask", None) for layer in layers]
    missing = n_zero - sum(int((mask == 0).sum()) for mask in masks if mask is not None)
    if missing <= 0:
        return
    where = [(layer, "weight") for layer in layers]
    prune.global_unstructured(where, prune.L1Unstructured, amount=missing)
    for layer in layers:
        mask = layer.weight_mask
        prune.remove(layer, "weight")
        prune.custom_from_mask(layer, "weight", mask)


def batches(n, size, n_steps):
    """Return the rows of each minibatch: whole passes over n rows, each in a new order."""
    passes = -(-n_steps * size // n)
    rows = torch.cat([torch.randperm(n) for _ in range(passes)])
    return rows[: n_steps * size].view(n_steps, size)


def train(X, Y, n_outputs, point, stages, hidden, batch_size, seed):
    """Return a trained and pruned network.

    Parameters
    ----------
    X, Y : Tensor
        Standardised inputs; class numbers, or standardised targets of shape (n, 1).
    n_outputs : int
        Outputs of the network.
    point : Point
        The optimiser.
    stages : sequence of (float, int)
        Fractions of the weights to cut to, each with the number of steps that follow.
    hidden, batch_size, seed : int
        Hidden units, rows of a minibatch, and what seeds start and order.

    Returns
    -------
    nn.Sequential
    """
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(X.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, n_outputs))
    layers = net[0], net[2]
    size = sum(layer.weight.numel() for layer in layers)
    optimiser, loss = point.create(layers), LOSSES[not Y.is_floating_point()]
    n_steps = sum(n for _, n in stages)
    rows, step = batches(len(X), batch_size, n_steps), 0
    for fraction, n in stages:
        cut(layers, count(size, fraction))
        for batch in rows[step : step + n]:
            if point.linear:
                for group in optimiser.param_groups:
                    group["lr"] = point.rate * (1 - step / n_steps)
            loss(net(X[batch]), Y[batch]).backward()
            optimiser.step()
            optimiser.zero_grad()
            step += 1
    return net


def fit(dataset, rows, point, stages, hidden, batch_size, seed):
    """Return what a training run reaches on the other rows.

    Inputs, and targets that are numbers, are standardised by the rows that are trained on. A
    network whose outputs have diverged predicts zeros there.

    Returns
    -------
    dict
        score (accuracy or R²), loss, sparsity (share of the weights that is 0) and seconds.
    """
    torch.set_num_threads(1)
    train_rows, test_rows = rows
    X = torch.tensor(standardised(dataset.X, train_rows), dtype=torch.float32)
    if dataset.classifies:
        y, n_outputs = dataset.y.astype(np.int64), int(dataset.y.max()) + 1
        Y = torch.tensor(y)
    else:
        y, n_outputs = standardised(dataset.y[:, None], train_rows), 1
        Y = torch.tensor(y, dtype=torch.float32)
    own = X[train_rows], Y[train_rows]
    net, seconds = timed(train, *own, n_outputs, point, stages, hidden, batch_size, seed)
    with torch.no_grad():
        outputs = torch.nan_to_num(net(X[test_rows]), 0.0, 0.0, 0.0)
        loss = LOSSES[dataset.classifies](outputs, Y[test_rows]).item()
        weights = torch.cat([layer.weight.flatten() for layer in (net[0], net[2])])
    if dataset.classifies:
        score = accuracy_score(y[test_rows], outputs.argmax(1))
    else:
        score = r2_score(y[test_rows], outputs)
    sparsity = (weights == 0).double().mean().item()
    return {"score": score, "loss": loss, "sparsity": sparsity, "seconds": seconds}


def standardised(values, rows):
    """Return the columns less their mean over these rows, over their deviation there."""
    deviation = values[rows].std(axis=0)
    return (values - values[rows].mean(axis=0)) / np.where(deviation > 0, deviation, 1)
