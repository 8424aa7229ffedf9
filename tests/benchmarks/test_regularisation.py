"""The comparison of pruning and priors: its differences, its groups, its run."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from benchmarks.sparsity import regularisation, regularisation_contenders
from benchmarks.sparsity import regularisation_report as report
from sksgdprune import PreconditionedMLPClassifier

PRUNED = report.label(report.CHOSEN, 0.95)


def rows(values, explained=0.2):
    """The CSV's rows of {set: {contender: log-losses of the splits}}."""
    sizes = {"n_features": 3, "n_train": 80, "n_test": 20, "p": 0.95}
    return pd.DataFrame(
        [
            sizes
            | {"set": name, "split": split, "contender": contender, "log_loss": loss}
            | {"explained": explained if contender == report.DEFAULT else np.nan}
            | {"score": 0.5, "seconds": 1.0}
            for name, by_contender in values.items()
            for contender, losses in by_contender.items()
            for split, loss in enumerate(losses)
        ]
    )


def test_differences_are_of_the_splits_that_both_have():
    table = rows(
        {
            "a": {report.DEFAULT: [0.3, 0.5, 0.9], report.LIGHTGBM: [0.4, 0.4]},
            "b": {report.DEFAULT: [0.3]},
        }
    )
    apart = report.difference(report.by_split(table), report.LIGHTGBM, report.DEFAULT)
    assert apart.index.tolist() == ["a"]
    np.testing.assert_allclose(apart, [0.0], atol=1e-12)
    assert report.difference(report.by_split(table), report.LIGHTGBM, report.TREES).empty


def test_intervals_are_those_of_t_over_the_tables():
    losses = {"a": 0.3, "b": 0.2}
    table = rows({name: {report.DEFAULT: [0.2], PRUNED: [x]} for name, x in losses.items()})
    header, cells = report.summary_rows(table)
    line = dict(zip(header, cells[1], strict=True))
    # Differences .1 and 0 have a standard error of .05; t has 12.706 at .975 and 1.
    assert line["contender"] == PRUNED
    assert line[f"less “{report.DEFAULT}”"] == "+0.0500 ± 0.6353"


def test_the_cut_alone_is_measured_against_the_sweep_that_prunes_nothing():
    assert report.uncut(PRUNED) == report.label(report.CHOSEN, 0.0)
    assert report.uncut(report.SEARCHED) == report.label(report.CHOSEN, 0.0)
    assert report.uncut(report.LIGHTGBM) is None


def test_noisy_is_what_little_is_explained_of():
    noisy = rows({"a": {report.DEFAULT: [0.3], PRUNED: [0.2]}}, explained=0.49)
    clear = rows({"b": {report.DEFAULT: [0.3]}}, explained=0.51)
    found = report.groups(pd.concat([noisy, clear]))
    assert {title: set(part["set"]) for title, part in found.items()} == {
        report.NOISY: {"a"},
        report.OTHERS: {"b"},
    }
    assert len(found[report.NOISY]) == 2


def test_explained_is_the_part_of_the_entropy_that_is_saved():
    X, y = load_iris(return_X_y=True)
    found = []
    for train, rest in StratifiedKFold(3, shuffle=True, random_state=0).split(X, y):
        P = PreconditionedMLPClassifier(random_state=0).fit(X[train], y[train])
        loss = log_loss(y[rest], P.predict_proba(X[rest]))
        found.append(1 - loss / np.log(3))  # of three classes of equal size
    # Folds of 50 rows hold 16 or 17 of a class.
    assert regularisation.explained(X, y, 0) == pytest.approx(np.mean(found), abs=1e-3)


def test_the_earlier_default_is_that_of_fits_too_short_to_choose():
    X, y = load_iris(return_X_y=True)
    short = PreconditionedMLPClassifier(max_steps=10, tol=0, random_state=0).fit(X, y)
    alpha = regularisation_contenders.alpha_of(report.EARLIER, len(y))
    assert alpha == pytest.approx(short.alpha_)


def test_a_run_writes_all_and_is_not_done_twice(tmp_path):
    options = ["--quick", "--sets", "iris", "--jobs", "1", "--out", str(tmp_path)]
    regularisation.main(options)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    regularisation.main(options)
    assert sorted(first) == [f"regularisation.{ending}" for ending in ("csv", "json", "md", "png")]
    assert first["regularisation.csv"] == (tmp_path / "regularisation.csv").read_bytes()
    table = pd.read_csv(tmp_path / "regularisation.csv")
    assert sorted(table["contender"]) == sorted(regularisation.QUICK_CONTENDERS)
    assert PRUNED in (tmp_path / "regularisation.md").read_text(encoding="utf-8")
