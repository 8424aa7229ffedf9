"""Weight 2 is the row twice, weight 0 its absence: in draws, training, scores and classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.class_weight import compute_sample_weight

from sksgdprune._data.sampling import MOST_REPEATS, Population, Sampler
from tests.cases import NAMES, SAMPLINGS, X, Y, classifier, regressor, state

RNG = np.random.RandomState(0)
COUNTS = RNG.randint(0, 4, size=len(X))
TIMES = np.repeat(np.arange(len(X)), COUNTS)
MAKES = [classifier, regressor]
QUICK = settings(max_examples=50, deadline=None, derandomize=True)


def draw(sampling, population, n_steps, batch_size):
    sampler = Sampler(np.random.RandomState(0))
    return sampler.draw(population, n_steps, batch_size, sampling)


@given(
    st.sampled_from(SAMPLINGS),
    st.lists(st.integers(0, 5), min_size=1, max_size=12).filter(any),
    st.integers(1, 9),
)
@QUICK
def test_integer_weights_give_the_draws_of_repeated_rows(sampling, counts, batch_size):
    weighted = Population(len(counts), np.array(counts, dtype=float))
    repeated = np.repeat(np.arange(len(counts)), counts)
    assert weighted.size == repeated.size
    got = draw(sampling, weighted, 7, batch_size)
    expected = draw(sampling, Population(repeated.size), 7, batch_size)
    for rows, truth in zip(got, expected, strict=True):
        np.testing.assert_array_equal(rows, repeated[truth])


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_rows_are_drawn_as_often_as_they_weigh(sampling):
    weights = np.array([0.5, 1.7, 0.0, 3.1, 0.9, 0.0])
    population = Population(6, weights)
    assert population.size == 7
    batch, probe = draw(sampling, population, 3000, 7)
    for rows in (batch.ravel(), probe):
        share = np.bincount(rows, minlength=6) / rows.size
        np.testing.assert_allclose(share, weights / 6.2, atol=4 * np.sqrt(0.25 / rows.size))
        assert not share[weights == 0].any()
    if sampling == "shuffle":
        counts = np.array([np.bincount(rows, minlength=6) for rows in batch])
        expected = weights * 7 / 6.2
        assert (counts >= np.floor(expected)).all()
        assert (counts <= np.ceil(expected)).all()


@pytest.mark.parametrize(
    ("weights", "size"),
    [([0.1, 0.2], 2), ([0.1] * 30, 30), ([2, 0, 2], 4), ([1.2, 1.2], 3), ([1e9, 1e9], 200)],
)
def test_the_number_of_samples_is_the_sum_of_the_weights_within_reason(weights, size):
    assert MOST_REPEATS == 100
    assert Population(len(weights), np.array(weights, dtype=float)).size == size


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("posterior_size", ["n_parameters", "n_samples"])
@pytest.mark.parametrize("make", MAKES)
def test_integer_weights_train_as_repeated_rows(make, posterior_size, sampling):
    options = {"sampling": sampling, "posterior_size": posterior_size}
    weighted = make(**options).fit(X, Y, COUNTS)
    repeated = make(**options).fit(X[TIMES], Y[TIMES])
    assert state(weighted) == state(repeated)
    weighted.partial_fit(X, Y, sample_weight=COUNTS)
    repeated.partial_fit(X[TIMES], Y[TIMES])
    assert state(weighted) == state(repeated)
    assert weighted.loss_curve_ == repeated.loss_curve_


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("make", MAKES)
def test_ones_weigh_nothing_and_rows_of_weight_0_are_absent(make, sampling):
    plain = make(sampling=sampling).fit(X, Y)
    assert state(make(sampling=sampling).fit(X, Y, np.ones(150))) == state(plain)
    more_X, more_Y = np.concatenate([X, 1e6 * X[:20]]), np.concatenate([Y, np.full(20, 7)])
    absent = make(sampling=sampling).fit(more_X, more_Y, np.repeat([1, 0], [150, 20]))
    assert state(absent) == state(plain)


@pytest.mark.parametrize(
    ("action", "method"),
    [("prune", "fisher"), ("prune", "gradient")]
    + [("freeze", m) for m in ("preconditioned_gradient", "gradient", "fisher")],
)
def test_scores_weigh_rows(action, method):
    p = 0.55  # here weighted and plain gradients cut differently
    weighted, repeated, plain = (classifier().fit(X, Y) for _ in range(3))
    getattr(weighted, action)(p, method, X=X, y=Y, sample_weight=COUNTS)
    getattr(repeated, action)(p, method, X=X[TIMES], y=Y[TIMES])
    getattr(plain, action)(p, method, X=X, y=Y)
    assert state(weighted) == state(repeated)
    assert state(weighted) != state(plain)


def test_score_weighs_rows():
    clf, reg = classifier().fit(X, Y), regressor().fit(X, Y)
    assert clf.score(X, Y, COUNTS) == accuracy_score(Y, clf.predict(X), sample_weight=COUNTS)
    assert reg.score(X, Y, COUNTS) == r2_score(Y, reg.predict(X), sample_weight=COUNTS)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_class_weights_are_row_weights(sampling):
    class_weight = {"setosa": 2, "versicolor": 0.5, "virginica": 0.5}
    clf = classifier(sampling=sampling, class_weight=class_weight).fit(X, NAMES)
    by_rows = classifier(sampling=sampling).fit(
        X, NAMES, compute_sample_weight(class_weight, NAMES)
    )
    assert state(clf) == state(by_rows)
    clf.partial_fit(X[:60], NAMES[:60])


def test_class_weights_are_relative_and_multiply_row_weights():
    one, other = (classifier(class_weight={0: w, 1: 3 * w, 2: w}) for w in (1, 1000))
    assert state(one.fit(X, Y, COUNTS)) == state(other.fit(X, Y, COUNTS))
    product = COUNTS * np.where(Y == 1, 3, 1)
    by_rows = classifier().fit(X, Y, product * COUNTS.sum() / product.sum())
    np.testing.assert_allclose(one.theta_, by_rows.theta_, rtol=1e-9)


def test_balanced_classes_have_equal_shares():
    few = np.r_[:50, 50:60, 100:105]
    clf = classifier(class_weight="balanced").fit(X[few], Y[few])
    weights = compute_sample_weight("balanced", Y[few])
    by_rows = classifier().fit(X[few], Y[few], weights)
    np.testing.assert_allclose(clf.theta_, by_rows.theta_, rtol=1e-9)
    twice, doubled = (clone(clf) for _ in range(2))
    twice.fit(X, Y, COUNTS)
    doubled.fit(X[TIMES], Y[TIMES])
    np.testing.assert_allclose(twice.theta_, doubled.theta_, rtol=1e-9)


def test_a_class_of_weight_0_is_a_class_that_is_never_drawn():
    clf = classifier(class_weight={2: 0}).fit(X, Y)
    assert clf.classes_.tolist() == [0, 1, 2]
    kept = classifier().partial_fit(X[:100], Y[:100], classes=[0, 1, 2], n_steps=40)
    np.testing.assert_allclose(clf.predict_proba(X), kept.predict_proba(X), atol=0.2)
    assert 2 not in clf.partial_fit(X, Y, n_steps=500).predict(X)


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (-np.ones(150), "Negative values.*sample_weight"),
        (np.zeros(150), "at least one non-zero"),
        (np.ones(149), r"sample_weight.shape == \(149,\)"),
        (np.ones((150, 1)), "1D array"),
        (np.full(150, np.nan), "sample_weight contains NaN"),
    ],
    ids=["negative", "all 0", "short", "2-D", "NaN"],
)
def test_bad_weights_are_refused_and_change_nothing(make, weights, message):
    estimator = make().fit(X, Y)
    before = state(estimator)
    for call in (
        lambda: estimator.fit(X, Y, weights),
        lambda: estimator.partial_fit(X, Y, sample_weight=weights),
        lambda: estimator.prune(0.5, "gradient", X=X, y=Y, sample_weight=weights),
        lambda: estimator.freeze(0.5, X=X, y=Y, sample_weight=weights),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert state(estimator) == before


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("equal", "class_weight.*'equal'"),
        ({0: -1}, r"class_weight=\{0: -1\}"),
        ({0: 0, 1: 0, 2: 0}, "must have one above 0"),
        ({7: 1}, r"\[0, 1, 2\], are not in class_weight"),
    ],
)
def test_bad_class_weights_are_refused(class_weight, message):
    with pytest.raises(ValueError, match=message):
        classifier(class_weight=class_weight).fit(X, Y)


def test_balanced_classes_are_refused_where_not_all_data_are_seen():
    with pytest.raises(ValueError, match="class_weight='balanced' needs all data"):
        classifier(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])
