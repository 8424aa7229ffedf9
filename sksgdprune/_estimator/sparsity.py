"""Methods that cut parameters, and that choose the form in which the rest is kept or leaves."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sksgdprune._data import validation as check
from sksgdprune._estimator.input import training_rows
from sksgdprune._export.to_c import to_c
from sksgdprune._export.to_sklearn import to_sklearn
from sksgdprune._kernels.types import FREE, FROZEN
from sksgdprune._network.compact import compact
from sksgdprune._pruning.cut import CutOptions, cut, warn_of_less
from sksgdprune._pruning.scores import FreezeMethod, PruneMethod
from sksgdprune._training.state import encode
from sksgdprune._utils.argument_types import (
    ArrayLike,
    CDtype,
    FreezeScope,
    MatrixLike,
    Scope,
    Seed,
    Structure,
)
from sksgdprune._utils.random import restored_on_error


class SparsityMethods:
    """prune, freeze, unfreeze; sparsify, densify, compact; to_sklearn and to_c of an estimator."""

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

        Afterwards size · p of all eligible parameters are pruned, rounded down; parameters that
        were pruned before count. Frozen parameters can be pruned.

        Parameters
        ----------
        p : float in [0, 1]
            The fraction of *all* eligible parameters, not of the remaining ones.
        method : {"magnitude", "random", "noise", "fisher", "gradient"} or callable, \
                default="magnitude"
            The score; parameters with the smallest scores are pruned: abs(w), a random number,
            w²·C, w²·E[g²], abs(w·g). "minimal", the original experiment's name, means "magnitude".
            A callable returns scores of shape (n_parameters,) from an object with `theta`,
            `noise_variance`, `preconditioner` (C and H), `gradient`, `squared_gradient` (means
            over X, y) and `rng`.
        scope : {"layer", "global", "connected"}, default="connected"
            "layer" prunes each weight matrix (and bias vector) by p. "global" ranks all parameters
            together. "connected" does so, too, but first prunes dead connections (on no path from
            an input to an output), and keeps a path to each output as long as p allows it, so that
            no layer becomes empty.
        include_biases : bool, default=False
            Whether biases are eligible.
        structure : {"weight", "unit", "input"}, default="weight"
            What is pruned: single parameters, whole hidden units, or whole inputs. Units with the
            smallest sum of scores over their connections are pruned with all their connections:
            the weights into a unit, its bias and the weights out of it (Li et al. 2017, Molchanov
            et al. 2019), or the weights out of an input. p is the fraction of the units of each
            hidden layer, of all hidden units with the scopes that rank these together, or of the
            inputs. Units without weights on one side count as pruned. At least one unit stays in
            each layer. `include_biases` is not used.
        X, y : array-like, default=None
            Data for the gradients of "fisher" and "gradient".
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights, as in `fit`.
        random_state : int, RandomState or None, default=None
            For "random"; None uses the estimator's own generator.

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
        options = CutOptions("prune", method, scope, include_biases, structure)
        return self._cut(p, options, (X, y, sample_weight), random_state)

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
            The score; parameters with the smallest scores are frozen: abs(H·g), abs(g), a random
            number, E[g²]. "H" and "minimal", the original experiment's names, mean
            "preconditioned_gradient" and "gradient". A callable is used as in `prune`.
        scope : {"layer", "global"}, default="layer"
            "layer" freezes a fraction p of each weight matrix and bias vector; "global" ranks all
            parameters together.
        include_biases : bool, default=True
            Whether biases are eligible.
        X, y : array-like, default=None
            Data for the gradients; needed by all methods but "random".
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights, as in `fit`.
        random_state : int, RandomState or None, default=None
            For "random"; None uses the estimator's own generator.

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
        options = CutOptions("freeze", method, scope, include_biases)
        return self._cut(p, options, (X, y, sample_weight), random_state)

    def unfreeze(self) -> Self:
        """Unfreeze all frozen parameters; pruned ones stay pruned.

        Returns
        -------
        self : object
            The estimator, changed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier(
        ...     (20,), max_steps=200, random_state=0
        ... ).fit(X, y)
        >>> bool((clf.freeze(0.75, "random").unfreeze().status_ == 0).all())
        True
        """
        check_is_fitted(self)
        status = self.status_
        unfrozen = np.where(status == FROZEN, FREE, status)
        return self._become_network(self._state.network.cut(unfrozen, self._state.t))

    def sparsify(self) -> Self:
        """Keep only the parameters that are not pruned, and predict from them alone.

        With 78 % of the parameters pruned or more, predictions run over the remaining connections,
        which is faster than the dense network. The pickle's size follows the number of remaining
        parameters. `coefs_` become CSR arrays. Training, `prune` and `freeze` still work: they use
        dense vectors while they run. A less sparse network keeps its dense weights in memory after
        its first prediction, but not in files.

        Returns
        -------
        self : object
            The estimator, changed.

        Examples
        --------
        >>> import pickle
        >>> from sklearn.datasets import load_digits
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_digits(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier(
        ...     (300,), max_steps=100, random_state=0
        ... ).fit(X, y)
        >>> n_bytes = len(pickle.dumps(clf.prune(0.95)))
        >>> len(pickle.dumps(clf.sparsify())) / n_bytes
        0.09...
        >>> [W.nnz for W in clf.coefs_] == [
        ...     (W != 0).sum() for W in clf.densify().coefs_
        ... ]
        True
        """
        check_is_fitted(self)
        return self._become_network(self._state.network.sparsified())

    def densify(self) -> Self:
        """Undo `sparsify`: keep whole vectors again, pruned parameters as zeros.

        Returns
        -------
        self : object
            The estimator, changed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier(
        ...     (20,), max_steps=200, random_state=0
        ... ).fit(X, y)
        >>> type(clf.prune(0.9).sparsify().coefs_[0]).__name__
        'csr_array'
        >>> type(clf.densify().coefs_[0]).__name__
        'ndarray'
        """
        check_is_fitted(self)
        return self._become_network(self._state.network.densified())

    def compact(self) -> Self:
        """Remove hidden units that no longer have an input or an output connection.

        A unit without inputs is constant: its value is added to the biases of the next layer (a
        pruned bias becomes free by this). Such a unit stays where training can still change what
        it adds to a frozen bias. Predictions stay the same up to rounding. Fitted arrays become
        smaller. `hidden_layer_sizes` and N in H do not change, and `fit` starts from the full size
        again.

        Returns
        -------
        self : object
            The estimator, changed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier(
        ...     (20,), max_steps=200, random_state=0
        ... ).fit(X, y)
        >>> [W.shape for W in clf.prune(0.8, structure="unit").compact().coefs_]
        [(4, 4), (4, 3)]
        """
        check_is_fitted(self)
        return self._become_network(compact(self._state.network))

    def to_sklearn(self) -> Any:
        """Return a fitted scikit-learn MLP that predicts the same.

        Tools for scikit-learn's `MLPClassifier` and `MLPRegressor` work with it: skl2onnx, emlearn
        and others. The first and the last layer contain the standardization of inputs and targets.
        The two outputs of a binary softmax become one logistic output; a ReLU output becomes one
        more hidden layer. Pruned weights are zeros, and hidden units that `compact` removed are
        missing. Predictions are equal up to rounding.

        Returns
        -------
        MLPClassifier or MLPRegressor
            Fitted, with copies of the parameters in their float type. Its training parameters are
            scikit-learn's defaults. Its `partial_fit` continues from these weights, without the
            masks.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            Where no MLP of scikit-learn predicts the same (posterior samples, a single class, a
            ReLU output over hidden layers of another activation), and after a run that diverged.

        See Also
        --------
        compact : Remove hidden units that no longer have an input or an output connection.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier(
        ...     (20,), max_steps=500, random_state=0
        ... ).fit(X, y)
        >>> mlp = clf.prune(0.7, structure="unit").compact().to_sklearn()
        >>> mlp
        MLPClassifier(hidden_layer_sizes=(6,))
        >>> np.allclose(mlp.predict_proba(X), clf.predict_proba(X))
        True
        """
        check_is_fitted(self)
        mlp = to_sklearn(self._state.network)
        if hasattr(self, "feature_names_in_"):
            mlp.feature_names_in_ = self.feature_names_in_.copy()
        return mlp

    @overload
    def to_c(self, path: None = None, *, name: str = ..., dtype: CDtype = ...) -> str: ...

    @overload
    def to_c(self, path: str | PathLike[str], *, name: str = ..., dtype: CDtype = ...) -> None: ...

    def to_c(
        self,
        path: str | PathLike[str] | None = None,
        *,
        name: str = "network",
        dtype: CDtype = "float32",
    ) -> str | None:
        """Write the network as one file of C, for devices without Python.

        The file defines `void NAME_predict(const float *x, float *y)`. It computes the
        probabilities, or the targets on their original scale, of one row of features. For one class
        per sample the file also defines `int NAME_class(const float *x)`, which returns the index
        in `classes_` of the most probable class. The file is C99. All numbers are constants, the
        only memory is the stack for two layers' values, and the only library functions are `expf`
        and `tanhf` (with "float64" `exp` and `tanh`). Each layer is written as all its weights or
        as those that are not 0, each with its distance from the one before, whichever takes fewer
        bytes. The standardization of inputs and targets is included; hidden units without an input
        or an output connection are left out, as by `compact`.

        Parameters
        ----------
        path : str or path-like, default=None
            The file, which is overwritten; None returns the text.
        name : str, default="network"
            First part of the functions' names: a letter, then letters, digits and underscores.
        dtype : {"float32", "float64", "int8"}, default="float32"
            The type of the constants and of x and y, float or double. "int8" writes weights in
            8 bits with a scale for each unit, and all else as float; with encoding=None this needs
            features of one scale.

        Returns
        -------
        str or None
            The text, where path is None. It is ASCII.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            For a name that is invalid in C or an unknown dtype; with posterior samples
            (`n_draws`), after a run that diverged, and where the float type cannot hold features,
            targets or weights.

        See Also
        --------
        to_sklearn : Convert the network to scikit-learn's MLP, for ONNX.

        References
        ----------
        Han, Mao & Dally (2016), Deep Compression, ICLR: weights stored with distances.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksgdprune import PreconditionedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = PreconditionedMLPClassifier((20,), random_state=0).fit(X, y)
        >>> lines = clf.prune(0.9).to_c(name="iris").splitlines()
        >>> [line for line in lines if line.endswith(";") and "*x" in line][0]
        'void iris_predict(const float *x, float *y);'
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        text = to_c(self._state.network, name, dtype, names)
        if path is None:
            return text
        Path(path).write_text(text, encoding="ascii", newline="\n")
        return None

    def _cut(self, p, options, samples, random_state):
        """Cut to p; gradients are taken over the samples, where the method needs them."""
        options, p = options.checked(), check.fraction(p)
        check_is_fitted(self)
        self._validate_params()
        config = self._config()
        rng = None if random_state is None else check_random_state(random_state)
        read = partial(self._read_for_cut, options, config, *samples)
        with restored_on_error(rng):
            state, exceeded = cut(self._state, p, options, config, read, rng)
            if exceeded:
                warn_of_less(options, p)
            return self._become(state)

    def _read_for_cut(self, options, config, X, y, sample_weight):
        """Return the samples passed to a cut as Data."""
        action, method = options.action, options.method
        if X is None or y is None:
            raise ValueError(
                f"{action} with method={method!r} needs the gradient over data: "
                f"pass X and y, as in {action}(p, {method!r}, X=X, y=y)."
            )
        return encode(training_rows(self, X, y, sample_weight), self._state.network, config)

    def _become_network(self, network):
        """Take another network into the state."""
        return self._become(replace(self._state, network=network))
