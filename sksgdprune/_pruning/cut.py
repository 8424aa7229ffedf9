"""prune, freeze and unfreeze: from scores to a new status of each parameter."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple, Self

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sksgdprune._data import validation as check
from sksgdprune._kernels.types import FREE, FROZEN, PRUNED
from sksgdprune._pruning import connected as _connected
from sksgdprune._pruning import scores as _scores
from sksgdprune._pruning import selection as _selection
from sksgdprune._pruning import structured as _structure
from sksgdprune._pruning.scores import FreezeMethod, PruneMethod
from sksgdprune._training import evaluation as _evaluation
from sksgdprune._utils.typing import ArrayLike, FreezeScope, MatrixLike, Scope, Seed, Structure
from sksgdprune._utils.warnings import warn

NEW_STATUS = {"prune": PRUNED, "freeze": FROZEN}


class Cut(NamedTuple):
    """What prune or freeze was asked for."""

    action: str
    p: float
    method: object
    scope: str
    include_biases: bool
    structure: str

    @classmethod
    def checked(cls, action, p, method, scope, include_biases, structure="weight"):
        """Return it, or raise ValueError."""
        _scores.resolve(action, method)
        return cls(
            action,
            check.fraction(p),
            method,
            _selection.check_scope(scope, action),
            check.flag("include_biases", include_biases),
            _structure.check_structure(structure, action),
        )

    def status(self, network, evidence):
        """Return each parameter's status after the cut, and whether more was cut before."""
        layout, old = network.layout, network.dense().status
        _structure.check_structure(self.structure, self.action, layout.sizes[1:-1])
        with np.errstate(over="ignore", invalid="ignore"):  # told of below
            scores = np.asarray(_scores.resolve(self.action, self.method)(evidence))
        if scores.shape != evidence.theta.shape:
            raise ValueError(
                f"method={self.method!r} returned scores of shape {scores.shape}; there must be "
                f"one per parameter, {evidence.theta.shape}."
            )
        if not np.isfinite(scores).all():
            raise ValueError(
                f"The scores of method={self.method!r} overflow: X, y or the parameters are too "
                "large. Standardise the data, or use another method."
            )
        if self.structure != "weight":
            return _structure.cut(scores, old, self.p, layout, self.scope, self.structure)
        groups = _selection.groups(layout, self.scope, self.include_biases)
        if self.scope == "connected":
            return _connected.cut(scores, old, self.p, groups[0], layout)
        return _selection.cut(scores, old, self.p, NEW_STATUS[self.action], groups)


class CuttingMixin:
    """The cuts of an estimator: they read its `_network`, and replace it."""

    def prune(
        self,
        p: float,
        method: PruneMethod = "magnitude",
        *,
        scope: Scope = "connected",
        include_biases: bool = False,
        structure: Structure = "weight",
        X: MatrixLike | None = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        random_state: Seed = None,
    ) -> Self:
        """Set a fraction p of the parameters to zero and keep them zero.

        Afterwards size · p of all eligible parameters are pruned, rounded down, those that were
        pruned before counted first; frozen ones may be pruned.

        Parameters
        ----------
        p : float in [0, 1]
            The fraction of *all* eligible parameters, not of the remaining ones.
        method : {"magnitude", "random", "noise", "fisher", "gradient"} or callable, \
                default="magnitude"
            Which go first: those of least abs(w); random ones; least w²·C; least w²·E[g²];
            least abs(w·g). The notebook's "minimal" means "magnitude". A callable returns
            scores of shape (n_parameters,), bigger = keep, from an object with `theta`,
            `noise_variance`, `preconditioner` (C and H), `gradient`, `squared_gradient` (means
            over X, y) and `rng`.
        scope : {"layer", "global", "connected"}, default="connected"
            Cut each weight matrix (and bias vector) by p; or rank all together; or rank all
            together, but first cut what no path of remaining weights joins with an input and an
            output, and hold a path to each output, as long as there is room, so that no layer is
            emptied.
        include_biases : bool, default=False
            Whether biases are eligible.
        structure : {"weight", "unit", "input"}, default="weight"
            What goes: single parameters, whole hidden units, or whole inputs. The units of least
            summed score over all their connections go, and all these with them: the weights into
            a unit, its bias and the weights out of it (Li et al. 2017, Molchanov et al. 2019);
            the weights out of an input. p is the fraction of the units of each hidden layer, of
            all hidden units where they are ranked together, or of the inputs; what has no weight
            left on a side was pruned before. At least one unit stays in each of these layers.
            `include_biases` plays no part.
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
            On an unknown method, scope or structure, p outside [0, 1], missing X, y, or units of
            a network without hidden layers.
        NotFittedError
            Before fit. After any error the estimator is as it was.

        Warns
        -----
        UserWarning
            If more than p is pruned already; nothing changes then.

        References
        ----------
        Li, Kadav, Durdanovic, Samet & Graf (2017), Pruning Filters for Efficient ConvNets, ICLR.

        Molchanov, Mallya, Tyree, Frosio & Kautz (2019), Importance Estimation for Neural Network
        Pruning, CVPR.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), max_steps=200, random_state=0).fit(X, y)
        >>> sum((W == 0).sum().item() for W in clf.prune(0.8).coefs_)  # of 140 weights
        112
        >>> round(clf.prune(0.9, "fisher", X=X, y=y).sparsity_, 2)  # 126 of 163 parameters
        0.77
        >>> [W.shape for W in clf.prune(0.95, structure="unit").compact().coefs_]
        [(4, 1), (1, 3)]
        """
        cut = Cut.checked("prune", p, method, scope, include_biases, structure)
        return self._cut_over(cut, X, y, sample_weight, random_state)

    def freeze(
        self,
        p: float,
        method: FreezeMethod = "preconditioned_gradient",
        *,
        scope: FreezeScope = "layer",
        include_biases: bool = True,
        X: MatrixLike | None = None,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        random_state: Seed = None,
    ) -> Self:
        """Stop updating a fraction p of the parameters, leaving their values.

        Afterwards remaining · p of the eligible parameters that are not pruned are frozen,
        rounded down, those that were frozen before counted first. Their noise variance C rests too.

        Parameters
        ----------
        p : float in [0, 1]
            The fraction of the eligible parameters that are not pruned.
        method : {"preconditioned_gradient", "gradient", "random", "fisher"} or callable, \
                default="preconditioned_gradient"
            Which go first: those of least abs(H·g); least abs(g); random ones; least E[g²]. The
            notebook's "H" means "preconditioned_gradient" and its "minimal" means "gradient".
            A callable is used as in `prune`.
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

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), max_steps=200, random_state=0).fit(X, y)
        >>> clf = clf.freeze(0.75, scope="global", X=X, y=y)
        >>> (clf.status_ == 1).sum().item()  # of 163 weights and biases
        122
        >>> frozen = clf.theta_[clf.status_ == 1]
        >>> clf = clf.partial_fit(X, y, n_steps=100)
        >>> bool((clf.theta_[clf.status_ == 1] == frozen).all())
        True
        """
        cut = Cut.checked("freeze", p, method, scope, include_biases)
        return self._cut_over(cut, X, y, sample_weight, random_state)

    def unfreeze(self) -> Self:
        """Let all frozen parameters be updated again; pruned ones stay pruned.

        Returns
        -------
        self : object
            The estimator, changed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), max_steps=200, random_state=0).fit(X, y)
        >>> bool((clf.freeze(0.75, "random").unfreeze().status_ == 0).all())
        True
        """
        check_is_fitted(self)
        status = self.status_
        self._network = self._network.cut(np.where(status == FROZEN, FREE, status), self.t_)
        return self

    def _cut_over(self, cut, X, y, sample_weight, random_state):
        """Carry out a cut for which a user gave the samples, or none."""
        check_is_fitted(self)
        self._validate_params()
        rng = None if random_state is None else check_random_state(random_state)
        return self._cut_by(cut, partial(self._read_for, cut, X, y, sample_weight), rng)

    def _cut_by(self, cut, read, rng=None):
        """Carry out a cut; `read` returns the Data to take gradients over, where it is asked."""
        network, settings = self._network, self._settings()
        parameters = network.dense()
        evidence = _scores.Evidence(
            parameters.theta,
            parameters.state.noise_variance,
            self.preconditioner_,
            lambda: _evaluation.mean_gradients(read(), network, settings),
            rng or self._rng,
        )
        status, exceeded = cut.status(network, evidence)
        if exceeded:
            warn(
                f"{cut.action}({cut.p}) changes nothing: a larger fraction was cut before. "
                "See sparsity_report_.",
                UserWarning,
            )
        self._network = network.cut(status, self.t_)
        return self

    def _read_for(self, cut, X, y, sample_weight):
        """Return the samples passed to a cut as Data."""
        if X is None or y is None:
            raise ValueError(
                f"{cut.action} with method={cut.method!r} needs the gradient over data: "
                f"pass X and y, as in {cut.action}(p, {cut.method!r}, X=X, y=y)."
            )
        return self._read(X, y, sample_weight, self._network)
