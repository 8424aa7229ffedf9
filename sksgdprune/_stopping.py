"""The loss over the epochs, and what ends a training before its last step.

`_training.train` calls each watch after every `watch.every` steps and after the last one.
"""

from math import inf

import numpy as np


class LossCurve:
    """The mean loss of each epoch's worth of steps, in bounded memory.

    Parameters
    ----------
    epoch : int
        Steps of an epoch.

    Attributes
    ----------
    n_steps : int
        Steps so far.
    whole : list of float
        The means of the whole epochs.
    """

    def __init__(self, epoch):
        self._epoch, self._rest = epoch, np.empty(0)
        self.n_steps, self.whole = 0, []

    def add(self, losses):
        """Go on with the losses of further steps."""
        self.n_steps += len(losses)
        losses = np.concatenate([self._rest, losses])
        n_whole = len(losses) // self._epoch
        whole, self._rest = np.split(losses, [n_whole * self._epoch])
        self.whole += whole.reshape(n_whole, self._epoch).mean(axis=1).tolist()

    def means(self):
        """Return the means of all epochs; the last may have fewer steps."""
        return self.whole + ([float(self._rest.mean())] if self._rest.size else [])


class Standstill:
    """Ends a training whose loss stands still: whose epochs' means stay within `tol`.

    A loss that only fluctuates is none: minibatch losses at a constant rate do so for ever,
    while the parameters go on exploring. It looks once in n_epochs epochs.

    Parameters
    ----------
    epoch : int
        Steps of an epoch.
    n_epochs : int
        How many epochs in a row must differ by less than `tol` from each other and from the
        one before them.
    tol : float
        In units of the loss.
    """

    def __init__(self, epoch, n_epochs, tol):
        self._n_epochs, self._tol = n_epochs, tol
        self.every = epoch * n_epochs

    def __call__(self, theta, curve):
        """Return whether to end."""
        if curve.n_steps <= self.every or curve.n_steps % self.every:
            return False
        recent = curve.whole[-self._n_epochs - 1 :]
        return max(recent) - min(recent) < self._tol


class Validation:
    """Grades θ after each epoch; ends a training whose score does not improve.

    Parameters
    ----------
    grade : callable
        From θ to its score and its loss on held-out samples.
    epoch : int
        Steps of an epoch.
    n_epochs : int or inf
        How many epochs in a row may pass without a score better than the best by `tol`.
    tol : float
        In units of the score.

    Attributes
    ----------
    scores, losses : list of float
        One entry per epoch.
    best_score, best_theta
        The highest score and where it was reached first; None before the first epoch.
    """

    def __init__(self, grade, epoch, n_epochs, tol):
        self._grade, self._n_epochs, self._tol = grade, n_epochs, tol
        self.every = epoch
        self.scores, self.losses, self._waiting = [], [], 0
        self.best_score, self.best_theta = None, None

    def __call__(self, theta, curve):
        """Return whether to end."""
        score, loss = self._grade(theta)
        self.scores.append(score)
        self.losses.append(loss)
        best = -inf if self.best_score is None else self.best_score
        self._waiting = 0 if score >= best + self._tol else self._waiting + 1
        if score > best:
            self.best_score, self.best_theta = score, np.array(theta)
        return self._waiting >= self._n_epochs
