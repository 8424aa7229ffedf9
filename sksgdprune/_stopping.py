"""What ends a training before its last step; `_training.train` calls it every so many steps."""

from math import inf

import numpy as np


def epoch_means(losses, epoch):
    """Return the mean of each `epoch` losses, in order; the last may hold fewer."""
    return [float(losses[i : i + epoch].mean()) for i in range(0, len(losses), epoch)]


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
        self._epoch, self._n_epochs, self._tol = epoch, n_epochs, tol
        self.every = epoch * n_epochs

    def __call__(self, theta, losses):
        """Return whether to end."""
        if len(losses) <= self.every or len(losses) % self.every:
            return False
        recent = epoch_means(losses[-self.every - self._epoch :], self._epoch)
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

    def __call__(self, theta, losses):
        """Return whether to end."""
        score, loss = self._grade(theta)
        self.scores.append(score)
        self.losses.append(loss)
        best = -inf if self.best_score is None else self.best_score
        self._waiting = 0 if score >= best + self._tol else self._waiting + 1
        if score > best:
            self.best_score, self.best_theta = score, np.array(theta)
        return self._waiting >= self._n_epochs
