"""Files of estimators: what is read holds together, or is refused before it reaches a kernel."""

import copy
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import skops.io

from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._data.sampling import Population
from sksgdprune._export import checks, serialization
from sksgdprune._utils.annotations import field_types
from tests.export.tampering import (
    DROPPED,
    IRIS,
    MAKERS,
    changed,
    classifier,
    misplaced,
    read,
)

ROOT = Path(__file__).parents[2]


def in_pickle(estimator):
    """Return a function that reads what is written of an estimator now."""
    content = pickle.dumps(estimator)
    return lambda: pickle.loads(content)


def in_skops(estimator):
    """Return a function that reads what is written of an estimator now."""
    content = skops.io.dumps(estimator)
    return lambda: skops.io.loads(content, trusted=[type(estimator)])


@cache
def fitted(name):
    """Return one of the estimators, which is not to be changed."""
    return MAKERS[name]()


def network(*names):
    return ("_state", "network", *names)


def parameters(*names):
    return network("parameters", *names)


def state(*names):
    return ("_state", *names)


def labels_of_no_classifier(_):
    return {"__record__": "SingleLabel", "classes": np.array([3])}


SIZES, WHERE, STATUS = network("layout", "sizes"), parameters("where"), parameters("status")
THETA, C = parameters("state", "theta"), parameters("state", "noise_variance")
CLASSES, SAMPLES = network("targets", "classes"), network("posterior_samples")
UNFINISHED = state("sampler", "_unfinished")
# The estimator, the place of what is changed, how, and what the error says.
CHANGES = [
    ("shuffled", SIZES, lambda _: (4, 50_000, 3), "expected 400003 parameters"),
    ("shuffled", SIZES, lambda _: (2**62, 2**62), "less than"),
    ("shuffled", SIZES, lambda _: (3,), "two or more"),
    ("shuffled", SIZES, lambda sizes: (*sizes[:-1], 0), "from 1"),
    ("pieces", parameters("average"), lambda average: average[:-3], "average.*finite"),
    ("draws", SAMPLES, lambda all_: (*all_[:-1], np.tile(all_[-1], 9)), "posterior_samples"),
    ("shuffled", C, lambda C: C.astype(np.float32), "float32.*noise_variance.*float64"),
    ("shuffled", C, lambda C: C - 9, "from 0"),
    ("shuffled", THETA, lambda theta: theta * np.nan, "theta.*finite"),
    ("shuffled", THETA, lambda theta: theta.astype(int), "float32 or float64"),
    ("shuffled", THETA, lambda theta: theta[:, np.newaxis], "a vector"),
    ("shuffled", STATUS, list, "status.*ndarray"),
    ("shuffled", STATUS, lambda status: status + 7, "status.*from 0 to 2"),
    ("validated", STATUS, lambda status: status * 0 + 2, "0 for each"),
    ("draws", STATUS, lambda status: status * 0 + 2, "from 0 to 1"),
    ("draws", WHERE, lambda where: where - where[-1], "where.*from 0"),
    ("draws", WHERE, lambda where: where + 900, "where.*from 0 to"),
    ("draws", WHERE, lambda where: where[::-1], "ascending"),
    ("draws", WHERE, lambda where: where.astype(float), "whole numbers"),
    ("shuffled", CLASSES, lambda _: np.arange(9), "targets.*3 outputs"),
    ("shuffled", CLASSES, np.flip, "ascending"),
    ("counts", network("targets", "__record__"), lambda _: "RealValued", "out_activation"),
    ("counts", network("targets"), labels_of_no_classifier, "RealValued or Count"),
    ("pieces", ("n_features_in_",), lambda n: n + 1, "n_features_in_"),
    ("named", ("feature_names_in_",), lambda names: names[1:], "expected 4 names"),
    ("pieces", network("encoding", "first"), lambda first: first * 9, "encoding.first"),
    ("pieces", network("encoding", "source"), lambda source: source - 1, "encoding.source"),
    ("pieces", network("encoding", "scale"), lambda scale: scale * 0, "above 0"),
    ("shuffled", state("moments", "X", "all", "mean"), lambda mean: mean[:2], "moments.X"),
    ("validated", state("sampler", "_rest"), lambda _: np.array([-(10**12)]), "_rest.*from 0"),
    ("shuffled", (*UNFINISHED, "size"), lambda _: 10**15, "_unfinished.size"),
    ("pieces", state("rng"), lambda rng: misplaced(rng, 2**31 - 1), "rng.*position"),
    ("shuffled", state("t"), lambda _: 2**80, "state.t "),
    ("shuffled", network("layout"), lambda _: {"__record__": "Mine"}, "'Mine' in a record"),
    ("shuffled", network("layout", "__record__"), lambda _: "State", "fields of a State"),
    ("shuffled", network("layout"), lambda layout: layout | {"tensors": ()}, "fields of a Layout"),
    ("shuffled", STATUS, lambda _: DROPPED, "fields of a Parameters"),
    ("shuffled", ("_state",), lambda _: 5, "Got 5 in state .*TrainingState"),
]


@pytest.mark.parametrize("written", [in_pickle, in_skops])
@pytest.mark.parametrize(("name", "place", "change", "expected"), CHANGES)
def test_a_changed_file_is_refused_by_what_is_wrong(
    name, place, change, expected, written, monkeypatch
):
    estimator = fitted(name)
    assert written(estimator)().t_ == estimator.t_
    stored = changed(estimator.__getstate__(), place, change)
    with monkeypatch.context() as patch:
        patch.setattr(type(estimator), "__getstate__", lambda _: stored)
        read_again = written(estimator)
    with pytest.raises(ValueError, match=expected) as error:
        read_again()
    assert "of a stored estimator; expected" in str(error.value)


def test_arrays_of_another_byte_order_are_refused():
    clf = fitted("shuffled")
    other = changed(clf.__getstate__(), THETA, lambda theta: theta.astype(">f8"))
    with pytest.raises(ValueError, match="float32 or float64"):
        read(type(clf), other)


def test_a_generator_among_the_parameters_reads_within_itself():
    clf = classifier(random_state=np.random.RandomState(0))
    stored = clf.__getstate__()
    with pytest.raises(ValueError, match="random_state of a stored estimator"):
        read(type(clf), changed(stored, ("random_state",), lambda rng: misplaced(rng, -5)))


@pytest.mark.slow  # a process of its own, and hundreds of sequences of training and cuts
def test_what_is_read_of_damaged_files_works_or_is_refused():
    command = [sys.executable, "-m", "tests.export.tampering", "0", "60"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    refused, used = map(int, run.stdout.split())
    assert refused > 300
    assert used > 50


def test_each_record_has_checks_of_its_own():
    for kind in serialization.RECORDS.values():
        assert checks.checks_of.dispatch(kind) is not checks.checks_of.dispatch(object), kind
        assert field_types(kind), kind


def test_fields_that_an_older_file_does_not_have_are_the_defaults():
    clf = fitted("chosen")
    stored = clf.__getstate__()
    for place in (network("diverged"), SAMPLES, state("history")):
        stored = changed(stored, place, lambda _: DROPPED)
    older = read(type(clf), stored)
    np.testing.assert_array_equal(older.predict_proba(IRIS[0]), clf.predict_proba(IRIS[0]))
    assert older.loss_curve_ == []


def test_rows_left_of_a_permutation_in_an_older_file_are_drawn():
    clf = fitted("shuffled")
    rest = clf._state.sampler._unfinished.rows(Population(len(IRIS[1])))
    stored = changed(clf.__getstate__(), UNFINISHED, lambda _: DROPPED)
    older = in_pickle(read(type(clf), changed(stored, state("sampler", "_rest"), lambda _: rest)))()
    np.testing.assert_array_equal(older._state.sampler._rest, rest)
    again = copy.deepcopy(clf)
    for estimator in (older, again):
        estimator.partial_fit(*IRIS, n_steps=3)
    np.testing.assert_array_equal(older.theta_, again.theta_)


def test_a_pickle_after_shuffled_rows_is_small_and_goes_on_with_the_same_bits():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(20_000, 2)), rng.randint(2, size=20_000)
    options = {"max_steps": 3, "sampling": "shuffle", "random_state": 0}
    clf = PreconditionedMLPClassifier((10,), **options).fit(X, y)
    plain = PreconditionedMLPClassifier((10,), **options | {"sampling": "replacement"}).fit(X, y)
    assert len(pickle.dumps(clf)) < len(pickle.dumps(plain)) + 2_000
    assert clf._state.sampler._rest is None
    loaded = in_pickle(clf)()
    clf.partial_fit(X, y, n_steps=400)
    for n_steps in (100, 1, 299):
        loaded = in_pickle(loaded.partial_fit(X, y, n_steps=n_steps))()
    np.testing.assert_array_equal(loaded.theta_, clf.theta_)


@pytest.mark.parametrize("name", ["theta_", "noise_variance_"])
def test_what_is_set_by_hand_is_finite_as_it_is_kept(name):
    clf = classifier(IRIS[0].astype(np.float32))
    before = getattr(clf, name)
    with pytest.raises(ValueError, match=rf"1e\+300 in {name}"):
        setattr(clf, name, np.full(before.size, 1e300))
    np.testing.assert_array_equal(getattr(clf, name), before)
    in_pickle(clf)()
