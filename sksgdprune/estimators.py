"""The public estimators: constructor parameters, targets and predictions."""

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from sksgdprune import _validation as check
from sksgdprune._base import BasePreconditionedMLP


class PreconditionedMLPClassifier(ClassifierMixin, BasePreconditionedMLP):
    """Multilayer perceptron classifier trained by preconditioned constant-rate SGD.

    Each parameter's step is scaled by H = 2 S / (N (C + damping)) (Mandt, Hoffman & Blei 2017,
    Corollary 3), C being an online estimate of its gradient-noise variance (Eq. 21). A fraction
    of the parameters can be pruned or frozen; training goes on with the rest.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(100,)
        Units of each hidden layer; () gives softmax regression.
    activation : {"identity", "logistic", "tanh", "relu"}, default="tanh"
        Activation of the hidden layers.
    loss : {"log_loss", "double_softmax"}, default="log_loss"
        "double_softmax" is the log-loss of a softmax applied to the softmax output, as in the
        notebook that the package grew from.
    preconditioner : {"diagonal", "sqrt", "scalar", "identity"}, default="diagonal"
        H: 2 S / (N C) (Corollary 3); 2 S D / (N Tr(C / G)) / G with G = sqrt(C) (Theorem 7);
        2 S D / (N Tr C) for all parameters (Theorem 1); or 1 (plain SGD). C + damping stands
        for C, and D and the traces leave out pruned parameters. A step takes its trace from
        the C before it.
    noise_estimator : {"probe", "batch"}, default="probe"
        How a step sees C: the squared difference between the minibatch gradient and that of one
        further sample, or the unbiased variance of the minibatch's per-sample gradients.
    learning_rate : float, default=0.05
        Factor ε of each step; 1 is the rate that the theorems give, for sampling a posterior.
    kappa : float, default=1.0
        C ← (1 - κ) C + κ (new estimate), with κ = min(1, kappa / t).
    t0 : int, default=10
        Where t starts; it grows by 1 each step.
    posterior_size : {"n_parameters", "n_samples"} or float, default="n_parameters"
        N in H: the notebook's, the paper's, or a number.
    damping : float or "auto", default="auto"
        Added to C in H, in squared units of the loss gradient; 0 is the published rule, in which
        H grows without bound as C goes to 0. "auto" is 2 S / (10 N), so that H ends at 10 for a
        network of any size (the limit h_max of the paper's Section 5).
    alpha : float, default=0.0
        L2 penalty on the weights, divided by S when added to the loss (as in scikit-learn).
    batch_size : int, default=32
        Samples per minibatch, S. With sampling="shuffle" at most the number of samples.
    sampling : {"replacement", "shuffle"}, default="replacement"
        Minibatch rows drawn independently, or from permutations of all rows.
    max_steps : int, default=3200
        Minibatch steps in `fit`. The unit is the step, not the epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from the fitted state, masks included.
    random_state : int, RandomState or None, default=None
        The only source of randomness: start, minibatches and random cuts.
    verbose : int, default=0
        Above 0, print the loss at the end of each training call.

    Attributes
    ----------
    theta_ : ndarray of shape (n_parameters,)
        All parameters; `coefs_` and `intercepts_` are views of it.
    noise_variance_ : ndarray of shape (n_parameters,)
        C, the estimated variance of each parameter's per-sample gradient.
    status_ : ndarray of uint8 of shape (n_parameters,)
        0 free, 1 frozen, 2 pruned. A pruned parameter is exactly 0.
    t_ : int
        Step counter, t0 + steps taken.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    loss_ : float
        Mean minibatch loss of the last epoch's worth of steps.
    loss_curve_ : list of float
        The same for each epoch's worth of steps, ceil(n_samples / S), in order.
    n_iter_ : int
        Minibatch steps taken.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Output units, one per class.
    out_activation_ : str
        Output activation, "softmax".
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X has string column names.

    See Also
    --------
    PreconditionedMLPRegressor : The same for real targets.
    SparsitySweep : Accuracy over the fraction p that is pruned or frozen.

    Notes
    -----
    The defaults of learning_rate, damping and max_steps were measured (benchmarks/defaults.py):
    untuned fits of standardised data come within 0.01 of the accuracy of scikit-learn's untuned
    MLPClassifier, and raw data train without divergence. The published rule, damping=0, is the
    less stable the better a network fits, as H grows without bound when C goes to 0.

    References
    ----------
    Mandt, Hoffman & Blei (2017), Stochastic Gradient Descent as Approximate Bayesian Inference,
    JMLR 18(134).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sksgdprune import PreconditionedMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = PreconditionedMLPClassifier(max_steps=500, random_state=0).fit(X, y)
    >>> round(clf.prune(0.8).sparsity_, 2)
    0.8
    >>> clf.partial_fit(X, y, n_steps=500).score(X, y) > 0.9
    True
    """

    _parameter_constraints = BasePreconditionedMLP._parameter_constraints | {
        "loss": [check.StrOptions({"log_loss", "double_softmax"})],
    }
    out_activation_ = "softmax"

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="tanh",
        *,
        loss="log_loss",
        preconditioner="diagonal",
        noise_estimator="probe",
        learning_rate=0.05,
        kappa=1.0,
        t0=10,
        posterior_size="n_parameters",
        damping="auto",
        alpha=0.0,
        batch_size=32,
        sampling="replacement",
        max_steps=3200,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.preconditioner = preconditioner
        self.noise_estimator = noise_estimator
        self.learning_rate = learning_rate
        self.kappa = kappa
        self.t0 = t0
        self.posterior_size = posterior_size
        self.damping = damping
        self.alpha = alpha
        self.batch_size = batch_size
        self.sampling = sampling
        self.max_steps = max_steps
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X, y, classes=None, *, n_steps=None):
        """Train for some further steps on X, y, from a fresh start at the first call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,)
            Class labels, each one of `classes`.
        classes : array-like of shape (n_classes,), default=None
            All labels of all calls; needed in the first one.
        n_steps : int, default=None
            Minibatch steps; None takes one epoch over this X, ceil(n_samples / S).

        Returns
        -------
        self : object
            The estimator, trained further.

        Raises
        ------
        ValueError
            On NaN or infinity, another number of features, an unknown class, or n_steps < 1.
            The estimator stays as it was.
        """
        with check.unchanged_on_error(self):
            check.check_partial_fit_first_call(self, classes)
            return self._partial_fit(X, y, n_steps)

    def predict(self, X):
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels.
        """
        output = self._output(X, "identity")
        return self.classes_[np.argmax(output, axis=1)]

    def predict_proba(self, X):
        """Return the softmax output for each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return self._output(X, "softmax")

    def predict_log_proba(self, X):
        """Return the logarithm of the softmax output, finite where it underflows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Log-probabilities, in the order of `classes_`.
        """
        return self._output(X, "log_softmax")

    def _encode(self, y, fresh):
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        labels = np.unique(y)
        if fresh:
            self.classes_ = labels
        unseen = np.setdiff1d(labels, self.classes_)
        if unseen.size:
            raise ValueError(
                f"y has classes {unseen.tolist()} that are not in classes_ "
                f"{self.classes_.tolist()}; name all classes in the first partial_fit."
            )
        if len(self.classes_) < 2:
            raise ValueError(
                "The number of classes has to be greater than one; "
                f"got {len(self.classes_)} class: {self.classes_.tolist()}."
            )
        return y[:, np.newaxis] == self.classes_


class PreconditionedMLPRegressor(RegressorMixin, MultiOutputMixin, BasePreconditionedMLP):
    """Multilayer perceptron regressor trained by preconditioned constant-rate SGD.

    Each parameter's step is scaled by H = 2 S / (N (C + damping)) (Mandt, Hoffman & Blei 2017,
    Corollary 3), C being an online estimate of its gradient-noise variance (Eq. 21). A fraction
    of the parameters can be pruned or frozen; training goes on with the rest.

    The network learns standardised targets, so that predictions for targets in other units are
    those predictions in other units; θ, C and the losses are in units of `y_scale_`. Targets stay
    as they are with preconditioner="identity" (plain SGD) and output_activation="relu".

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(100,)
        Units of each hidden layer; () gives linear regression.
    activation : {"identity", "logistic", "tanh", "relu"}, default="tanh"
        Activation of the hidden layers.
    loss : {"squared_error"}, default="squared_error"
        Half the squared error, summed over the outputs.
    output_activation : {"identity", "relu"}, default="identity"
        "relu" makes predictions non-negative, as in the notebook that the package grew from.
    preconditioner : {"diagonal", "sqrt", "scalar", "identity"}, default="diagonal"
        H: 2 S / (N C) (Corollary 3); 2 S D / (N Tr(C / G)) / G with G = sqrt(C) (Theorem 7);
        2 S D / (N Tr C) for all parameters (Theorem 1); or 1 (plain SGD). C + damping stands
        for C, and D and the traces leave out pruned parameters. A step takes its trace from
        the C before it.
    noise_estimator : {"probe", "batch"}, default="probe"
        How a step sees C: the squared difference between the minibatch gradient and that of one
        further sample, or the unbiased variance of the minibatch's per-sample gradients.
    learning_rate : float, default=0.01
        Factor ε of each step; 1 is the rate that the theorems give, for sampling a posterior.
    kappa : float, default=1.0
        C ← (1 - κ) C + κ (new estimate), with κ = min(1, kappa / t).
    t0 : int, default=10
        Where t starts; it grows by 1 each step.
    posterior_size : {"n_parameters", "n_samples"} or float, default="n_parameters"
        N in H: the notebook's, the paper's, or a number.
    damping : float or "auto", default="auto"
        Added to C in H, in squared units of the loss gradient; 0 is the published rule, in which
        H grows without bound as C goes to 0. "auto" is 2 S / (10 N), so that H ends at 10 for a
        network of any size (the limit h_max of the paper's Section 5).
    alpha : float, default=0.0
        L2 penalty on the weights, divided by S when added to the loss (as in scikit-learn).
    batch_size : int, default=32
        Samples per minibatch, S. With sampling="shuffle" at most the number of samples.
    sampling : {"replacement", "shuffle"}, default="replacement"
        Minibatch rows drawn independently, or from permutations of all rows.
    max_steps : int, default=3200
        Minibatch steps in `fit`. The unit is the step, not the epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from the fitted state, masks included.
    random_state : int, RandomState or None, default=None
        The only source of randomness: start, minibatches and random cuts.
    verbose : int, default=0
        Above 0, print the loss at the end of each training call.

    Attributes
    ----------
    theta_ : ndarray of shape (n_parameters,)
        All parameters; `coefs_` and `intercepts_` are views of it.
    noise_variance_ : ndarray of shape (n_parameters,)
        C, the estimated variance of each parameter's per-sample gradient.
    status_ : ndarray of uint8 of shape (n_parameters,)
        0 free, 1 frozen, 2 pruned. A pruned parameter is exactly 0.
    t_ : int
        Step counter, t0 + steps taken.
    loss_ : float
        Mean minibatch loss of the last epoch's worth of steps.
    loss_curve_ : list of float
        The same for each epoch's worth of steps, ceil(n_samples / S), in order.
    n_iter_ : int
        Minibatch steps taken.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Output units, one per target.
    out_activation_ : str
        Output activation.
    y_mean_, y_scale_ : ndarray of shape (n_outputs,)
        Mean and standard deviation of the targets of `fit` or the first `partial_fit`; 0 and 1
        where they are not standardised. Predictions are y_scale_ · output + y_mean_.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X has string column names.

    See Also
    --------
    PreconditionedMLPClassifier : The same for class labels.
    SparsitySweep : Score over the fraction p that is pruned or frozen.

    Notes
    -----
    The defaults of learning_rate, damping and max_steps were measured (benchmarks/defaults.py):
    untuned fits of standardised inputs come within 0.03 of the R² of scikit-learn's untuned
    MLPRegressor with standardised targets, and raw data train without divergence. The published
    rule, damping=0, is unstable where targets can be fitted: C goes to 0 and H grows without
    bound, while nothing bounds the gradient.

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
    >>> reg.score(X, y) > 0.9
    True
    """

    _parameter_constraints = BasePreconditionedMLP._parameter_constraints | {
        "loss": [check.StrOptions({"squared_error"})],
        "output_activation": [check.StrOptions({"identity", "relu"})],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="tanh",
        *,
        loss="squared_error",
        output_activation="identity",
        preconditioner="diagonal",
        noise_estimator="probe",
        learning_rate=0.01,
        kappa=1.0,
        t0=10,
        posterior_size="n_parameters",
        damping="auto",
        alpha=0.0,
        batch_size=32,
        sampling="replacement",
        max_steps=3200,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.output_activation = output_activation
        self.preconditioner = preconditioner
        self.noise_estimator = noise_estimator
        self.learning_rate = learning_rate
        self.kappa = kappa
        self.t0 = t0
        self.posterior_size = posterior_size
        self.damping = damping
        self.alpha = alpha
        self.batch_size = batch_size
        self.sampling = sampling
        self.max_steps = max_steps
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X, y, *, n_steps=None):
        """Train for some further steps on X, y, from a fresh start at the first call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        n_steps : int, default=None
            Minibatch steps; None takes one epoch over this X, ceil(n_samples / S).

        Returns
        -------
        self : object
            The estimator, trained further.

        Raises
        ------
        ValueError
            On NaN or infinity, another number of features or outputs, or n_steps < 1. The
            estimator stays as it was.
        """
        with check.unchanged_on_error(self):
            return self._partial_fit(X, y, n_steps)

    def predict(self, X):
        """Return the predicted target of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, one-dimensional where there is one output.
        """
        prediction = self._output(X, self.out_activation_)
        prediction *= self.y_scale_.astype(prediction.dtype)
        prediction += self.y_mean_.astype(prediction.dtype)
        return prediction.ravel() if self.n_outputs_ == 1 else prediction

    @property
    def out_activation_(self):
        """Name of the output activation."""
        return self.output_activation

    def _encode(self, y, fresh):
        if y.ndim == 1 or y.shape[1] == 1:
            y = column_or_1d(y, warn=True)[:, np.newaxis]
        if not fresh and hasattr(self, "theta_") and y.shape[1] != self.n_outputs_:
            raise ValueError(f"y has {y.shape[1]} outputs, but fit saw {self.n_outputs_}.")
        if fresh or not hasattr(self, "theta_"):
            self.y_mean_, self.y_scale_ = self._units(y)
        return (y - self.y_mean_) / self.y_scale_

    def _units(self, y):
        """Return what is taken from each target and what then divides it: mean and deviation.

        H ∝ 1 / C has the inverse square of the targets' unit, the gradient the unit itself: a
        step is independent of the unit only where targets have none. Plain SGD and the ReLU
        output, the notebook's, take targets as they are; so do constant ones.
        """
        mean, scale = np.zeros(y.shape[1]), np.ones(y.shape[1])
        unitless = (self.loss, self.output_activation) == ("squared_error", "identity")
        if unitless and self.preconditioner != "identity":
            mean, deviation = y.mean(axis=0, dtype=np.float64), y.std(axis=0, dtype=np.float64)
            varies = deviation > 10 * np.finfo(np.float64).eps * np.abs(mean)
            scale[varies] = deviation[varies]
        return mean, scale
