"""Stored estimators with some parts changed, and the use of what can be read of them.

As a script it does so for a number of changes, each of which the seed decides; a crash ends it.
"""

import copy
import faulthandler
import re
import sys
import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes, load_iris

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

IRIS, PATIENTS = (load(return_X_y=True) for load in (load_iris, load_diabetes))
SMALL = {"hidden_layer_sizes": (5, 4), "max_steps": 60, "batch_size": 16, "random_state": 0}
# What the package says of states that hold together and are of no use, such as one whose θ makes
# outputs overflow.
REFUSED = re.compile(
    "diverged|too large|There are no posterior samples|calibrate|overflow|to_sklearn|infinity|NaN"
)


def classifier(X=IRIS[0], y=IRIS[1], **options):
    return PreconditionedMLPClassifier(**(SMALL | options)).fit(X, y)


def regressor(X=PATIENTS[0], y=PATIENTS[1], **options):
    return PreconditionedMLPRegressor(**(SMALL | options)).fit(X, y)


def labels():
    y = IRIS[1]
    return np.stack([y == 0, y != 1, y == 2], axis=1).astype(int)


MAKERS = {
    "shuffled": lambda: classifier(sampling="shuffle", n_draws=3).freeze(0.3, "random"),
    "pieces": lambda: classifier(encoding="piecewise", random_state=np.random.RandomState(0)),
    "chosen": lambda: classifier(max_steps=900).prune(0.6).sparsify(),
    "named": lambda: classifier(pd.DataFrame(IRIS[0], columns=[*"abcd"])),
    "labels": lambda: classifier(y=labels(), average=False).prune(0.9).compact(),
    "draws": lambda: regressor(n_draws=4).prune(0.85).sparsify(),
    "validated": lambda: regressor(early_stopping=True).prune(0.3),
    "counts": lambda: regressor(loss="poisson", n_draws=2),
    "two targets": lambda: regressor(y=np.c_[PATIENTS[1], PATIENTS[0][:, 0]], n_draws=20),
}


def places(value, path=()):
    """Yield the paths to all parts of dicts and tuples within each other."""
    parts = value.items() if type(value) is dict else enumerate(value)
    for key, part in parts:
        yield (*path, key)
        if type(part) in (dict, tuple):
            yield from places(part, (*path, key))


def at(value, path):
    """Return the part at a path."""
    for key in path:
        value = value[key]
    return value


def changed(value, path, change):
    """Return a copy in which the part at a path is what `change` makes of it; DROPPED: none."""
    if not path:
        return change(value)
    key, *rest = path
    parts = dict(value) if type(value) is dict else dict(enumerate(value))
    parts[key] = changed(parts[key], rest, change)
    if parts[key] is DROPPED:
        del parts[key]
    return parts if type(value) is dict else tuple(parts.values())


DROPPED = object()
NUMBERS = [0, 1, -5, 7, 2**31, 2**62, 10**30, 1.5, -0.5, 1e9, np.nan, np.inf, -np.inf, True]
ENTRIES = {
    "u": [0, 1, 2, 3, 7, 255],
    "i": [0, -1, -5, 7, 1000, 2**31 - 1],
    "f": [0.0, -0.0, -3.0, 1e5, 1e200, np.nan, np.inf, -np.inf],
}
ODD = [None, "x", (), {}, [], np.empty(0), np.int64(3), *NUMBERS]


def changed_array(array, rng):
    """Return an array with another size, type, shape or order, or with another number in it."""
    n = int(rng.randint(1, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = array.copy()
        if array.size and array.dtype.kind in ENTRIES:
            entries = ENTRIES[array.dtype.kind]
            one.flat[rng.randint(array.size)] = entries[rng.randint(len(entries))]
        tries = [array[:-n], np.concatenate([array, array[:n]]), array[::-1], *[one] * 4]
        tries += [array[np.newaxis], np.concatenate([array] * 40), array[:0], array.astype(object)]
        kinds = ["f4", "f8", ">f8", "i4", "i8", "u1", "c16"] if array.dtype.kind in "fiu" else []
        tries += [array.astype(kind) for kind in kinds]
        if array.dtype.kind == "i" and array.size:
            tries += [array - 5, array * 1000, array + 2**30, np.zeros_like(array)]
        return tries[rng.randint(len(tries))]


def change_of(value, rng):
    """Return a function that gives another value in place of one, as a damaged file might."""
    if rng.rand() < 0.1:
        return lambda _: ODD[rng.randint(len(ODD))]
    if isinstance(value, np.ndarray):
        return lambda array: changed_array(array, rng)
    if isinstance(value, bool | np.bool_):
        return lambda flag: [not flag, "x", 3][rng.randint(3)]
    if isinstance(value, int | float | np.number):
        if rng.rand() < 0.3:
            return lambda number: number + [-1, 1, 1000][rng.randint(3)]
        return lambda _: NUMBERS[rng.randint(len(NUMBERS))]
    if isinstance(value, str):
        words = "State", "Remaining", "Count", "RealValued", "SingleLabel", "relu", "exp", "softmax"
        return lambda _: words[rng.randint(len(words))]
    if type(value) is tuple and value:
        return lambda parts: [parts[:-1], parts + parts[:1], parts[::-1], parts * 3][rng.randint(4)]
    if type(value) is list:
        return lambda parts: [parts[:-1], [*parts, "x"], [np.nan]][rng.randint(3)]
    if isinstance(value, np.random.RandomState):
        return lambda generator: misplaced(generator, [-7, 625, 2**31 - 1][rng.randint(3)])
    return lambda _: ODD[rng.randint(len(ODD))]


def misplaced(generator, place):
    """Return a copy of a RandomState whose next number is read from behind or before its own."""
    generator = copy.deepcopy(generator)
    state = generator.get_state(legacy=False)
    state["state"]["pos"] = place
    generator.set_state(state)
    return generator


def tampered(stored, rng):
    """Return stored attributes in which one part, or two, are others, and which."""
    found = []
    for _ in range(1 + (rng.rand() < 0.3)):
        state = {"_state": stored["_state"], "n_features_in_": stored["n_features_in_"]}
        paths = list(places(state))
        path = paths[rng.randint(len(paths))]
        drops = rng.rand() < 0.05
        change = (lambda _: DROPPED) if drops else change_of(at(stored, path), rng)
        stored = changed(stored, path, change)
        found.append(".".join(map(str, path)))
        if (
            "_state" not in stored
            or "n_features_in_" not in stored
            or type(stored["_state"]) is not dict
        ):
            break
    return stored, found


def read(kind, stored):
    """Return the estimator of stored attributes."""
    estimator = kind.__new__(kind)
    estimator.__setstate__(stored)
    return estimator


def use(estimator):
    """Do everything that is public with an estimator."""
    is_classifier = isinstance(estimator, PreconditionedMLPClassifier)
    X = (IRIS if is_classifier else PATIENTS)[0]
    y = estimator.predict(X)
    one = copy.deepcopy(estimator).set_params(early_stopping=False)
    for name in dir(type(one)):
        if name.endswith("_") and not name.startswith("_"):
            getattr(one, name, None)
    with_draws = bool(len(one.draws_))
    if is_classifier:
        one.predict_proba(X)
        one.predict_uncertainty(X) if with_draws else None
    elif with_draws:
        one.predict_interval(X), one.log_likelihood(X, y), one.sample_y(X, 2)
    one.partial_fit(X, y, n_steps=30)
    one.prune(0.7, "fisher", X=X, y=y).freeze(0.4, X=X, y=y).partial_fit(X, y, n_steps=9)
    one.sparsify().predict(X)
    one.partial_fit(X, y, n_steps=9).compact().predict(X)
    one.densify().unfreeze().partial_fit(X, y, n_steps=9)
    one.prune(0.8, structure="unit").compact().partial_fit(X, y, n_steps=9).predict(X)
    if len(one.draws_):  # partial_fit may have some
        one.calibrate(X, y)
    else:
        one.to_sklearn().predict(X)
    again = read(type(one), one.__getstate__())
    np.testing.assert_array_equal(again.predict(X), one.predict(X))
    return estimator.sparsify().densify().compact().predict(X)


def is_refused(stored, kind):
    """Return whether stored attributes are refused in the words for that."""
    try:
        read(kind, stored)
    except ValueError as error:
        if "of a stored estimator; expected" in str(error):
            return True
        raise
    return False


@contextmanager
def suppress_refusals():
    """Let errors go that say of what use a state is not."""
    try:
        yield
    except ValueError as error:
        if not REFUSED.search(str(error)):
            raise


def main(seed, n_changes):
    """Try changes of each of the estimators; print how many were refused, and used."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    rng, refused, used = np.random.RandomState(seed), 0, 0
    for name in MAKERS:
        estimator = MAKERS[name]()
        kind, stored = type(estimator), estimator.__getstate__()
        use(read(kind, stored))
        for _ in range(n_changes):
            other, paths = tampered(stored, rng)
            print(name, paths, file=sys.stderr, flush=True)
            if is_refused(other, kind):
                refused += 1
                continue
            used += 1
            if "_state" in other:
                with suppress_refusals():
                    use(read(kind, other))
    print(refused, used)


if __name__ == "__main__":
    faulthandler.enable()
    main(*map(int, sys.argv[1:]))
