"""The regressor: its parameters, what "auto" stands for, and its predictive distributions."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Literal, Self, overload

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils import check_random_state, indexable

from sksgdprune._data import validation as check
from sksgdprune._estimator.base import BasePreconditionedMLP
from sksgdprune._estimator.fitted import network_of
from sksgdprune._estimator.input import prediction_rows, training_rows
from sksgdprune._targets.regression import BY_LOSS, REGRESSION, regression
from sksgdprune._training.config import AutoDefaults
from sksgdprune._training.state import encode
from sksgdprune._uncertainty.posterior import joined, mixtures
from sksgdprune._utils.argument_types import (
    Activation,
    Array,
    ArrayLike,
    Auto,
    MatrixLike,
    NoiseEstimator,
    PosteriorSize,
    Preconditioner,
    PriorRule,
    RegressorLoss,
    Sampling,
    Seed,
)
from sksgdprune._utils.sklearn_private import StrOptions


class PreconditionedMLPRegressor(RegressorMixin, MultiOutputMixin, BasePreconditionedMLP):
    """Multilayer perceptron regressor trained by preconditioned constant-rate SGD.

    Each parameter's step is scaled by H = 2 S / (N (C + damping)), S being `batch_size` and N
    `posterior_size` (Mandt, Hoffman & Blei 2017, Corollary 3). C is an online estimate of the
    variance of the parameter's gradient over the rows (Eq. 21). A fraction of the parameters can
    be pruned or frozen; training goes on with the rest.

    The network learns standardised targets from standardised inputs, so that rescaled data give
    rescaled predictions; the parameters, C and the losses are those of the standardised targets.

    The parameters, in four groups:

    - Network: `hidden_layer_sizes`, `activation`, `loss`, `output_activation`, `encoding`.
    - Regularisation and budget: `alpha`, `average`, `learning_rate`, `batch_size`, `max_steps`,
      `early_stopping`, `validation_fraction`, `n_iter_no_change`, `tol`, `warm_start`, `n_jobs`,
      `random_state`, `verbose`.
    - Uncertainty: `n_draws`.
    - Research: `preconditioner`, `noise_estimator`, `kappa`, `t0`, `posterior_size`, `damping`,
      `sampling`.

    The fitted attributes, in six:

    - Network: `theta_`, `coefs_`, `intercepts_`, `coef_`, `n_layers_`, `n_outputs_`,
      `out_activation_`.
    - Pruning: `status_`, `sparsity_`, `sparsity_report_`, `features_used_`.
    - Run: `n_iter_`, `loss_`, `loss_curve_`, `best_loss_`, `validation_scores_`,
      `validation_loss_curve_`, `best_validation_score_`, `alpha_`, `selection_results_`.
    - Data and standardization: `encoding_`, `X_mean_`, `X_scale_`, `y_mean_`, `y_scale_`,
      `input_features_`, `input_ranges_`, `n_features_in_`, `feature_names_in_`.
    - Uncertainty: `draws_`, `temperature_`, `noise_std_`, `dispersion_`.
    - Research: `noise_variance_`, `preconditioner_`, `t_`.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(100,)
        Units of each hidden layer; () gives linear regression.
    activation : {"identity", "logistic", "tanh", "relu"}, default="relu"
        Activation of the hidden layers.
    loss : {"squared_error", "poisson"}, default="squared_error"
        Half the squared error, or half the Poisson deviance of the exponential output for
        counts and other y >= 0; summed over the outputs.
    output_activation : {"identity", "relu"}, default="identity"
        "relu" makes predictions non-negative, as in the original experiment; for the squared error
        only.
    encoding : {"auto", "standard", "piecewise"} or None, default="auto"
        How features become the network's inputs. "standard" subtracts a feature's mean and divides
        by its standard deviation. A feature of two values is divided by half their distance, one
        that is mostly 0 by at least half the size of its other values, so that a rare value does
        not become a large input. "piecewise" makes one input of each feature within Tukey's fences,
        and one for each of up to five pieces between its quantiles (Gorishniy, Rubachev & Babenko
        2022), so that units can bend at the quantiles and no input exceeds the range of the
        training rows; `coefs_` has a row for each input. The ends of the pieces come from the rows
        of `fit` or of the first `partial_fit`, and stay. "auto" is "standard", unless `fit` finds
        by the comparison described for `alpha` that "piecewise" is better; it is compared where it
        makes no more inputs than there are rows, and at most 512. None uses X unchanged, and y as
        well: otherwise the network learns `(y - y_mean_) / y_scale_`, because H ∝ 1 / C depends on
        the inverse square of the targets' scale. Under a ReLU output targets keep their zero, and
        the output's bias starts at their mean; counts are divided by their mean. A sparse X stays
        sparse.
    alpha : float, "auto" or "evidence", default="auto"
        L2 penalty on the weights, divided by S when added to the loss (as in scikit-learn). "auto"
        is a Gaussian prior on each weight with mean 0 and precision λ (one over its variance),
        shared equally by the n rows as in the paper's loss: alpha = λ φ S / n, where φ is the
        running mean of the squared residuals (of the deviance of counts), by which a log-likelihood
        divides them. `fit` tries λ = 128, 32, 8, 2 and 0.5 in this order, until one is worse. It
        takes the largest λ whose loss on held-out rows is within half a standard error of the
        lowest loss. A trial trains on two thirds of the rows, three times for 200 steps; above
        2,000 rows once for 600 steps. With X_val and y_val, or under early stopping, their rows are
        the held-out rows, once for 600 steps. (Above 20,000 parameters these steps shrink in
        proportion.) Below 20 rows λ is 0.5. Without a choice, where `max_steps` is less than 800,
        or of a sweep `warmup_steps` and `finetune_steps` together, and in `partial_fit`, it is 12,
        above n = 1,000 times sqrt(1000 / n). `alpha_` and `selection_results_` have the results.
        Until the last cut of a gradual schedule alpha is at least φ S / (2 K), where K weights are
        to remain (`sksgdprune.schedules`). "evidence" needs no held-out rows and works in
        `partial_fit`, too: λ ← γ / ‖w‖², where γ is the number of weights that the data determine
        (the page Theory), five times at intervals of 400 steps before `fit`, and once after each
        `partial_fit`.
    average : bool or int, default=True
        Whether the mean of the iterates predicts in place of the last iterate (Section 6 of the
        paper; Polyak & Juditsky 1992). `theta_`, `coefs_` and all that uses them are then the mean.
        True weighs the iterate at t by about t³, so that the mean covers the last part of a run of
        any length (Shamir & Zhang 2013). A number starts an unweighted mean at that step. Every
        10th iterate counts. Training continues from the last iterate, and C and H are those of the
        iterates. A cut restarts the mean. Without a cut, the mean after a long `fit` and a short
        `partial_fit` is mostly that of `fit`: to learn other data, set average=False first.
    learning_rate : float or "auto", default="auto"
        Factor ε of each step; 1 is the rate of the theorems, for sampling a posterior. "auto" is
        0.035, times u / 100 with u > 100 hidden units, and times sqrt(12800 / T) in a run of T >
        12,800 steps, because a longer average needs a smaller constant rate (Nemirovski et al.
        2009). T is that of `fit`, or of the whole sweep; `partial_fit` uses the T of
        max_steps="auto". A pruned network has up to 4 times the rate: it is divided by the root of
        the fraction of weights that remain. Pruned units do not count for this, because they leave
        a smaller dense network.
    batch_size : int, default=64
        Rows per minibatch, S. With sampling="shuffle" it is at most the number of rows. It is so,
        too, where a call of `partial_fit` has fewer, as in a stream of single rows: then H uses the
        root of the product of both numbers, and the noise is measured about 0 in place of the
        minibatch's gradient.
    max_steps : int or "auto", default="auto"
        Maximum number of minibatch steps (not epochs) of `fit`. "auto" takes 100 epochs, but at
        least 12,800 and at most 64,000 steps; with u > 100 hidden units in all, (100 / u)^(2/3)
        times as many, because each step takes longer and fewer are needed. It ends early after 800,
        1,600, 3,200, … steps (fewer above 20,000 parameters, in proportion), where the second half
        of the steps has lowered the loss of the training rows by at most 2 %, of this loss or of
        that of held-out rows.
    early_stopping : bool, default=False
        Whether `fit` keeps `validation_fraction` of the rows for validation, and scores them after
        each epoch. It ends after `n_iter_no_change` epochs without an improvement of the score by
        `tol`, or of the loss by `tol` at an equal score. Then it returns to the parameters with the
        best score, of equal scores to those with the lowest loss.
    validation_fraction : float, default=0.1
        Fraction of the rows that are kept for validation; not used where `fit` gets X_val and
        y_val.
    n_iter_no_change : int or inf, default=10
        Epochs, each ceil(n_samples / S) steps. It also counts without early stopping if `max_steps`
        is a number: then `fit` ends where its loss no longer falls by `tol` in as many epochs.
        Minibatch losses fluctuate, so this is measured by means over long parts: after 12,800
        steps, 25,600 and so on, the mean of the second half of all steps is compared with that of
        the quarter before.
    tol : float, default=1e-4
        See `n_iter_no_change` and `early_stopping`; with 0 the training loss never ends a run.
    warm_start : bool, default=False
        Whether `fit` continues from the fitted state, masks included.
    n_jobs : int, default=None
        Threads of the matrix products in a run; -1 uses all cores. More than one pays for wide
        layers. None uses one, also within parallel jobs, and gives the same bits on every machine
        with the same libraries; with more threads the last digit may differ.
    random_state : int, RandomState or None, default=None
        The only source of randomness: initial parameters, minibatches and random cuts.
    verbose : int, default=0
        Above 0, print the loss at the end of each call that trains.
    n_draws : int, default=0
        Number of iterates that are kept as posterior samples (Mandt et al. 2017). Their spread is
        the uncertainty, and the mean of their outputs is the prediction. `fit` spreads them over
        the second half of its steps, and does not end early. `partial_fit` keeps one in ceil(n / S)
        steps for n rows. `fit` calibrates the samples (`temperature_`, `noise_std_`) on rows that
        only its second half trains on, `validation_fraction` of the rows, 20 to 1,000, or on X_val
        and y_val.
    preconditioner : {"diagonal", "sqrt", "scalar", "identity"}, default="diagonal"
        H: 2 S / (N C) (Corollary 3); 2 S D / (N Tr(C / G)) / G with G = sqrt(C) (Theorem 7);
        2 S D / (N Tr C) for all parameters (Theorem 1); or 1 (plain SGD). C + damping stands
        for C; D, the number of parameters, and the traces leave out pruned ones. A step takes
        its trace from the C before it.
    noise_estimator : {"probe", "batch"}, default="probe"
        How a step estimates C: "probe" takes the squared difference between the minibatch gradient
        and the gradient of one further row, "batch" the unbiased variance of the minibatch's
        gradients of single rows.
    kappa : float, default=2.0
        C ← (1 - κ) C + κ (new estimate), with κ = min(1, kappa / t). With 1, as in the original
        experiment, C is the mean over all steps; with 2 later steps have a larger weight.
    t0 : int, default=10
        First value of t, which grows by 1 each step.
    posterior_size : {"n_parameters", "n_samples"} or float, default="n_parameters"
        N in H: that of the original experiment, that of the paper, or a number.
    damping : float or "auto", default="auto"
        Added to C in H, on the scale of the squared loss gradient; 0 is the published rule, in
        which H grows without bound as C goes to 0. "auto" is 2 S / (10 N), so that H ends at 10, or
        with u > 100 hidden units 2 S u / (1000 N), so that it ends at 1000 / u (the limit h_max of
        the paper's Section 5): the squared error is as curved as ever where C goes to 0. With any
        damping but 0, H takes the squared minibatch gradient for C where that is larger: C, a mean
        over the steps, may lag behind a loss that explodes, and steps then shrink as gradients
        grow.
    sampling : {"replacement", "shuffle"}, default="replacement"
        "replacement" samples the rows of each minibatch independently; "shuffle" takes them from
        permutations of all rows.

    Attributes
    ----------
    theta_ : ndarray of shape (n_parameters,)
        All parameters. `coefs_` and `intercepts_` are views of it, one array per layer. Each of the
        three can be assigned as a whole (pruned entries stay 0), but not modified in place.
    coefs_ : sequence of ndarray of shape (fan_in, fan_out)
        Weights, a matrix per layer; CSR after `sparsify`.
    intercepts_ : sequence of ndarray of shape (fan_out,)
        Biases, a vector per layer.
    coef_ : ndarray of shape (n_units, n_features)
        The first layer's weights, as linear models lay them out. Where a feature has several
        inputs, the root of the sum of the squares of its weights.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Output units, one per target.
    out_activation_ : str
        Output activation: `output_activation`, or "exp" under the Poisson loss.
    status_ : ndarray of uint8 of shape (n_parameters,)
        0 free, 1 frozen, 2 pruned. A pruned parameter is exactly 0.
    sparsity_ : float
        Fraction of all parameters that are pruned.
    sparsity_report_ : list of dict
        One dict per tensor: name, shape, and how many entries are free, frozen, pruned. The list
        prints as a table, with a row for all tensors and what remains of each. Its `n_bytes` are
        those of the weights and biases in the smallest form of the network: dense or after
        `sparsify`, as it is or after `compact`.
    features_used_ : ndarray of bool of shape (n_features,)
        True where remaining connections lead from the feature to an output.
    n_iter_ : int
        Minibatch steps of the last `fit` or `partial_fit`; `t_` counts them all.
    loss_ : float
        Mean minibatch loss of the last epoch's worth of steps.
    loss_curve_ : list of float
        The same for each epoch's worth of steps, ceil(n_samples / S), in order.
    best_loss_ : float
        The smallest entry of `loss_curve_`.
    validation_scores_ : list of float or None
        R² on the validation data after each epoch and at the end of `fit`, NaN where it
        diverged; None without.
    validation_loss_curve_ : list of float or None
        The same for the loss, without the penalty.
    best_validation_score_ : float or None
        The highest score of the last `fit`.
    alpha_ : float
        The `alpha` of the last run: as given, or as chosen by "auto".
    selection_results_ : dict of ndarray or None
        The comparison made by "auto", an entry for each trial: "encoding", "precision", "mean_loss"
        on held-out rows, and "split0_loss", … for each of their parts.
    encoding_ : str or None
        The `encoding` of the network, as chosen where it is "auto".
    X_mean_, X_scale_ : ndarray of shape (n_inputs,)
        Inputs are `(piece of a feature - X_mean_) / X_scale_`. They are computed from the rows of
        `fit`, or from the first calls of `partial_fit`, until these have 1,000 rows in which the
        feature varies; 0 and 1 with encoding=None. `coefs_` are the weights of these inputs.
    y_mean_, y_scale_ : ndarray of shape (n_outputs,)
        Mean and standard deviation of the targets in `fit`, or in the first calls of `partial_fit`
        until these have brought 1,000 rows; 0 and 1 with encoding=None. Predictions are
        `y_scale_ * output + y_mean_`.
    input_features_ : ndarray of int64 of shape (n_inputs,)
        The feature of each input: 0, 1, …, unless features have several pieces.
    input_ranges_ : ndarray of shape (n_inputs, 2)
        The range of its feature that each input shows; infinite where it shows all.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has string column names.
    draws_ : ndarray of shape (n_draws, n_parameters)
        Posterior samples, the latest last; empty without `n_draws`.
    temperature_ : float
        Factor of the covariance of the posterior samples' outputs; 1 before calibration.
    noise_std_ : ndarray of shape (n_outputs,) or None
        Standard deviation of the targets about a posterior sample's output: the root mean square
        over the calibration rows. The noise grows with the prediction where these rows clearly show
        that. It is normal, or Student's t with 8 degrees of freedom where they clearly have heavier
        tails. None before calibration and under the Poisson loss.
    dispersion_ : ndarray of shape (n_outputs,) or None
        Under the Poisson loss the variance of the targets about a posterior sample's output, over
        their mean: 1, unless the calibration rows clearly show another value. With more than 1 the
        distribution is negative binomial. With less, as for rates that are means of counts, y is
        the dispersion times a Poisson count. None before calibration, and for the squared error.
    noise_variance_ : ndarray of shape (n_parameters,)
        C, the estimated variance of each parameter's gradient over the rows.
    preconditioner_ : ndarray of shape (n_parameters,)
        H of each parameter, as `preconditioner` defines it.
    t_ : int
        Step counter, t0 + steps taken.

    See Also
    --------
    PreconditionedMLPClassifier : The same for class labels.
    SparsitySweep : Score against the fraction p that is pruned or frozen.

    Notes
    -----
    The defaults were chosen by cross-validation over many data sets and compared with untuned peers
    (the page Benchmarks). With the published rule, damping=0, steps are unbounded: where a network
    fits, C goes to 0 and H grows without bound.

    References
    ----------
    Mandt, Hoffman & Blei (2017), Stochastic Gradient Descent as Approximate Bayesian Inference,
    JMLR 18(134).

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sksgdprune import PreconditionedMLPRegressor
    >>> X, y = make_regression(200, 5, random_state=0)
    >>> reg = PreconditionedMLPRegressor(random_state=0).fit(X, y)
    >>> reg.score(X, y)
    0.99...
    """

    _target_kinds = REGRESSION
    _auto_defaults = AutoDefaults(
        learning_rate=0.035,
        rate_growth=1.0,
        largest_h=10.0,
        h_decay=1.0,
        prior_precision=12.0,
        prior_rows=1000,
    )
    _parameter_constraints = BasePreconditionedMLP._parameter_constraints | {
        "loss": [StrOptions(set(BY_LOSS))],
        "output_activation": [StrOptions({"identity", "relu"})],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Activation = "relu",
        *,
        loss: RegressorLoss = "squared_error",
        output_activation: Literal["identity", "relu"] = "identity",
        encoding: str | None = "auto",
        alpha: float | PriorRule = "auto",
        average: bool | int = True,
        learning_rate: float | Auto = "auto",
        batch_size: int = 64,
        max_steps: int | Auto = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: Seed = None,
        verbose: bool | int = 0,
        n_draws: int = 0,
        preconditioner: Preconditioner = "diagonal",
        noise_estimator: NoiseEstimator = "probe",
        kappa: float = 2.0,
        t0: int = 10,
        posterior_size: PosteriorSize = "n_parameters",
        damping: float | Auto = "auto",
        sampling: Sampling = "replacement",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.output_activation = output_activation
        self.encoding = encoding
        self.alpha = alpha
        self.average = average
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_steps = max_steps
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.n_draws = n_draws
        self.preconditioner = preconditioner
        self.noise_estimator = noise_estimator
        self.kappa = kappa
        self.t0 = t0
        self.posterior_size = posterior_size
        self.damping = damping
        self.sampling = sampling

    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        n_steps: int | None = None,
    ) -> Self:
        """Train for further steps on X, y; the first call starts a new network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`.
        n_steps : int, default=None
            Minibatch steps; None takes one epoch over this X, ceil(n / S); n is the
            number of rows, or the sum of their weights.

        Returns
        -------
        self : object
            The estimator, trained further.

        Raises
        ------
        ValueError
            On NaN or infinity, a y whose variance is too large for float64, another number of
            features or outputs, n_steps < 1, or early stopping. The estimator stays as it was.

        Warns
        -----
        UserWarning
            Where features or targets are more than ten times outside the scale of the first rows,
            and where `sample_weight` is above 10 on average.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor((20,), random_state=0)
        >>> for part in (slice(0, 442, 2), slice(1, 442, 2)):
        ...     reg = reg.partial_fit(X[part], y[part], n_steps=200)
        >>> reg.t_ - reg.t0
        400
        >>> reg.score(X, y)
        0.5...
        """
        return self._partial_fit(X, y, n_steps, sample_weight)

    @property
    def noise_std_(self) -> Array | None:
        """Standard deviation of the targets about a posterior sample's output, (n_outputs,).

        It is the root mean square over the calibration rows. The noise grows with the prediction
        where these rows clearly show that. It is normal, or Student's t with 8 degrees of freedom
        where they clearly have heavier tails. None without posterior samples, and under the Poisson
        loss, which has `dispersion_`.
        """
        calibration = network_of(self, "noise_std_").calibration
        return None if calibration is None else calibration.noise_std

    @property
    def dispersion_(self) -> Array | None:
        """Variance of the targets about a posterior sample's output, over their mean; (n_outputs,).

        Under the Poisson loss it is 1, unless the calibration rows clearly show another value. With
        more than 1 the distribution is negative binomial. With less, as for rates that are means of
        counts, y is the dispersion times a Poisson count. None without posterior samples, and for
        other targets.
        """
        network = network_of(self, "dispersion_")
        if network.calibration is None or network.targets.has_noise:
            return None
        return np.broadcast_to(network.calibration.dispersion, network.targets.scale.shape)

    @overload
    def predict(self, X: MatrixLike, return_std: Literal[False] = ...) -> Array: ...
    @overload
    def predict(self, X: MatrixLike, return_std: Literal[True]) -> tuple[Array, Array]: ...
    @overload
    def predict(self, X: MatrixLike, return_std: bool) -> Array | tuple[Array, Array]: ...
    def predict(self, X: MatrixLike, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Return the prediction for each row: with posterior samples, the mean over them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        return_std : bool, default=False
            Whether to return the standard deviation, too; that needs posterior samples (`n_draws`).

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            On the targets' scale; NaN after a run that diverged.
        std : ndarray of the same shape
            Only with `return_std`: standard deviation of a new observation, noise included.

        Raises
        ------
        ValueError
            With `return_std` if there are no posterior samples.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor(
        ...     (20,), n_draws=20, max_steps=500, random_state=0
        ... )
        >>> reg = reg.fit(X[:350], y[:350])
        >>> mean, std = reg.predict(X[350:], return_std=True)
        >>> mean.shape, std.shape
        ((92,), (92,))
        """
        if not return_std:
            return super().predict(X)
        parts = [(m.mean(), m.std()) for m in self._mixtures(X)]
        return tuple(map(joined, zip(*parts, strict=True)))

    def predict_interval(self, X: MatrixLike, coverage: float = 0.9) -> Array:
        """Return intervals that contain a new observation with probability `coverage`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        coverage : float in (0, 1), default=0.9
            Probability within the interval; the rest is split equally between both ends.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends on the targets' scale; with several outputs an interval for each.

        Raises
        ------
        ValueError
            On another `coverage`, or if there are no posterior samples.

        Warns
        -----
        UserWarning
            Where the samples were calibrated before a cut or further training, until `calibrate`;
            as in all methods on uncertainty.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor(
        ...     (20,), n_draws=20, max_steps=500, random_state=0
        ... )
        >>> reg = reg.fit(X[:350], y[:350])
        >>> low, high = reg.predict_interval(X[350:], coverage=0.8).T
        >>> float(((low <= y[350:]) & (y[350:] <= high)).mean())
        0.7...
        """
        if not isinstance(coverage, Real) or not 0 < float(coverage) < 1:
            raise ValueError(f"Got coverage={coverage!r}; it must be a number between 0 and 1.")
        rest = (1 - float(coverage)) / 2
        ends = rest, min(1 - rest, np.nextafter(1, 0))  # 1 would be no quantile
        parts = [tuple(m.quantile(q) for q in ends) for m in self._mixtures(X)]
        return np.stack([joined(end) for end in zip(*parts, strict=True)], axis=-1)

    def sample_y(self, X: MatrixLike, n_samples: int = 1, random_state: Seed = None) -> Array:
        """Return samples of new observations, each from one posterior sample for all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
            Inputs.
        n_samples : int, default=1
            Number of samples for each row.
        random_state : int, RandomState or None, default=None
            Chooses posterior samples and noise.

        Returns
        -------
        ndarray of shape (n_samples_X, n_samples) or (n_samples_X, n_outputs, n_samples)
            On the targets' scale, noise included; under the Poisson loss counts, or means of them.

        Raises
        ------
        ValueError
            If n_samples < 1, or if there are no posterior samples.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor(
        ...     (20,), n_draws=20, max_steps=500, random_state=0
        ... )
        >>> reg = reg.fit(X[:350], y[:350])
        >>> reg.sample_y(X[350:], n_samples=5, random_state=0).shape
        (92, 5)
        """
        if not check.is_whole(n_samples) or n_samples < 1:
            raise ValueError(f"Got n_samples={n_samples!r}; it must be a whole number from 1 on.")
        rng, network = check_random_state(random_state), self._with_samples().network
        chosen = rng.randint(len(network.posterior_samples), size=n_samples)
        parts = [mixture.take(chosen) for mixture in self._mixtures(X)]
        whole = type(parts[0]).joined(parts)
        return joined([np.moveaxis(whole.sample(rng), 0, -1)])

    def log_likelihood(self, X: MatrixLike, y: ArrayLike) -> Array:
        """Return the log-density of y given X, of all outputs of a row together.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Observations on the targets' scale.

        Returns
        -------
        ndarray of shape (n_samples,)
            In nats; under the Poisson loss the log-probability of a count, or the log-density of a
            mean of counts (`dispersion_` below 1).

        Raises
        ------
        ValueError
            If there are no posterior samples.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor(
        ...     (20,), n_draws=20, max_steps=500, random_state=0
        ... )
        >>> reg = reg.fit(X[:350], y[:350])
        >>> float(reg.log_likelihood(X[350:], y[350:]).mean())
        -5.3...
        """
        network = self._with_samples().network
        rows = training_rows(self, *indexable(X, y))
        y = network.targets.decode(encode(rows, network, self._config()).Y)
        first, parts = 0, []
        for mixture in self._mixtures(X):
            n = mixture[0].shape[1]
            parts.append(mixture.log_likelihood(y[first : first + n]))
            first += n
        return np.concatenate(parts)

    def _mixtures(self, X):
        """Yield the predictive distributions of all rows, some rows at a time."""
        return mixtures(self._with_samples().network, prediction_rows(self, X))

    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return R² of the predictions; NaN after a run that diverged.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            R², the mean over the outputs.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sksgdprune import PreconditionedMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> reg = PreconditionedMLPRegressor(
        ...     (20,), max_steps=500, random_state=0
        ... ).fit(X, y)
        >>> reg.score(X, y)
        0.5...
        """
        return self._score(super().score, X, y, sample_weight)

    @property
    def y_mean_(self) -> Array:
        """Mean of the targets of `fit` or the first `partial_fit`, or 0; shape (n_outputs,)."""
        return network_of(self, "y_mean_").targets.mean

    @property
    def y_scale_(self) -> Array:
        """Standard deviation of the targets of `fit` or the first `partial_fit`, or 1."""
        return network_of(self, "y_scale_").targets.scale

    def _targets(self, y, classes=None):
        return regression(y, self.loss, self.output_activation)
