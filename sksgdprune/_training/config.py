"""Configuration: an estimator's parameters, what "auto" stands for, the numbers of one run."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sksgdprune._data import validation as check
from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.preconditioner import PRECONDITIONERS, ROOTS
from sksgdprune._kernels.types import Hyper
from sksgdprune._utils.threads import thread_count

# How average=True weighs the iterates: the one at t about t³, which is a mean over the last part of
# the run, however long it is (Shamir & Zhang 2013 take the same).
POWER = 3.0

# How alpha is chosen where it is no number.
RULES = AUTO, EVIDENCE = "auto", "evidence"


class AutoDefaults(NamedTuple):
    """What "auto" stands for, chosen by benchmarks/defaults/fits.py.

    The width u is the number of hidden units in hundreds, at least 1.

    Parameters
    ----------
    learning_rate, rate_growth : float
        The rate of a dense network is learning_rate · u ** rate_growth, in a run of `fewest_steps`.
    sparse_rate : float, default=4.0
        It grows as one over the root of the density (the part that is not pruned of what `compact`
        would leave), by this at most: what is left moves as far, taken together.
    largest_h, h_decay : float
        H stays below largest_h / u ** h_decay.
    prior_precision, prior_rows : float
        Of a weight; beyond so many rows it falls as one over their root.
    n_epochs, fewest_steps, most_steps : int
        Of max_steps="auto": passes over the data, within these numbers of steps, where u is 1;
        wider networks take less.
    shrinking : float, default=0.5
        Under a gradual schedule the penalty is at least this part of S over the number of weights
        that are to remain.
    precisions : tuple of float
        Those that alpha="auto" compares; prior_precision is for runs that compare none.
    n_folds, fold_rows : int
        In how many folds rows are held out to compare them; one fold alone is where there are more
        than fold_rows.
    trial_steps : int
        Of each precision, shared by the parts that are held out. Runs of less than four times as
        many take a quarter of theirs.
    fewest_trial_steps : int
        With fewer there is no trial.
    evidence_steps, evidence_rounds : int
        Of alpha="evidence" before a fit.
    fewest_rows : int
        Fewer show nothing of noise: the last of the precisions.
    near : float
        A simpler trial is taken whose loss is within so many standard errors of the least.
    first_check, least_gain : int, float
        Steps after which max_steps="auto" first asks whether a run still gains, and the fraction of
        the loss that twice the steps must gain.
    full_parameters : int
        Larger networks have fewer steps in trials, and are looked at earlier.
    most_inputs : int
        Of a network for which encoding="auto" tries pieces.
    """

    learning_rate: float
    rate_growth: float
    largest_h: float
    h_decay: float
    prior_precision: float
    prior_rows: float = math.inf
    sparse_rate: float = 4.0
    n_epochs: int = 100
    fewest_steps: int = 12_800
    most_steps: int = 64_000
    shrinking: float = 0.5
    precisions: tuple = (128.0, 32.0, 8.0, 2.0, 0.5)
    n_folds: int = 3
    fold_rows: int = 2000
    trial_steps: int = 600
    fewest_trial_steps: int = 200
    evidence_steps: int = 400
    evidence_rounds: int = 5
    fewest_rows: int = 20
    near: float = 0.5
    first_check: int = 800
    least_gain: float = 0.02
    full_parameters: int = 20_000
    most_inputs: int = 512

    def step_share(self, n_parameters):
        """Return the share of steps that so many parameters leave for trials and first looks."""
        return min(1.0, self.full_parameters / n_parameters)


class Horizon(NamedTuple):
    """What a run needs to know of a longer schedule that it is a part of.

    Parameters
    ----------
    n_steps : int, default=None
        Steps of all parts together; None stands for those of max_steps="auto".
    penalty : float, default=1.0
        What alpha is multiplied by.
    least_penalty : float, default=0.0
        What alpha="auto" is at least, over S.
    window : int, default=None
        Last steps, over which all posterior samples are spread; None takes one per pass over the
        data.
    """

    n_steps: int | None = None
    penalty: float = 1.0
    least_penalty: float = 0.0
    window: int | None = None


ALONE = Horizon()


class RunConfig(NamedTuple):
    """The numbers of one run, for some data and a network."""

    hyper: Hyper
    batch_size: int
    sampling: str
    noise_estimator: str
    n_threads: int
    verbose: int
    power: float | None = None  # of the iterates' weights in their average; None for no average
    n_samples: int = 0  # posterior samples
    every: int = 1  # steps from one posterior sample to the next
    t0: int = 0  # from where these are counted

    def epoch_steps(self, n_rows):
        """Return the number of steps that draw as many rows as there are."""
        return math.ceil(n_rows / self.batch_size)


@dataclass(frozen=True)
class TrainingConfig:
    """An estimator's parameters, "auto" among them, and what it stands for; see its docstring."""

    auto: AutoDefaults
    hidden_layer_sizes: tuple
    activation: str
    loss: str
    preconditioner: str
    noise_estimator: str
    learning_rate: float | str
    kappa: float
    t0: int
    posterior_size: float | str
    damping: float | str
    alpha: float | str  # a number, or one of RULES
    average: bool | int
    n_draws: int
    encoding: str | None
    batch_size: int
    sampling: str
    max_steps: int | str
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: float
    tol: float
    n_jobs: int | None
    verbose: int
    class_weight: object = None

    def check_fit(self):
        """Refuse what leaves `fit` no last part to take posterior samples from."""
        if self.n_draws and self.early_stopping:
            raise ValueError(
                f"Got n_draws={self.n_draws} with early_stopping=True, which returns to the "
                "parameters of one epoch and leaves no posterior samples. Set one of the two to "
                "its default."
            )

    def check_partial_fit(self):
        """Refuse what needs all data at once."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it does not see all data; set "
                "it to False."
            )
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all data and is not possible in partial_fit; "
                "give a dict, as from sklearn.utils.class_weight.compute_class_weight."
            )

    @property
    def width(self):
        """The hidden units in hundreds; 1 where there are fewer."""
        return max(sum(self.hidden_layer_sizes) / 100, 1.0)

    def auto_steps(self, n_rows):
        """Return the minibatch steps of max_steps="auto" for so many rows."""
        auto = self.auto
        steps = max(auto.n_epochs * n_rows / self.minibatch_size(n_rows), auto.fewest_steps)
        return math.ceil(min(steps, auto.most_steps) * self.width ** (-2 / 3))

    def fit_steps(self, n_rows):
        """Return how many steps `fit` takes at most."""
        return self.auto_steps(n_rows) if self.max_steps == "auto" else self.max_steps

    def minibatch_size(self, n_rows, n_seen=0):
        """Return S; a permutation cannot give more than all rows, nor a stream's call than its own.

        Rows of one call are drawn again and again, as those of a fit are, where they are all rows
        that were seen.
        """
        if self.batch_size < 2 and self.noise_estimator == "batch":
            raise ValueError(
                f"Got batch_size={self.batch_size} with noise_estimator='batch', which needs at "
                "least 2 samples a minibatch; use a larger batch_size or noise_estimator='probe'."
            )
        few = self.sampling == "shuffle" or n_rows < n_seen
        return min(int(self.batch_size), n_rows) if few else int(self.batch_size)

    @property
    def precisions(self):
        """Those that are compared; None alone where alpha is a number."""
        return self.auto.precisions if self.alpha == AUTO else (None,)

    def trial_steps(self, n_steps, n_parameters):
        """Return the steps of each trial before a run of `n_steps`; 0 for none."""
        steps = min(self.whole_trial(n_parameters), n_steps // 4)
        fewest = self.auto.fewest_trial_steps * self.auto.step_share(n_parameters)
        return steps if steps >= fewest else 0

    def whole_trial(self, n_parameters):
        """Return the steps of each trial before a run that is long enough."""
        return math.ceil(self.auto.trial_steps * self.auto.step_share(n_parameters))

    def first_check(self, n_parameters):
        """Return the steps after which max_steps="auto" first asks whether a run still gains."""
        return math.ceil(self.auto.first_check * self.auto.step_share(n_parameters))

    def for_run(self, network, n_rows, n_seen=0, horizon=ALONE, precision=None):
        """Return the RunConfig for a network and so many rows, of `n_seen` in all calls.

        `precision` is the prior's where alpha is no number; None where none was chosen.
        """
        batch_size, n_seen = self.minibatch_size(n_rows, n_seen), max(n_rows, n_seen)
        by_steps = check.is_whole(self.average)
        hyper = self._hyper(network, n_seen, batch_size, horizon, precision)
        return RunConfig(
            self._in_stream(hyper, batch_size) if n_rows < min(self.batch_size, n_seen) else hyper,
            batch_size,
            self.sampling,
            self.noise_estimator,
            thread_count(self.n_jobs),
            self.verbose,
            None if self.average is False else 0.0 if by_steps else POWER,
            self.n_draws,
            self._sample_distance(n_seen, batch_size, horizon.window),
            self.t0,
        )

    def _sample_distance(self, n_rows, batch_size, window):
        """Return the steps from one posterior sample to the next.

        In N / S steps the iterates forget where they were (Mandt et al. 2017, Section 6). Where it
        is known how many steps there are, the samples are as far apart as these allow.
        """
        if window is None or not self.n_draws:
            return math.ceil(n_rows / batch_size)
        return max(window // self.n_draws, 1)

    def _hyper(self, network, n_rows, batch_size, horizon, precision):
        """Return the kernels' scalars."""
        sizes = {"n_parameters": network.n_parameters, "n_samples": n_rows}
        posterior_size = sizes.get(self.posterior_size, self.posterior_size)
        damping = self._damping(batch_size, posterior_size)
        code, real = PRECONDITIONERS[self.preconditioner], network.dtype.type
        return Hyper(
            activation=ACTIVATIONS[network.activation].code,
            objective=network.targets.objective(self.loss),
            preconditioner=code,
            roots=ROOTS.get(code),
            kappa=float(self.kappa),
            learning_rate=real(self._rate(n_rows, network.density, horizon.n_steps)),
            posterior_size=real(posterior_size),
            # Keeps 0 / 0 out of H where neither gradient nor noise was ever seen.
            damping=real(damping) + np.finfo(network.dtype).tiny,
            cap=real(damping > 0),
            centre=real(1),
            alpha=real(batch_size * self._penalty(n_rows, horizon, precision)),
            least=real(np.sqrt(np.finfo(network.dtype).tiny)),  # its square is a normal number
            disperses=self.alpha in RULES and network.targets.has_dispersion,
        )

    def _in_stream(self, hyper, batch_size):
        """Return the scalars for rows of a stream that do not fill a minibatch.

        Their mean gradient follows them, so that the noise about it is less than that of the
        stream: it is taken about 0. The root of S times the rows stands for S in H: a rate as for
        S would be too restless, and one as for these rows learns too little from each (square
        root scaling: Malladi, Lyu, Panigrahi & Arora 2022).
        """
        part = type(hyper.damping)((batch_size / self.batch_size) ** 0.5)
        size, damping = hyper.posterior_size * part, hyper.damping
        if self.damping == "auto":
            damping /= part
        return hyper._replace(posterior_size=size, damping=damping, centre=hyper.centre * 0)

    def _damping(self, batch_size, posterior_size):
        if self.damping != "auto":
            return self.damping
        largest_h = self.auto.largest_h / self.width**self.auto.h_decay
        return 2 * batch_size / (posterior_size * largest_h)

    def _penalty(self, n_rows, horizon, precision):
        """Return alpha / S: the share of the penalty that comes with each sample."""
        if self.alpha not in RULES:
            return self.alpha / self.minibatch_size(n_rows) * horizon.penalty
        auto, n_rows = self.auto, max(n_rows, self.auto.fewest_rows)
        if precision is None:
            precision = auto.prior_precision * min(1.0, (auto.prior_rows / n_rows) ** 0.5)
        return max(precision / n_rows, horizon.least_penalty) * horizon.penalty

    def _rate(self, n_rows, density, n_steps):
        if self.learning_rate != "auto":
            return self.learning_rate
        auto, n_steps = self.auto, n_steps or self.auto_steps(n_rows)
        rate = auto.learning_rate * self.width**auto.rate_growth
        rate *= min(1.0, (auto.fewest_steps / n_steps) ** 0.5)
        return rate * min(density**-0.5, auto.sparse_rate)
