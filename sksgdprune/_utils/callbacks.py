"""Callbacks: all use of scikit-learn's experimental API (`sklearn.callback`, 1.9)."""

import math
from dataclasses import replace

from sklearn import callback
from sklearn.callback import CallbackSupportMixin

from sksgdprune._utils.argument_types import Function

__all__ = ["CallbackSupportMixin", "Epochs", "Report", "are_set", "reports", "with_callbacks"]


def with_callbacks(fit: Function) -> Function:
    """Do as scikit-learn's decorator, which has no types, and keep those of `fit`."""
    return callback.with_callbacks(fit)


def are_set(estimator):
    """Return whether the estimator has callbacks of its own or from a meta-estimator."""
    return hasattr(estimator, "_skl_callbacks")


class _Task:
    """One task of a fit: tells the callbacks when it begins and ends."""

    def __init__(self, context, estimator, **told):
        self._context, self._estimator, self._told = context, estimator, told

    def begin(self):
        self._context.call_on_fit_task_begin(estimator=self._estimator, **self._told)
        return self

    def end(self, attributes=None):
        """Return whether a callback wants to stop; `attributes` make a fitted copy."""
        told = self._told | {"reconstruction_attributes": attributes}
        return self._context.call_on_fit_task_end(estimator=self._estimator, **told)

    def part(self, name, max_subtasks=0, **told):
        """Return a task within this one."""
        context = self._context.subcontext(task_name=name, max_subtasks=max_subtasks)
        return _Task(context, self._estimator, **(self._told | told))


def _root(estimator, X, y, sample_weight, max_subtasks):
    context = estimator._init_callback_context(max_subtasks=max_subtasks)
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    return _Task(context, estimator, X=X, y=y, metadata=metadata).begin()


class Epochs:
    """Monitor that reports a fit and its epochs; a callback's True ends the run.

    Parameters
    ----------
    estimator : BasePreconditionedMLP
        The one being fitted.
    samples : tuple of (X, y, sample_weight)
        As they were given to `fit`.
    attributes : callable
        From a TrainingState to the attributes that make a copy of the estimator a fitted one.
    """

    def __init__(self, estimator, samples, attributes):
        self._estimator, self._samples, self._attributes = estimator, samples, attributes

    def begin(self, state, epoch, n_steps):
        """Report the beginning of a fit from a state, of so many steps an epoch and in all."""
        self.every, self._n_steps, self._state = epoch, n_steps, state
        n_epochs = math.ceil(n_steps / epoch)
        self._fit = _root(self._estimator, *self._samples, max_subtasks=n_epochs)
        self._epoch = self._fit.part("epoch").begin()

    def __call__(self, theta, curve):
        """End an epoch, begin the next; return whether to end the run."""
        stop = self._epoch.end(lambda: self._fitted(theta.copy()))
        if curve.n_steps < self._n_steps and not stop:
            self._epoch = self._fit.part("epoch").begin()
        return stop

    def _fitted(self, theta):
        network = self._state.network.with_theta(theta)
        return self._attributes(replace(self._state, network=network))

    def end(self, state):
        """Report the end of the fit in a state; one that diverged makes no fitted copy."""
        self._fit.end(None if state.network.diverged else self._attributes(state))


class Report:
    """Reports one run of a sweep; without a task, nothing.

    Whoever trains sets `trained` to the fitted estimator, for callbacks that score.
    """

    def __init__(self, task=None):
        self._task, self.trained = task, None

    def __enter__(self):
        if self._task is not None:
            self._task.begin()
        return self

    def __exit__(self, *error):
        if self._task is not None:
            trained = self.trained
            self._task.end(None if trained is None else {"best_estimator_": trained})
        self.trained = None


def reports(sweep, X, y, sample_weight, names):
    """Return a Report per name, and what to call at the sweep's end."""
    if not are_set(sweep):
        return [Report() for _ in names], lambda: None
    root = _root(sweep, X, y, sample_weight, max_subtasks=len(names))
    return [Report(root.part(name)) for name in names], root.end
