"""prune, freeze and unfreeze: from scores to a new status of each parameter."""

import warnings

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sksgdprune import _scores, _selection, _training
from sksgdprune import _validation as check
from sksgdprune._selection import FREE, FROZEN, PRUNED


class CuttingMixin:
    """The cuts of a fitted network; they read and replace its parameters."""

    def prune(
        self,
        p,
        method="magnitude",
        *,
        scope="layer",
        include_biases=True,
        X=None,
        y=None,
        sample_weight=None,
        random_state=None,
    ):
        """Set a fraction p of the parameters to zero and keep them zero.

        Afterwards `int(size · p)` of all eligible parameters are pruned, those that were pruned
        before counted first; frozen ones may be pruned.

        Parameters
        ----------
        p : float in [0, 1]
            The fraction of *all* eligible parameters, not of the remaining ones.
        method : {"magnitude", "random", "noise", "fisher", "gradient"}, default="magnitude"
            Which go first: those of least abs(w); random ones; least w²·C; least w²·E[g²];
            least abs(w·g). The notebook's "minimal" means "magnitude".
        scope : {"layer", "global"}, default="layer"
            Cut each weight matrix and bias vector by p, or rank all together.
        include_biases : bool, default=True
            Whether biases are eligible.
        X, y : array-like, default=None
            The data over which "fisher" and "gradient" take the gradient.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights, as in `fit`.
        random_state : int, RandomState or None, default=None
            For "random"; None draws from the estimator's own generator.

        Returns
        -------
        self : object
            The estimator, changed.

        Raises
        ------
        ValueError
            On an unknown method or scope, p outside [0, 1], or missing X, y.
        NotFittedError
            Before fit. After any error the estimator is as it was.

        Warns
        -----
        UserWarning
            If more than p is pruned already; nothing changes then.
        """
        data = X, y, sample_weight
        return self._cut("prune", p, method, scope, include_biases, data, random_state)

    def freeze(
        self,
        p,
        method="preconditioned_gradient",
        *,
        scope="layer",
        include_biases=True,
        X=None,
        y=None,
        sample_weight=None,
        random_state=None,
    ):
        """Stop updating a fraction p of the parameters, leaving their values.

        Afterwards `int(remaining · p)` of the eligible parameters that are not pruned are
        frozen, those that were frozen before counted first. Their noise variance C rests too.

        Parameters
        ----------
        p : float in [0, 1]
            The fraction of the eligible parameters that are not pruned.
        method : {"preconditioned_gradient", "gradient", "random", "fisher"}, \
                default="preconditioned_gradient"
            Which go first: those of least abs(H·g); least abs(g); random ones; least E[g²]. The
            notebook's "H" means "preconditioned_gradient" and its "minimal" means "gradient".
        scope : {"layer", "global"}, default="layer"
            Cut each weight matrix and bias vector by p, or rank all together.
        include_biases : bool, default=True
            Whether biases are eligible.
        X, y : array-like, default=None
            The data over which the gradient is taken; needed by all methods but "random".
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights, as in `fit`.
        random_state : int, RandomState or None, default=None
            For "random"; None draws from the estimator's own generator.

        Returns
        -------
        self : object
            The estimator, changed.

        Raises
        ------
        ValueError
            On an unknown method or scope, p outside [0, 1], or missing X, y.
        NotFittedError
            Before fit. After any error the estimator is as it was.

        Warns
        -----
        UserWarning
            If more than p is frozen already; nothing changes then.
        """
        data = X, y, sample_weight
        return self._cut("freeze", p, method, scope, include_biases, data, random_state)

    def unfreeze(self):
        """Let all frozen parameters be updated again; pruned ones stay pruned.

        Returns
        -------
        self : object
            The estimator, changed.
        """
        check_is_fitted(self)
        self._keep(status=np.where(self.status_ == FROZEN, FREE, self.status_))
        return self

    def _cut(self, action, p, method, scope, include_biases, data, random_state):
        check_is_fitted(self)
        self._validate_params()
        p, scope = check.fraction(p), check.scope(scope)
        method = _scores.resolve(action, method)
        with check.unchanged_on_error(self):
            evidence = self._evidence(action, method, data, random_state)
        scores = _scores.METHODS[action][method](evidence)
        if not np.isfinite(scores).all():
            raise ValueError(
                f"The scores of method={method!r} overflow: X, y or the parameters are too large. "
                "Standardise the data, or use another method."
            )
        status, exceeded = _selection.cut(
            scores,
            self.status_,
            p,
            PRUNED if action == "prune" else FROZEN,
            _selection.groups(self._layout, scope, include_biases),
        )
        if exceeded:
            warnings.warn(
                f"{action}({p}) changes nothing: a larger fraction was cut before. "
                "See sparsity_report_.",
                UserWarning,
                stacklevel=3,
            )
        self._keep(status=status)
        return self

    def _evidence(self, action, method, data, random_state):
        gradients = None, None
        if method in _scores.NEEDS_GRADIENT[action]:
            if data[0] is None or data[1] is None:
                raise ValueError(
                    f"{action} with method={method!r} needs the gradient over data: "
                    f"pass X and y, as in {action}(p, {method!r}, X=X, y=y)."
                )
            data = self._read(*data, fresh=False)
            gradients = _training.mean_gradients(
                data.X,
                data.Y,
                self._layout,
                check.kernel_array(self.theta_),
                self._hyper(),
                self._minibatch_size(),
                data.weights,
            )
        rng = self._rng if random_state is None else check_random_state(random_state)
        return _scores.Evidence(
            self.theta_, self.noise_variance_, self.preconditioner_, *gradients, rng
        )
