"""Bad input is refused with a message that names it, and nothing changes."""

import copy
import re

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from sksgdprune._data import validation as check
from tests.cases import NAMES, X, Y, classifier, regressor, state


def spoilt(array, value):
    array = np.array(array, dtype=float)
    array.flat[3] = value
    return array


def fit_with(**parameters):
    return lambda e, y: e.set_params(**parameters).fit(X, y)


def continue_with(**parameters):
    return lambda e, y: e.set_params(**parameters).partial_fit(X, y)


def on_data(method, bad_X):
    """Return a call of `method` with bad_X, whatever further arguments it takes."""
    return {
        "fit": lambda e, y: e.fit(bad_X, y),
        "partial_fit": lambda e, y: e.partial_fit(bad_X, y),
        "predict": lambda e, y: e.predict(bad_X),
        "prune": lambda e, y: e.prune(0.5, "gradient", X=bad_X, y=y),
        "freeze": lambda e, y: e.freeze(0.5, X=bad_X, y=y),
    }[method]


BAD_P = [1.5, -0.1, np.nan, np.inf, "a", None, True, [0.5]]
BAD_PARAMETERS = [
    ({"hidden_layer_sizes": (0,)}, r"hidden_layer_sizes .*\(0,\)"),
    ({"hidden_layer_sizes": (5, -1)}, r"hidden_layer_sizes .*\(5, -1\)"),
    ({"hidden_layer_sizes": (2.5,)}, r"hidden_layer_sizes .*\(2.5,\)"),
    ({"hidden_layer_sizes": 0}, "hidden_layer_sizes.* 0"),
    ({"hidden_layer_sizes": True}, "hidden_layer_sizes.* True"),
    ({"activation": "sine"}, "activation.*'sine'"),
    ({"loss": "hinge"}, "loss.*'hinge'"),
    ({"preconditioner": "adam"}, "preconditioner.*'adam'"),
    ({"noise_estimator": "none"}, "noise_estimator.*'none'"),
    ({"learning_rate": 0}, "learning_rate.*Got 0"),
    ({"learning_rate": np.nan}, "learning_rate.*nan"),
    ({"kappa": -1}, "kappa.*Got -1"),
    ({"t0": 0}, "t0.*Got 0"),
    ({"posterior_size": 0.0}, "posterior_size.*Got 0.0"),
    ({"damping": -1e-3}, "damping.*Got -0.001"),
    ({"alpha": -1}, "alpha.*Got -1"),
    ({"batch_size": 0}, "batch_size.*Got 0"),
    ({"batch_size": 1, "noise_estimator": "batch"}, "batch_size=1 .* at least 2"),
    ({"sampling": "order"}, "sampling.*'order'"),
    ({"max_steps": 0}, "max_steps.*Got 0"),
    ({"early_stopping": "yes"}, "early_stopping.*'yes'"),
    ({"validation_fraction": 1.5}, "validation_fraction.*Got 1.5"),
    ({"n_iter_no_change": 0}, "n_iter_no_change.*Got 0"),
    ({"tol": -1e-3}, "tol.*Got -0.001"),
    ({"random_state": "seed"}, "random_state.*'seed'"),
    ({"n_jobs": 1.5}, "n_jobs.*Got 1.5"),
    *(({name: True}, f"{name}.*Got True") for name in ("batch_size", "t0", "max_steps")),
    ({"n_iter_no_change": True}, "n_iter_no_change.*Got True"),
]
MALFORMED = csr_array((np.ones(2), np.array([0, 9]), np.r_[np.zeros(149, int), 1, 2]), (150, 4))
MALFORMED.indices[1] = 9
COMMON = (
    [
        (f"{m} with {v} in X", on_data(m, spoilt(X, v)), f"X contains {word}")
        for m in ("fit", "partial_fit", "predict", "prune", "freeze")
        for v, word in ((np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity"))
    ]
    + [
        (f"{m} with malformed CSR", on_data(m, MALFORMED), "no well-formed CSR .*ind(ex|ices)")
        for m in ("fit", "partial_fit", "predict", "prune", "freeze")
    ]
    + [
        (
            f"weights of {w:g}",
            lambda e, y, w=w: e.fit(X, y, np.full(150, w)),
            "goes up to 1e.308, and its sum overflows",
        )
        for w in (1e308,)
    ]
    + [
        (f"{m} with 3 features", on_data(m, X[:, :3]), "X has 3 features.* expecting 4")
        for m in ("partial_fit", "predict", "prune", "freeze")
    ]
    + [
        (f"{m} with X of one dimension", on_data(m, X[0]), "Expected 2D array, got 1D")
        for m in ("fit", "partial_fit", "predict", "prune", "freeze")
    ]
    + [
        (f"{m} with y too short", on_data(m, X[:100]), r"inconsistent .*\[100, 150\]")
        for m in ("fit", "partial_fit", "prune", "freeze")
    ]
    + [
        (
            f"{action} p={p!r}",
            lambda e, y, a=action, p=p: getattr(e, a)(p, "random"),
            re.escape(f"p={p!r}"),
        )
        for action in ("prune", "freeze")
        for p in BAD_P
    ]
    + [
        ("prune H", lambda e, y: e.prune(0.5, "H"), "method='H'.*'magnitude'"),
        ("freeze least", lambda e, y: e.freeze(0.5, "least"), "method='least'.*'gradient'"),
        ("prune None", lambda e, y: e.prune(0.5, None), "method=None"),
        ("prune scope", lambda e, y: e.prune(0.5, scope="row"), "scope='row'.*'global'"),
        (
            "freeze scope",
            lambda e, y: e.freeze(0.5, "random", scope=None),
            "scope=None.*'layer'",
        ),
        ("freeze without X, y", lambda e, y: e.freeze(0.5), "pass X and y"),
        ("freeze without y", lambda e, y: e.freeze(0.5, "fisher", X=X), "pass X and y"),
        ("prune without X", lambda e, y: e.prune(0.5, "gradient", y=y), "pass X and y"),
        ("prune without X, y", lambda e, y: e.prune(0.5, "fisher"), "'fisher'.*pass X and y"),
        (
            "prune random_state",
            lambda e, y: e.prune(0.5, "random", random_state="seed"),
            "'seed' cannot be used to seed",
        ),
    ]
    + [
        (
            f"n_steps={n!r}",
            lambda e, y, n=n: e.partial_fit(X, y, n_steps=n),
            f"n_steps={n!r}",
        )
        for n in (0, -1, 2.5, "a", True)
    ]
    + [(f"fit {p}", fit_with(**p), message) for p, message in BAD_PARAMETERS]
    + [
        (f"partial_fit {p}", continue_with(**p), message)
        for p, message in BAD_PARAMETERS
        if "hidden_layer_sizes" not in p
    ]
)
CLASSIFIER = [
    (
        "unknown class in partial_fit",
        lambda e, y: e.partial_fit(X, np.where(Y == 2, "oak", NAMES)),
        r"\['oak'\].*\['setosa', 'versicolor', 'virginica'\]",
    ),
    (
        "unknown class in prune",
        lambda e, y: e.prune(0.5, "fisher", X=X, y=np.where(Y == 2, "oak", NAMES)),
        r"\['oak'\]",
    ),
    (
        "other classes in partial_fit",
        lambda e, y: e.partial_fit(X, y, classes=["oak", "ash"]),
        "'oak'",
    ),
    (
        "unknown class in a warm start",
        lambda e, y: e.set_params(warm_start=True).fit(X, np.where(Y == 2, "oak", NAMES)),
        r"Previously got .*, `y` has \['oak' ",
    ),
    ("real targets", lambda e, y: e.fit(X, X[:, 0]), "continuous"),
    *(
        (
            f"class weight {w}",
            lambda e, y, w=w: e.set_params(class_weight={"setosa": w}).fit(X, y),
            "class_weight=.*must be finite and >= 0",
        )
        for w in (np.nan, np.inf, -1.0)
    ),
]
REGRESSOR = [
    ("NaN in y", lambda e, y: e.fit(X, spoilt(y, np.nan)), "y contains NaN"),
    ("infinity in y", lambda e, y: e.partial_fit(X, spoilt(y, np.inf)), "y contains infinity"),
    ("2 outputs", lambda e, y: e.partial_fit(X, X[:, :2]), "y has 2 outputs, but fit saw 1"),
    ("output", fit_with(output_activation="exp"), "output_activation.*'exp'"),
    (
        "2 outputs in a warm start",
        lambda e, y: e.set_params(warm_start=True).fit(X, X[:, :2]),
        "y has 2 outputs, but fit saw 1",
    ),
]


def cases(own):
    return [pytest.param(call, message, id=name) for name, call, message in COMMON + own]


def assert_refused(estimator, y, call, message):
    estimator.fit(X, y).prune(0.3).freeze(0.3, "random")
    before, predicted = state(estimator), estimator.predict(X)
    parameters, twin = estimator.get_params(), copy.deepcopy(estimator)
    with pytest.raises(ValueError, match=message):
        call(estimator, y)
    assert state(estimator) == before
    estimator.set_params(**parameters)
    np.testing.assert_array_equal(estimator.predict(X), predicted)
    assert vars(estimator).keys() == vars(twin).keys()
    estimator.partial_fit(X, y, n_steps=3)
    assert state(estimator) == state(twin.partial_fit(X, y, n_steps=3))


@pytest.mark.parametrize(("call", "message"), cases(CLASSIFIER))
def test_bad_input_to_the_classifier_is_refused_and_changes_nothing(call, message):
    assert_refused(classifier(max_steps=5), NAMES, call, message)


@pytest.mark.parametrize(("call", "message"), cases(REGRESSOR))
def test_bad_input_to_the_regressor_is_refused_and_changes_nothing(call, message):
    assert_refused(regressor(max_steps=5), X[:, 0], call, message)


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize(
    "call",
    [
        lambda e: e.prune(0.5),
        lambda e: e.freeze(0.5, X=X, y=Y),
        lambda e: e.unfreeze(),
        lambda e: e.predict(X),
        lambda e: e.score(X, Y),
    ],
    ids=["prune", "freeze", "unfreeze", "predict", "score"],
)
def test_nothing_can_be_done_before_fit(make, call):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        call(make())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.fit(spoilt(X, np.nan), Y), "NaN"),
        (lambda e: e.partial_fit(X, Y), "classes must be passed on the first call"),
        (lambda e: e.partial_fit(X, Y, classes=[0, 1]), r"\[2\] .*\[0, 1\]"),
        (lambda e: e.partial_fit(X, Y, classes=[0, 1, 2], n_steps=0), "n_steps=0"),
        (lambda e: e.set_params(hidden_layer_sizes=(0,)).fit(X, Y), "hidden_layer_sizes"),
        (lambda e: e.set_params(batch_size=1, noise_estimator="batch").fit(X, Y), "batch_size=1"),
    ],
)
def test_a_refused_first_call_leaves_the_estimator_unfitted(call, message):
    clf = classifier()
    with pytest.raises(ValueError, match=message):
        call(clf)
    assert vars(clf).keys() == clf.get_params().keys()
    with pytest.raises(NotFittedError):
        clf.predict(X)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (7, (7,)),
        ((), ()),
        ([3, 2], (3, 2)),
        (np.int64(4), (4,)),
        (np.array([4, 5]), (4, 5)),
    ],
)
def test_hidden_sizes_become_a_tuple_of_int(given, expected):
    sizes = check.hidden_sizes(given)
    assert sizes == expected
    assert all(type(n) is int for n in sizes)


@pytest.mark.parametrize("p", [0, 1, 0.5, np.float32(0.25), np.int64(1)])
def test_a_fraction_becomes_a_float(p):
    assert type(check.fraction(p)) is float
    assert check.fraction(p) == p


@pytest.mark.parametrize("p", BAD_P)
def test_what_is_no_fraction_is_refused_by_name(p):
    with pytest.raises(ValueError, match=re.escape(f"p={p!r}")):
        check.fraction(p)


def test_kernel_arrays_are_in_c_order_and_writable():
    array = np.asfortranarray(np.arange(6).reshape(2, 3))
    array.flags.writeable = False
    got = check.kernel_array(array, np.float32)
    assert got.flags.c_contiguous
    assert got.flags.writeable
    assert got.dtype == np.float32
    assert got.tolist() == [[0, 1, 2], [3, 4, 5]]
    ready = np.zeros((2, 3))
    assert np.shares_memory(check.kernel_array(ready, ready.dtype), ready)


def test_data_of_any_layout_trains_alike():
    expected = state(classifier().fit(X, Y))
    locked = X.copy()
    locked.flags.writeable = False
    for data in (np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], locked, X.tolist()):
        assert state(classifier().fit(data, Y)) == expected


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_regressor_refuses_words(loss):
    with pytest.raises(ValueError, match="could not convert string"):
        regressor(loss=loss).fit(X, NAMES)
