"""to_c writes C99 that predicts as the estimator does, compiled by the system's compilers."""

import re
import shutil
import subprocess
from copy import deepcopy
from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor
from sksgdprune._kernels.activations import ACTIVATIONS
from tests.c_compiler import Library, each_compiler, needs_compiler, object_file
from tests.cases import IRIS, LABELS, NAMES, SMALL, Y, state

# In units of their own; numbers that float32 holds.
X = (IRIS.data * [1, 10, 100, 1000] + [0, 50, 0, 3]).astype(np.float32).astype(float)
WIDTHS = np.stack([X[:, 0] * 1e4 + X[:, 2], 5 - X[:, 1] / 40], axis=1)
TARGETS = {
    "classes": (PreconditionedMLPClassifier, {}, NAMES),
    "two_classes": (PreconditionedMLPClassifier, {}, NAMES == "setosa"),
    "one_class": (PreconditionedMLPClassifier, {}, np.full(len(X), "only")),
    "double_softmax": (PreconditionedMLPClassifier, {"loss": "double_softmax"}, Y),
    "labels": (PreconditionedMLPClassifier, {}, LABELS),
    "a_real": (PreconditionedMLPRegressor, {}, WIDTHS[:, 0]),
    "reals": (PreconditionedMLPRegressor, {}, WIDTHS),
    "relu_output": (PreconditionedMLPRegressor, {"output_activation": "relu"}, WIDTHS - [5e4, 3]),
    "counts": (PreconditionedMLPRegressor, {"loss": "poisson"}, np.floor(X[:, 2] / 50)),
}
# Of the range of predictions, besides the rounding of y itself; "int8" beside the same network with
# weights of 8 bits.
TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "int8": 1e-5}
CUTS = {
    "dense": lambda estimator: estimator,
    "sparse": lambda estimator: estimator.prune(0.85).sparsify(),
    "biases_too": lambda estimator: estimator.prune(0.6, "random", include_biases=True),
    "units": lambda estimator: estimator.prune(0.6, structure="unit"),
    "inputs": lambda estimator: estimator.prune(0.5, structure="input"),
    "empty": lambda estimator: estimator.prune(1.0, scope="layer"),
}


def fitted(kind="classes", dtype=np.float64, **parameters):
    """A small estimator, quickly fitted to inputs and targets in units of their own."""
    estimator, special, y = TARGETS[kind]
    return estimator(**(SMALL | special | parameters)).fit(X.astype(dtype), y)


def rounded_to_8_bits(estimator):
    """The network whose weights are, unit by unit, multiples of the largest one's 127th."""
    estimator = deepcopy(estimator).densify().compact()
    coefs = []
    for W in estimator.coefs_:
        step = np.abs(W).max(axis=0) / 127
        coefs.append(np.rint(W / np.where(step > 0, step, 1)) * step)
    estimator.coefs_ = coefs
    return estimator


def predictions(estimator, rows):
    """Probabilities, or predicted targets, a row for each."""
    proba = getattr(estimator, "predict_proba", None)
    return (proba or estimator.predict)(rows).reshape(len(rows), -1)


def assert_compiled_predicts_the_same(estimators, folder, compiler=None, X=X):
    """Compile estimators, by name and dtype, as one file and compare their predictions."""
    texts = [estimator.to_c(name=name, dtype=dtype) for name, dtype, estimator in estimators]
    library = Library("\n".join(texts), folder, compiler)
    for name, dtype, estimator in estimators:
        real = "float64" if dtype == "float64" else "float32"
        rows = X.astype(estimator.theta_.dtype)
        truth = rounded_to_8_bits(estimator) if dtype == "int8" else estimator
        expected = predictions(truth, rows)
        found = library.predict(name, rows, expected.shape[1], real)
        reach = 1 if hasattr(truth, "predict_proba") else np.ptp(expected) or abs(expected).max()
        least = 4 * np.finfo(real).eps * abs(expected).max()
        tolerance = TOLERANCE[dtype] * reach + least
        assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=name)
        if f"int {name}_class" in "".join(texts):
            labels = truth.classes_[library.classes(name, rows, real)]
            assert_array_equal(labels, truth.classes_[found.argmax(axis=1)])
            clear = np.ptp(np.sort(expected)[:, -2:], axis=1) > 1e-4
            assert_array_equal(labels[clear], truth.predict(rows)[clear])


# Predictions


@pytest.mark.slow  # 3 seconds for each kind
@needs_compiler
@pytest.mark.parametrize("kind", TARGETS)
def test_compiled_networks_predict_the_same(kind, tmp_path):
    """Activations, densities and number types."""
    estimators = []
    for activation, cut in product(ACTIVATIONS, CUTS):
        if kind == "relu_output" and cut == "empty":
            continue  # 0 for every row, whatever the network
        estimator = CUTS[cut](fitted(kind, activation=activation))
        estimators += [(f"{activation}_{cut}_{dtype}", dtype, estimator) for dtype in TOLERANCE]
    assert_compiled_predicts_the_same(estimators, tmp_path)


@each_compiler
@pytest.mark.parametrize("kind", ["classes", "reals"])
def test_depths_and_encodings_predict_the_same(kind, compiler, tmp_path):
    depths = {"none": (), "one": (7,), "three": (6, 5, 4)}
    estimators = [
        (f"depth_{depth}_{encoding}_{dtype}", dtype, estimator)
        for (depth, hidden), encoding in product(depths.items(), ("standard", "piecewise"))
        for estimator in [fitted(kind, hidden_layer_sizes=hidden, encoding=encoding).prune(0.5)]
        for dtype in TOLERANCE
    ]
    raw = fitted(kind, encoding=None, learning_rate=1e-6)
    estimators += [(f"raw_{dtype}", dtype, raw) for dtype in TOLERANCE]
    assert_compiled_predicts_the_same(estimators, tmp_path, compiler)


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("encoding", ["standard", "piecewise"])
@pytest.mark.parametrize("mean", [50, 3e4])
def test_features_far_from_0_keep_their_digits(mean, encoding, dtype, tmp_path):
    far = (IRIS.data + mean).astype(np.float32).astype(dtype)
    clf = PreconditionedMLPClassifier(
        hidden_layer_sizes=(32,), max_steps=500, random_state=0, encoding=encoding
    ).fit(far, Y)
    to = ["float32", "int8"]
    if dtype == np.float64 and mean == 50:  # further away the estimator's own digits are fewer
        to.append("float64")
    estimators = [(f"far_{name}", name, clf) for name in to]
    assert_compiled_predicts_the_same(estimators, tmp_path, X=far)
    assert "z -= offset[i];" in clf.to_c()
    near = PreconditionedMLPClassifier(**SMALL, encoding=encoding).fit(X - X.mean(axis=0), Y)
    assert encoding == "piecewise" or "offset" not in near.to_c()


@needs_compiler
def test_float32_estimators_predict_the_same(tmp_path):
    estimators = [
        (f"{kind}_{dtype}", dtype, fitted(kind, np.float32).prune(0.5))
        for kind, dtype in product(("classes", "a_real"), ("float32", "int8"))
    ]
    assert_compiled_predicts_the_same(estimators, tmp_path)


@needs_compiler
@pytest.mark.parametrize(
    ("n_features", "kind"), [(200, "uint8_t"), (900, "uint16_t"), (70_000, "uint32_t")]
)
def test_steps_between_far_inputs_are_as_wide_as_they_need(n_features, kind, tmp_path):
    rows = np.zeros((30, n_features))
    rows[:, [1, -2]] = np.random.RandomState(0).normal(size=(30, 2))
    y = rows[:, 1] > rows[:, -2]
    clf = PreconditionedMLPClassifier((), max_steps=1, batch_size=5, random_state=0).fit(rows, y)
    theta = np.zeros((n_features + 1, 2))
    theta[:, 0] = 1 / n_features
    theta[[1, -3, -1], 1] = 1, -2, 0.5
    clf.theta_ = theta.ravel()
    assert f"static const {kind} steps[{n_features + 2}]" in clf.to_c(dtype="float64")
    assert_compiled_predicts_the_same([("network", "float64", clf)], tmp_path, X=rows)


# Sizes


def constants(text):
    """Return the constant arrays as (type, name, number of entries)."""
    found = re.findall(r"static const (\w+) (\w+)\[(\d+)\] = \{([^}]*)\}", text)
    assert all(int(n) == len(values.split(",")) for _, _, n, values in found)
    return [(kind, name, int(n)) for kind, name, n, _ in found]


WIDTH = {"float": 4, "double": 8, "int8_t": 1, "uint8_t": 1, "uint16_t": 2}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("cut", CUTS)
def test_the_head_says_how_many_bytes_there_are(cut, dtype):
    text = CUTS[cut](fitted()).to_c(dtype=dtype)
    n_bytes = sum(WIDTH[kind] * n for kind, _, n in constants(text))
    assert f"Constants take {n_bytes:,} bytes" in text


def test_each_layer_is_written_in_fewer_bytes():
    """4 bytes a weight; or 5 for one that is left, and 1 for each unit."""
    clf = fitted(hidden_layer_sizes=(50,), encoding=None)
    W = np.ones((4, 50))
    W[np.arange(50) % 4, np.arange(50)] = 0
    for n_left, form in [(150, "200 weights"), (149, "149 of 200 weights")]:
        W[3, 0] = n_left == 150
        clf.coefs_ = [W, np.ones((50, 3))]
        assert f"layer_1: 4 -> 50, relu, {form}\n" in clf.to_c()
    assert [name for _, name, _ in constants(clf.to_c())] == [
        *("weights", "steps", "counts", "biases"),
        *("weights", "biases"),
    ]


def test_units_and_inputs_that_do_nothing_are_left_out():
    clf = (
        fitted(hidden_layer_sizes=(16,)).prune(0.5, structure="unit").prune(0.5, structure="input")
    )
    sizes = {(name, n) for _, name, n in constants(clf.to_c())}
    assert {("source", 2), ("weights", 2 * 8), ("weights", 8 * 3), ("biases", 8)} <= sizes


@needs_compiler
@pytest.mark.skipif(not shutil.which("size"), reason="no binutils here")
def test_a_network_of_digits_fits_in_two_kilobytes_and_a_half(tmp_path):
    digits, y = load_digits(return_X_y=True)
    clf = PreconditionedMLPClassifier((32,), max_steps=300, random_state=0).fit(digits, y)
    clf.prune(0.95)
    for dtype, most in {"float32": 2_500, "int8": 1_000}.items():
        path = object_file(clf.to_c(dtype=dtype), tmp_path)
        table = subprocess.run(["size", "-A", path], capture_output=True, text=True, check=True)
        sections = re.findall(r"^\.rodata\S*\s+(\d+)", table.stdout, re.MULTILINE)
        assert 0 < sum(map(int, sections)) <= most


@needs_compiler
@pytest.mark.skipif(not shutil.which("nm"), reason="no binutils here")
def test_nothing_is_called_but_exponentials_and_tanh(tmp_path):
    for kind, activation in [("classes", "tanh"), ("counts", "logistic"), ("reals", "relu")]:
        path = object_file(fitted(kind, activation=activation).to_c(), tmp_path)
        table = subprocess.run(["nm", "-u", path], capture_output=True, text=True, check=True)
        called = set(table.stdout.split()) - {"U", "_GLOBAL_OFFSET_TABLE_"}
        assert called <= {"expf", "tanhf"}
        assert bool(called) == (kind != "reals")


# The text


def test_what_was_set_to_0_is_written_as_what_was_pruned():
    clf = fitted().prune(0.7)
    by_hand = fitted()
    by_hand.theta_ = clf.theta_
    assert (
        by_hand.to_c()
        == clf.to_c()
        == deepcopy(clf).sparsify().to_c()
        == clf.freeze(1, "random").to_c()
    )


def test_a_file_is_written_and_the_estimator_stays_as_it_is(tmp_path):
    clf = fitted().prune(0.5).sparsify()
    before = state(clf)
    assert clf.to_c(tmp_path / "clf.c", name="clf") is None
    assert (tmp_path / "clf.c").read_text(encoding="ascii") == clf.to_c(name="clf")
    assert state(clf) == before


def test_features_and_labels_are_listed_in_the_head():
    frame = pd.DataFrame(X, columns=IRIS.feature_names)
    clf = PreconditionedMLPClassifier(**SMALL).fit(frame, NAMES)
    head = clf.to_c().split("*/")[0]
    assert re.findall(r"\[(\d)\] (.*)", head) == [
        *((str(i), repr(name)) for i, name in enumerate(IRIS.feature_names)),
        *((str(i), repr(name)) for i, name in enumerate(["setosa", "versicolor", "virginica"])),
    ]


class Evil(str):
    """Text that shows itself otherwise."""

    def __repr__(self):
        return "*\\\n/ int evil(void);"


HOSTILE = [
    Evil("evil"),
    "*/ int main(void) {",
    "/*",
    "*//**/",
    "??/",
    "\\",
    "line\nline",
    "Größe",
    "'\"",
    "%s$x",
    "\x00",
]


@each_compiler
def test_no_label_or_name_breaks_out_of_its_comment(compiler, tmp_path):
    y = np.array(HOSTILE, dtype=object)[np.arange(len(X)) % len(HOSTILE)]
    frame = pd.DataFrame(
        X, columns=[f"{name}{end}" for name, end in zip(HOSTILE, "*/\\?", strict=False)]
    )
    clf = PreconditionedMLPClassifier(**SMALL).fit(frame, y)
    text = clf.to_c()
    object_file(text, tmp_path, compiler, "-trigraphs")
    assert text.count("*/") == text.count("/*") == 1
    assert text.isascii()


def test_labels_of_other_kinds_are_listed_as_they_print():
    y = np.array(["2020-01-01", "2021-01-01"], "datetime64[ns]")[np.arange(len(X)) % 2]
    head = PreconditionedMLPClassifier(**SMALL).fit(X, y.astype("datetime64[D]")).to_c()
    assert "[1] 2021-01-01" in head


def test_the_text_does_not_depend_on_how_numpy_prints():
    clf = fitted()
    with np.printoptions(precision=3, legacy="1.13"):
        assert clf.to_c() == clf.to_c() != ""
        text = clf.to_c(dtype="float64")
    assert text == clf.to_c(dtype="float64")


@pytest.mark.parametrize("name", ["", "1st", "a b", "é", "_net", "a;", "n\n", "a-b", 3, None])
def test_a_name_that_c_does_not_take_is_refused(name):
    with pytest.raises(ValueError, match="expected what the name of a C function may begin with"):
        fitted().to_c(name=name)


# What is refused


@pytest.mark.parametrize("dtype", ["float16", "int4", None, np.float32, np.dtype("float32"), X])
def test_an_unknown_dtype_is_refused(dtype):
    with pytest.raises(ValueError, match="'float32', 'float64' or 'int8'"):
        fitted().to_c(dtype=dtype)


def test_what_no_c_file_predicts_is_refused(tmp_path):
    with pytest.raises(NotFittedError):
        PreconditionedMLPClassifier().to_c()
    path = tmp_path / "network.c"
    with pytest.raises(
        ValueError, match=r"mean over 3 posterior samples, which a file of C.*n_draws=0"
    ):
        fitted(n_draws=3).to_c(path)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        diverged = fitted("reals", learning_rate=1e30, preconditioner="identity", average=False)
    with pytest.raises(ValueError, match="run diverged"):
        diverged.to_c(path)
    assert not path.exists()


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_sizes_that_float32_does_not_hold_are_refused(dtype):
    for of_X, of_y in [(1e60, 1.0), (1e-60, 1.0), (1.0, 1e60), (1.0, 1e-60)]:
        reg = PreconditionedMLPRegressor(**SMALL).fit(X * np.float64(of_X), WIDTHS * of_y)
        with pytest.raises(ValueError, match=r"float32 does not hold; write .* dtype='float64'"):
            reg.to_c(dtype=dtype)
        assert reg.to_c(dtype="float64")
    reg = fitted("reals")
    reg.coefs_ = [W * 1e60 for W in reg.coefs_]
    with pytest.raises(ValueError, match=r"numbers up to .*e\+\d\d, which float32 does not hold"):
        reg.to_c(dtype=dtype)


def test_an_activation_that_is_not_written_in_c_is_refused(monkeypatch):
    clf = fitted(activation="tanh")
    monkeypatch.setitem(ACTIVATIONS, "tanh", ACTIVATIONS["tanh"]._replace(in_c=None))
    with pytest.raises(ValueError, match="'tanh' is not written in C"):
        clf.to_c()
