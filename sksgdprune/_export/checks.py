"""Checks of a stored state, record by record, before anything is computed with it.

Kernels read and write where sizes and positions tell them to, and do not ask. A file may have been
damaged, or changed: what is read is compared with all else that is read.
"""

import math
import reprlib
from collections.abc import Iterator
from functools import singledispatch
from itertools import chain, pairwise
from operator import attrgetter

import numpy as np

from sksgdprune._data.moments import Moments, Running, RunningMoments
from sksgdprune._data.sampling import Sampler, Unfinished
from sksgdprune._kernels.activations import ACTIVATIONS
from sksgdprune._kernels.losses import OBJECTIVES
from sksgdprune._kernels.types import FROZEN, PRUNED, Encoding, State
from sksgdprune._network.layout import Layout
from sksgdprune._network.network import FittedNetwork
from sksgdprune._network.parameters import Parameters
from sksgdprune._network.sparsified import Remaining
from sksgdprune._targets.base import Target
from sksgdprune._targets.classification import Multilabel, SingleLabel
from sksgdprune._targets.regression import RealValued
from sksgdprune._training.state import History, Selection, TrainingState
from sksgdprune._uncertainty.calibration import Calibration
from sksgdprune._utils.annotations import field_types, mismatch

REAL = np.dtype(np.float32), np.dtype(np.float64)
POSITIONS = np.dtype(np.int32), np.dtype(np.int64)
MOST = 2**53  # larger counts are no longer whole as floats
MOST_ROWS = 2**31  # of a permutation that is made again
MOST_DEGREES = 100  # of Student's t, whose distribution function is a sum of half as many terms
MT_WORDS, PHILOX_WORDS = 624, 4  # of the states of generators in which they have a position

IN_ITSELF = "a generator whose position lies in its own state"
# Whether a check holds, the name of what is checked, what that is, and what is expected of it.
Check = tuple[bool, str, object, object]


def check_state(state, attributes, targets):
    """Refuse a state that does not hold together.

    Parameters
    ----------
    state : object
        What was read; expected to be a TrainingState.
    attributes : dict
        The estimator's attributes that were read beside it.
    targets : tuple of type
        The kinds of targets that the estimator has.

    Raises
    ------
    ValueError
        Where a part is not what it has to be.
    """
    found = mismatch(state, TrainingState, "state")
    if found:
        raise damaged(*found)
    checks = _all_checks(state, "state"), _outer_checks(state, attributes)
    for holds, name, value, expected in chain(_kind_check(state, targets), *checks):
        if not holds:
            raise damaged(name, value, expected)


def check_generator(rng, name):
    """Refuse a RandomState that would read from outside of its own state."""
    if isinstance(rng, np.random.RandomState) and not _is_sound(rng):
        raise damaged(name, rng, IN_ITSELF)


def damaged(name, value, expected):
    """Return the error to raise where a part of a state is not what is expected."""
    got = reprlib.repr(value)
    if isinstance(value, np.ndarray):
        got = f"an array of {value.dtype}, shape {value.shape}"
    elif field_types(type(value)):
        got = f"a {type(value).__name__}"
    return ValueError(
        f"Got {got} in {name} of a stored estimator; expected {expected}. The file is damaged or "
        "was changed: save the estimator again, or fit anew."
    )


def _kind_check(state, targets) -> Iterator[Check]:
    """Yield the check that an estimator has targets of its own kinds."""
    found, kinds = state.network.targets, " or ".join(kind.__name__ for kind in targets)
    yield type(found) in targets, "state.network.targets", found, kinds


def _outer_checks(state, attributes) -> Iterator[Check]:
    """Yield the checks of a state, all of whose parts hold, beside other attributes."""
    n_features = _n_features(state.network)
    got, names = (attributes.get(name) for name in ("n_features_in_", "feature_names_in_"))
    yield mismatch(got, int, "") is None and got == n_features, "n_features_in_", got, n_features
    if names is not None:
        fits = type(names) is np.ndarray and names.shape == (n_features,)
        words = fits and all(isinstance(name, str) for name in names)
        yield words, "feature_names_in_", names, f"{n_features} names"


def _all_checks(value, name) -> Iterator[Check]:
    """Yield the checks of a value, those of its parts first."""
    parts = enumerate(value) if type(value) is tuple else ()
    for i, part in parts:
        yield from _all_checks(part, f"{name}[{i}]")
    for field in field_types(type(value)):
        yield from _all_checks(getattr(value, field), f"{name}.{field}")
    for holds, field, expected in checks_of(value):
        yield holds, f"{name}.{field}", attrgetter(field)(value), expected


@singledispatch
def checks_of(value):
    """Yield (holds, field, expected) for the fields of a record, whose own parts hold."""
    yield from ()


@checks_of.register
def _(layout: Layout):
    sizes = layout.sizes
    whole = all(mismatch(n, int, "") is None for n in sizes)
    yield whole and len(sizes) > 1 and min(sizes) > 0, "sizes", "two or more numbers from 1"
    n_parameters = sum((int(n) + 1) * int(above) for n, above in pairwise(sizes))
    yield n_parameters < MOST, "sizes", f"less than {MOST} parameters"


@checks_of.register
def _(state: State):
    theta, C = state.theta, state.noise_variance
    yield theta.dtype in REAL, "theta", "float32 or float64"
    yield _is_finite(theta, theta.shape[:1]), "theta", "a vector of finite numbers"
    for field, vector in state._asdict().items():
        yield _is_like(vector, theta), field, f"{theta.size} numbers of {theta.dtype}"
    yield np.isfinite(C).all() and (C >= 0).all(), "noise_variance", "finite numbers from 0"


@checks_of.register
def _(parameters: Parameters):
    status = parameters.status
    yield from _checks_of_vectors(parameters, PRUNED)
    pruned = status == PRUNED
    yield (
        not parameters.state.theta[pruned].any(),
        "state.theta",
        "0 for each parameter that is pruned",
    )
    yield not parameters.theta[pruned].any(), "average", "0 for each parameter that is pruned"


@checks_of.register
def _(remaining: Remaining):
    where, n_parameters = remaining.where, remaining.layout.n_parameters
    yield from _checks_of_vectors(remaining, FROZEN)
    n = len(remaining.status)
    ascending = where.dtype in POSITIONS and where.shape == (n,) and (np.diff(where) > 0).all()
    within = ascending and (n == 0 or (where[0] >= 0 and where[-1] < n_parameters))
    yield within, "where", f"{n} ascending whole numbers from 0 to {n_parameters - 1}"


def _checks_of_vectors(parameters, most):
    """Yield the checks of a status, up to `most`, and of an average beside a State."""
    theta, status, average = parameters.state.theta, parameters.status, parameters.average
    is_status = status.dtype == np.uint8 and status.shape == theta.shape and (status <= most).all()
    yield is_status, "status", f"{theta.size} numbers of uint8 from 0 to {most}"
    is_average = average is None or (_is_like(average, theta) and _is_finite(average, theta.shape))
    yield is_average, "average", f"{theta.size} finite numbers of {theta.dtype}"


@checks_of.register
def _(encoding: Encoding):
    mean, scale, source, first, low, high = encoding
    n = mean.shape[:1]
    for field in ("mean", "scale"):
        values = getattr(encoding, field)
        is_real = values.dtype == np.float64 and _is_finite(values, n)
        yield is_real, field, f"{mean.size} finite numbers of float64"
    yield (scale > 0).all(), "scale", "numbers above 0"
    whole = all(array.dtype == np.int64 and array.ndim == 1 for array in (source, first))
    yield whole, "source", "vectors of int64 in `source` and `first`"
    n_each = np.diff(first)
    follows = first.size != 1 and (n_each > 0).all() and not first[:1].any()
    follows = follows and source.size == first[-1:].sum() and (first.size == 0 or source.size > 0)
    yield follows, "first", "ascending from 0 to the number of inputs"
    features = np.repeat(np.arange(n_each.size), n_each)
    yield np.array_equal(source, features), "source", "the feature of each input, as `first` says"
    for field, values in {"low": low, "high": high}.items():
        is_real = values.dtype == np.float64 and values.shape == source.shape
        yield is_real, field, f"{source.size} numbers of float64"
    yield (low <= high).all(), "low", "numbers up to `high`"
    yield source.size in (0, mean.size), "mean", f"{source.size} numbers, one for each input"


@checks_of.register
def _(calibration: Calibration):
    temperature, degrees = calibration.temperature, calibration.degrees
    yield 0 < temperature < math.inf, "temperature", "a finite number above 0"
    is_even = 2 < degrees <= MOST_DEGREES and degrees % 2 == 0
    yield degrees == math.inf or is_even, "degrees", "infinity or a small even number from 4"


@checks_of.register
def _(network: FittedNetwork):
    layout, parameters, targets = network.layout, network.parameters, network.targets
    sizes, calibration, encoding = layout.sizes, network.calibration, network.encoding
    yield network.activation in ACTIVATIONS, "activation", " or ".join(ACTIVATIONS)
    sparse = isinstance(parameters, Remaining)
    if sparse:
        yield parameters.layout.sizes == sizes, "parameters.layout", "that of the network"
    n, theta = layout.n_parameters, parameters.state.theta
    fits = sparse or theta.size == n
    yield fits, "parameters.state.theta", f"{n} parameters, as the layout has"
    yield n <= network.n_parameters < MOST, "n_parameters", f"a whole number from {n}"
    yield targets.n_outputs == sizes[-1], "targets", f"{sizes[-1]} outputs, as the layout has"
    yield (
        encoding.mean.size in (0, sizes[0]),
        "encoding.mean",
        f"{sizes[0]} inputs, as the layout has",
    )
    yield 0 <= network.average_from < MOST, "average_from", "a whole number from 0"
    yield math.isfinite(network.dispersion), "dispersion", "a finite number"
    pruned = None if sparse else parameters.status == PRUNED
    for sample in network.posterior_samples:
        sound = isinstance(sample, np.ndarray) and _is_like(sample, theta)
        sound = sound and _is_finite(sample, theta.shape) and (sparse or not sample[pruned].any())
        expected = f"vectors of {theta.size} finite numbers of {theta.dtype}, 0 where pruned"
        yield sound, "posterior_samples", expected
    yield isinstance(calibration, Calibration | None), "calibration", "a Calibration or None"
    if calibration is not None:
        yield _is_of(calibration, targets), "calibration", "noise as the targets have it"


def _is_of(calibration, targets):
    """Return whether a Calibration has the noise that these targets need."""
    shape = (targets.n_outputs,)
    names = "slope", "offset", "dispersion"
    numbers = [np.asarray(getattr(calibration, name)) for name in names]
    if not all(value.dtype.kind in "fi" and value.shape in ((), shape) for value in numbers):
        return False
    if not (np.isfinite(numbers[-1]).all() and (numbers[-1] > 0).all()):
        return False
    if not targets.has_noise:
        return calibration.noise_std is None
    std = np.asarray(calibration.noise_std)
    return std.dtype.kind == "f" and std.shape == shape and not (std < 0).any()


@checks_of.register
def _(targets: Target):
    objectives = [(loss, targets.out_activation) in OBJECTIVES for loss in targets.losses]
    yield any(objectives), "out_activation", "one that the loss goes with"


@checks_of.register(SingleLabel)
@checks_of.register(Multilabel)
def _(targets):
    classes = targets.classes
    yield _is_ascending(classes), "classes", "a vector of labels, ascending"


@checks_of.register
def _(targets: RealValued):
    yield from checks_of.dispatch(Target)(targets)
    mean, scale = targets.mean, targets.scale
    for field, values in {"mean": mean, "scale": scale}.items():
        is_real = values.dtype == np.float64 and values.shape == mean.shape[:1] and mean.size > 0
        yield is_real, field, "a vector of float64, a number for each output"
    yield np.isfinite(mean).all(), "mean", "finite numbers"
    yield (scale > 0).all(), "scale", "numbers above 0"


@checks_of.register
def _(moments: Moments):
    yield 0 < moments.count < MOST, "count", "a finite number above 0"
    for field, values in moments._asdict().items():
        is_real = field == "count" or (
            values.dtype == np.float64 and values.shape == moments.mean.shape[:1]
        )
        yield is_real, field, f"{moments.mean.size} numbers of float64"


@checks_of.register
def _(running: Running):
    mean, varied = running.all.mean, running.varied
    yield running.last.mean.size == mean.size, "last.mean", f"{mean.size} numbers"
    is_count = varied.dtype == np.float64 and varied.shape == mean.shape and (varied >= 0).all()
    yield is_count, "varied", f"{mean.size} numbers of float64 from 0"


@checks_of.register
def _(moments: RunningMoments):
    count = moments.X.all.count
    yield moments.y is None or moments.y.all.count == count, "y", f"moments of {count} rows"


@checks_of.register
def _(unfinished: Unfinished):
    n_left, end, size = unfinished.n_left, unfinished.end, unfinished.size
    yield 1 <= n_left <= end <= size < MOST_ROWS, "size", "1 <= n_left <= end <= size"
    yield _is_sound(unfinished.generator), "generator", IN_ITSELF


@checks_of.register
def _(sampler: Sampler):
    rest = sampler._rest
    is_rest = rest is None or (rest.dtype == np.int64 and rest.ndim == 1 and (rest >= 0).all())
    yield is_rest, "_rest", "row numbers, a vector of int64 from 0, or None"
    for field in ("_batch_rng", "_probe_rng"):
        yield _is_sound(getattr(sampler, field)), field, IN_ITSELF


@checks_of.register
def _(history: History):
    yield 0 <= history.n_steps < MOST, "n_steps", "a whole number from 0"
    parts = all(mismatch(part, np.ndarray, "") is None for part in history.losses)
    real = parts and all(part.dtype == np.float64 and part.ndim == 1 for part in history.losses)
    yield real and all(part.size for part in history.losses), "losses", "vectors of float64"
    for field in ("validation_scores", "validation_losses"):
        numbers = getattr(history, field) or []
        yield all(mismatch(n, float, "") is None for n in numbers), field, "a list of numbers"


@checks_of.register
def _(selection: Selection):
    precision, n = selection.precision, len(selection.encodings)
    sound = precision is None or 0 < precision < math.inf
    yield sound, "precision", "a finite number above 0, or None"
    words = all(isinstance(kind, str | None) for kind in selection.encodings)
    yield words, "encodings", "words"
    for field, ndim in (("precisions", 1), ("mean_losses", 1), ("losses", 2)):
        values = getattr(selection, field)
        compared = values.dtype == np.float64 and values.ndim == ndim
        compared = compared and (len(values) == n or (n == 0 and field == "precisions"))
        yield compared, field, f"numbers of float64 for {n} trials"


@checks_of.register
def _(state: TrainingState):
    moments, network = state.moments, state.network
    yield 0 < state.n_rows < MOST, "n_rows", "a whole number from 1"
    yield 0 <= state.t < MOST, "t", "a whole number from 0"
    yield _is_sound(state.rng), "rng", IN_ITSELF
    n_features = _n_features(network)
    yield moments.X.all.mean.size == n_features, "moments.X.all.mean", f"{n_features} numbers"
    n_outputs = network.layout.sizes[-1] if isinstance(network.targets, RealValued) else 0
    found = 0 if moments.y is None else moments.y.all.mean.size
    yield found == n_outputs, "moments.y", f"those of {n_outputs} columns"


def _n_features(network):
    first = network.encoding.first
    return first.size - 1 if first.size else network.layout.sizes[0]


def _is_sound(rng):
    """Return whether a generator reads within its own state, which NumPy does not check."""
    bits = rng._bit_generator if isinstance(rng, np.random.RandomState) else rng.bit_generator
    state = bits.state
    word, buffered = state["state"], state.get("buffer_pos", 0)
    within = not isinstance(word, dict) or 0 <= word.get("pos", 0) <= MT_WORDS
    return within and 0 <= buffered <= PHILOX_WORDS


def _is_finite(values, shape):
    """Return whether an array, or a number, is of floats, all finite, and of a shape."""
    values = np.asarray(values)
    return values.dtype.kind in "fiu" and values.shape == shape and bool(np.isfinite(values).all())


def _is_like(vector, other):
    return vector.dtype == other.dtype and vector.shape == other.shape and vector.ndim == 1


def _is_ascending(labels):
    """Return whether a vector has labels, each larger than the one before."""
    if labels.ndim != 1 or not labels.size or labels.dtype.kind in "cV":
        return False
    if labels.dtype == object and not all(isinstance(label, str) for label in labels):
        return False
    whole = labels.dtype.kind != "f" or np.array_equal(labels, np.rint(labels))
    return whole and all(one < other for one, other in pairwise(labels))
