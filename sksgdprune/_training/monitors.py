"""Monitors of a run: the loss over the epochs, and what ends a run before its last step.

`trainer.train` calls each monitor after every `monitor.every` steps and after the last one.
"""

from math import inf

import numpy as np

# A run is first asked whether its loss still falls after so many steps, then after twice as
# many, and so on: fewer show noise rather than progress.
FIRST_LOOK = 12_800
# A loss that lost this fraction when the steps last doubled is said to fall still, but where it is
# down to such a part of what it was at the beginning.
CLEARLY, LOW = 0.2, 0.02
MOST_TOTALS = 512


class LossCurve:
    """The mean loss of each epoch's worth of steps, and of parts of the run.

    Memory is bounded by the number of epochs: of the steps only some totals are kept.

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
        self.epoch, self._rest = epoch, np.empty(0)
        self.n_steps, self.whole = 0, []
        # Sums of all losses up to the steps 0, every, 2 every, …; and up to now.
        self._totals, self._every, self._total = np.zeros(1), 1, 0.0

    def add(self, losses):
        """Go on with the losses of further steps."""
        self._sum_up(losses)
        losses = np.concatenate([self._rest, losses])
        n_whole = len(losses) // self.epoch
        whole, self._rest = np.split(losses, [n_whole * self.epoch])
        self.whole += whole.reshape(n_whole, self.epoch).mean(axis=1).tolist()

    def _sum_up(self, losses):
        totals = self._total + np.cumsum(losses)
        steps = np.arange(self.n_steps + 1, self.n_steps + len(losses) + 1)
        self._totals = np.append(self._totals, totals[steps % self._every == 0])
        while len(self._totals) > MOST_TOTALS:
            self._totals, self._every = self._totals[::2], 2 * self._every
        self.n_steps += len(losses)
        self._total = totals[-1] if len(totals) else self._total

    def means(self):
        """Return the means of all epochs; the last may have fewer steps."""
        return self.whole + ([float(self._rest.mean())] if self._rest.size else [])

    def halves(self):
        """Return the mean loss of the second quarter of the steps, and that of the second half."""
        quarter, half, end = self.n_steps * np.array([0.25, 0.5, 1])
        return self._mean(quarter, half), self._mean(half, end)

    def _mean(self, first, last):
        """Return the mean loss between two steps; within a kept total's steps it is one."""
        known = np.append(np.arange(len(self._totals)) * self._every, self.n_steps)
        totals = np.interp([first, last], known, np.append(self._totals, self._total))
        return (totals[1] - totals[0]) / (last - first)

    def falls(self):
        """Return whether the loss clearly falls still."""
        if self.n_steps < 4:
            return False
        before, after = self.halves()
        beginning = self._mean(0, self.n_steps / 64)
        return bool(after < (1 - CLEARLY) * before and after > LOW * beginning)


class Plateau:
    """Ends a run whose loss no longer falls.

    A constant rate leaves a noise in the loss that no epoch's mean is free of. So the means of
    ever longer parts are compared: the second half of the steps with the quarter before it. It
    looks after `FIRST_LOOK` steps, twice as many, four times as many, …

    Parameters
    ----------
    n_epochs : int
        In how many epochs the loss must have fallen by `tol`, at the pace between those parts.
    tol : float
        On the scale of the loss.
    """

    every = FIRST_LOOK

    def __init__(self, n_epochs, tol):
        self._n_epochs, self._tol = n_epochs, tol

    def __call__(self, theta, curve):
        """Return whether to end."""
        if not _doubled(curve.n_steps, self.every):
            return False
        before, after = curve.halves()
        epochs = 3 / 8 * curve.n_steps / curve.epoch  # from the middle of one part to the other's
        return bool((before - after) * self._n_epochs < self._tol * epochs)


class Converged:
    """Ends a run whose network no longer gains by twice the steps.

    It looks after `first` steps, twice as many, four times as many, …, and after the last.

    Parameters
    ----------
    loss : callable
        From θ to its loss on training rows.
    n_steps : int
        Steps of the run at most.
    first : int
        Steps after which it looks first.
    least_gain : float
        The fraction by which twice the steps must lower the loss.
    held_out : float, default=0.0
        The loss of rows that shorter runs were not trained on: the fraction is of this, where it is
        larger, as where rows are learnt by heart.

    Attributes
    ----------
    best_theta : ndarray
        That of the least loss: where a constant rate is a little too high, a loss may leap.
    """

    def __init__(self, loss, n_steps, first, least_gain, held_out=0.0):
        self._loss, self._n_steps, self.every = loss, n_steps, first
        self._least_gain, self._held_out = least_gain, held_out
        self._least, self.best_theta = inf, None

    def __call__(self, theta, curve):
        """Return whether to end."""
        if not (_doubled(curve.n_steps, self.every) or curve.n_steps == self._n_steps):
            return False
        loss, least = self._loss(theta), self._least
        if loss < least:
            self._least, self.best_theta = loss, np.array(theta)
        return bool(least - loss < self._least_gain * max(least, self._held_out))


def _doubled(n_steps, first):
    """Return whether n_steps are `first`, or that doubled any number of times."""
    looks, rest = divmod(n_steps, first)
    return rest == 0 and looks > 0 and looks & (looks - 1) == 0


class Validation:
    """Grades θ after each epoch; ends a run whose score does not improve.

    Parameters
    ----------
    grade : callable
        From θ to its score and its loss on held-out samples.
    epoch : int
        Steps of an epoch.
    n_epochs : int or inf
        How many epochs in a row may pass without a score better than the best by `tol`, or the same
        score with a loss lower by `tol`: scores of few values tell little.
    tol : float
        On the scale of the score.

    Attributes
    ----------
    scores, losses : list of float
        One entry per epoch.
    best_score, best_theta
        The highest score and where it was reached with the least loss; None before the first epoch.
    """

    def __init__(self, grade, epoch, n_epochs, tol):
        self._grade, self._n_epochs, self._tol = grade, n_epochs, tol
        self.every = epoch
        self.scores, self.losses, self._waiting = [], [], 0
        self.best_score, self.best_theta, self._best_loss = None, None, inf

    def __call__(self, theta, curve):
        """Return whether to end."""
        score, loss = self._grade(theta)
        self.scores.append(score)
        self.losses.append(loss)
        best = -inf if self.best_score is None else self.best_score
        gains = score >= best + self._tol
        if score == best:
            gains = loss <= self._best_loss - self._tol
        self._waiting = 0 if gains else self._waiting + 1
        if score > best or (score == best and loss < self._best_loss):
            self.best_score, self.best_theta, self._best_loss = score, np.array(theta), loss
        return self._waiting >= self._n_epochs
