"""Metadata: weights and groups through Pipelines, searches and sweeps, routed or not."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import SparsitySweep
from tests.cases import X as SCALED
from tests.cases import Y, classifier, regressor, state
from tests.sweep_cases import (
    CUT,
    SPLITS,
    WARMUP,
    cell_seeds,
    draw_seeds,
    scores_by_hand,
    sweep,
    table,
)

X = 3 * SCALED + 1
WEIGHTS = np.random.RandomState(0).choice([0.0, 1.0, 2.5], size=150)
GROUPS = np.arange(150) % 3


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


@pytest.mark.parametrize("make", [classifier, regressor])
def test_weights_are_routed_through_a_pipeline(routing, make):
    last = make().set_fit_request(sample_weight=True)
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    pipeline = make_pipeline(scaler, last).fit(X, Y, sample_weight=WEIGHTS)
    by_hand = make().fit(StandardScaler().fit_transform(X), Y, WEIGHTS)
    assert state(pipeline[-1]) == state(by_hand)


def test_weights_and_validation_data_can_be_requested():
    requests = classifier().get_metadata_routing()
    assert set(requests.fit.requests) == {"sample_weight", "X_val", "y_val"}
    assert {"sample_weight", "n_steps"} <= set(requests.partial_fit.requests)
    assert set(requests.score.requests) == {"sample_weight"}


def test_weights_are_routed_through_a_grid_search(routing):
    clf = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    grid = {"alpha": [0.0, 1.0]}
    search = GridSearchCV(clf, grid, cv=SPLITS).fit(X, Y, sample_weight=WEIGHTS)
    for split, (train, test) in enumerate(SPLITS.split(X, Y)):
        fitted = classifier().fit(X[train], Y[train], WEIGHTS[train])
        expected = fitted.score(X[test], Y[test], WEIGHTS[test])
        assert search.cv_results_[f"split{split}_test_score"][0] == expected


def weighted_scores(p, seeds, *, method="magnitude", weigh_scores=True):
    """Return the table of a sweep with weights, by the estimators' own methods."""
    rows = []
    for fraction in p:
        row = []
        for seed, (train, test) in zip(seeds[0], SPLITS.split(X, Y), strict=True):
            w = WEIGHTS[train]
            clf = classifier(random_state=seed, max_steps=WARMUP).fit(X[train], Y[train], w)
            clf.prune(fraction, method, X=X[train], y=Y[train], sample_weight=w, **CUT)
            clf.partial_fit(X[train], Y[train], sample_weight=w, n_steps=sweep().finetune_steps)
            row.append(clf.score(X[test], Y[test], WEIGHTS[test] if weigh_scores else None))
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("method", ["magnitude", "gradient"])
def test_a_sweep_passes_weights_on_without_routing(method):
    clf = classifier(max_steps=WARMUP)
    fitted = sweep(clf, p=[0.3, 0.8], method=method).fit(X, Y, sample_weight=WEIGHTS)
    expected = weighted_scores([0.3, 0.8], cell_seeds(7), method=method)
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)


@pytest.mark.parametrize("score", [False, True])
def test_a_sweep_routes_weights_to_who_requests_them(routing, score):
    clf = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=score)
    fitted = sweep(clf, p=[0.3, 0.8]).fit(X, Y, sample_weight=WEIGHTS)
    expected = weighted_scores([0.3, 0.8], cell_seeds(7), weigh_scores=score)
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)
    if score:
        best = fitted.best_estimator_
        assert fitted.score(X, Y, sample_weight=WEIGHTS) == best.score(X, Y, WEIGHTS)


def test_unrequested_weights_are_an_error_under_routing(routing):
    with pytest.raises(ValueError, match="sample_weight"):
        sweep(classifier()).fit(X, Y, sample_weight=WEIGHTS)


def weighted_pipeline(**requests):
    scaler, last = StandardScaler(), classifier()
    if requests:
        scaler.set_fit_request(sample_weight=requests["scaler"])
        last.set_fit_request(sample_weight=requests["last"])
        last.set_score_request(sample_weight=False)
    return Pipeline([("scaler", scaler), ("mlp", last)])


@pytest.mark.parametrize("scaler", [False, True])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("routed", [False, True])
def test_each_step_of_a_pipeline_gets_what_is_for_it(scaler, last, routed):
    if routed and not (scaler or last):
        pytest.skip("routing refuses what nobody requests")
    with config_context(enable_metadata_routing=routed):
        if routed:
            pipeline, params = weighted_pipeline(scaler=scaler, last=last), {}
            params["sample_weight"] = WEIGHTS
        else:
            pipeline = weighted_pipeline()
            params = {"scaler__sample_weight": WEIGHTS} if scaler else {}
            params |= {"mlp__sample_weight": WEIGHTS} if last else {}
        best = sweep(pipeline, p=0.5).fit(X, Y, **params).best_estimator_
    scaled = StandardScaler().fit_transform(X, sample_weight=WEIGHTS if scaler else None)
    seed = draw_seeds(7, 2)[0][1]
    clf = classifier(random_state=seed, max_steps=WARMUP)
    weights = WEIGHTS if last else None
    clf.fit(scaled, Y, weights).prune(0.5, **CUT)
    clf.partial_fit(scaled, Y, sample_weight=weights, n_steps=sweep().finetune_steps)
    assert state(best[-1]) == state(clf)


@pytest.mark.parametrize(
    ("estimator", "params", "message"),
    [
        (weighted_pipeline(), {"sample_weight": WEIGHTS}, "as in mlp__sample_weight"),
        (Pipeline([("m", classifier())]), {"sample_weight": WEIGHTS}, "as in m__sample_weight"),
        (classifier(), {"X_val": X}, r"\['X_val'\] for the last step"),
        (classifier(), {"weights": WEIGHTS}, r"\['weights'\] for the last step"),
    ],
)
def test_what_nobody_takes_is_refused(estimator, params, message):
    with pytest.raises(ValueError, match=message):
        sweep(estimator).fit(X, Y, **params)


def test_a_scorer_without_weights_is_warned_of():
    scorer = make_scorer(lambda y_true, y_pred: accuracy_score(y_true, y_pred))
    with pytest.warns(UserWarning, match="does not take sample_weight"):
        fitted = sweep(classifier(), p=[0.3], scoring=scorer).fit(X, Y, sample_weight=WEIGHTS)
    expected = weighted_scores([0.3], cell_seeds(7), weigh_scores=False)
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)


def test_groups_are_routed_to_the_splitter(routing):
    fitted = sweep(classifier(), p=[0.0, 0.5], cv=GroupKFold(3)).fit(X, Y, groups=GROUPS)
    splits = list(GroupKFold(3).split(X, Y, GROUPS))
    assert fitted.n_splits_ == 3
    seeds = draw_seeds(7, 3, (1, 3))[1]
    expected = scores_by_hand(
        classifier(), X, Y, [0.0, 0.5], seeds, type("S", (), {"split": lambda *a: splits})
    )
    np.testing.assert_array_equal(table(fitted.cv_results_), expected)


def test_a_sweep_takes_part_in_routing(routing):
    clf = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
    inner = SparsitySweep(clf, p=0.5, warmup_steps=20, finetune_steps=20, random_state=0)
    scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
    scores = cross_val_score(
        inner, X, Y, scoring=scorer, cv=SPLITS, params={"sample_weight": WEIGHTS}
    )
    for score, (train, test) in zip(scores, SPLITS.split(X, Y), strict=True):
        inner.fit(X[train], Y[train], sample_weight=WEIGHTS[train])
        predicted = inner.predict(X[test])
        assert score == accuracy_score(Y[test], predicted, sample_weight=WEIGHTS[test])


def test_score_of_a_sweep_takes_metadata_only_by_routing():
    fitted = sweep(p=0.5).fit(X, Y)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        fitted.score(X, Y, sample_weight=WEIGHTS)
