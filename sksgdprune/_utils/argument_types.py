"""Types of what users pass, in the words of the docstrings; for annotations alone."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
# What a decorator leaves as it is.
Function = TypeVar("Function", bound=Callable[..., Any])


class SparseMatrix(Protocol):
    """scipy's sparse arrays and matrices, which have no types of their own."""

    def tocsr(self) -> Any: ...


class Splitter(Protocol):
    """One of scikit-learn's, or what looks like it."""

    @property
    def split(self) -> Callable[..., Iterable[Any]]: ...


class HasPlan(Protocol):
    """A schedule: its stages are a fraction and a number of steps each, or a Stage."""

    def plan(self, p: float, n_steps: int, /) -> Iterable[tuple[Any, ...]]: ...


class Memory(Protocol):
    """joblib.Memory, or what looks like it."""

    @property
    def cache(self) -> Callable[..., Any]: ...


class PredictsIntervals(Protocol):
    """What predicts intervals that observations can be compared with."""

    @property
    def predict_interval(self) -> Callable[..., Any]: ...


MatrixLike: TypeAlias = ArrayLike | SparseMatrix
Fractions: TypeAlias = float | Sequence[float] | Array
Seed: TypeAlias = int | np.random.RandomState | None
Auto: TypeAlias = Literal["auto"]
PriorRule: TypeAlias = Literal["auto", "evidence"]

# Of an estimator.
Activation: TypeAlias = Literal["identity", "logistic", "tanh", "relu"]
ClassifierLoss: TypeAlias = Literal["log_loss", "double_softmax"]
RegressorLoss: TypeAlias = Literal["squared_error", "poisson"]
Preconditioner: TypeAlias = Literal["diagonal", "sqrt", "scalar", "identity"]
NoiseEstimator: TypeAlias = Literal["probe", "batch"]
PosteriorSize: TypeAlias = float | Literal["n_parameters", "n_samples"]
Sampling: TypeAlias = Literal["replacement", "shuffle"]
CDtype: TypeAlias = Literal["float32", "float64", "int8"]

# Of a cut.
Action: TypeAlias = Literal["prune", "freeze"]
Scope: TypeAlias = Literal["layer", "global", "connected"]
FreezeScope: TypeAlias = Literal["layer", "global"]
Structure: TypeAlias = Literal["weight", "unit", "input"]
PruneName: TypeAlias = Literal["magnitude", "random", "noise", "fisher", "gradient", "minimal"]
FreezeName: TypeAlias = Literal[
    "preconditioned_gradient", "gradient", "random", "fisher", "H", "minimal"
]
ScheduleName: TypeAlias = Literal["one_shot", "linear", "cubic", "geometric", "iterative"]
Schedule: TypeAlias = ScheduleName | HasPlan

# Of a sweep.
Scoring: TypeAlias = str | Callable[..., Any]
