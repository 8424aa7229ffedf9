"""The comparison of uncertainties: metrics, verdicts, report. No test asserts a time."""

import numpy as np
import pandas as pd
import pytest

from benchmarks._common import command_line
from benchmarks.uncertainty import comparison, contenders, figure, metrics, report

GAPS = " ".join(["0"] * 15)


def rows(values, task, **columns):
    """The CSV's rows of {set: {contender: a dict of columns for each split}}."""
    return pd.DataFrame(
        [
            {
                "set": name,
                "n_features": 3,
                "n_train": 80,
                "n_test": 20,
                "given": True,
                "split": split,
                "contender": contender,
                "version": "1",
                "task": task,
                **dict.fromkeys(("rmse", "log_likelihood", "coverage", "width"), 1.0),
                **dict.fromkeys(("log_loss", "accuracy", "ece", "rejection"), 0.5),
                "rejection_information": np.nan,
                "gaps": GAPS if task == "classification" else np.nan,
                "fit_seconds": 1.0,
                "predict_seconds": 0.1,
                "warnings": 0,
            }
            | columns
            | found
            for name, by_contender in values.items()
            for contender, splits in by_contender.items()
            for split, found in enumerate(splits)
        ]
    )


def each(column, *values):
    return [{column: value} for value in values]


# The metrics.


def test_coverage_counts_both_ends():
    assert metrics.coverage(np.array([0.0, 1, 2, 3]), np.zeros(4), np.full(4, 2.0)) == 0.75


def test_calibration_error_is_the_mean_gap_of_the_bins():
    # .9 and .92 are of one bin, one of them right: .91 - .5; .6, which is an end, is right: .4.
    proba = np.array([[0.9, 0.1], [0.08, 0.92], [0.6, 0.4], [0.4, 0.6]])
    gaps = metrics.calibration_gaps(proba, np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(gaps[[8, 13]], [-0.8, 0.82])
    assert np.count_nonzero(gaps) == 2
    np.testing.assert_allclose(metrics.calibration_error(gaps, 4), 1.62 / 4)


def test_sure_and_right_has_no_calibration_error():
    gaps = metrics.calibration_gaps(np.eye(3), np.arange(3))
    assert metrics.calibration_error(gaps, 3) == 0


def test_rejection_area_is_the_mean_accuracy_of_the_most_certain():
    area = metrics.rejection_area(np.array([0.3, 0.1, 0.2, 0.4]), np.array([1, 1, 0, 0]))
    np.testing.assert_allclose(area, (1 + 1 / 2 + 2 / 3 + 2 / 4) / 4)


@pytest.mark.parametrize("hits", [[1, 0, 1, 0], [0, 0, 1, 1]])
def test_rows_of_one_uncertainty_have_one_accuracy(hits):
    assert metrics.rejection_area(np.zeros(4), np.array(hits)) == 0.5


# The contenders.


def test_a_normal_forecast_is_in_the_targets_unit():
    class Flat(contenders.Normal):
        def learn(self, X, y):
            np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=1e-12)

        def moments(self, X):
            return np.ones(len(X)), np.full(len(X), 2.0)

    model, X, y = Flat(0, 50), np.arange(4.0)[:, None], np.array([8.0, 12, 8, 12])
    model.fit(X, y)
    mean, low, high = model.forecast(X[:1])  # the mean is 10, the unit 2
    np.testing.assert_allclose([mean, low, high], [[12], [12 - 6.5794], [12 + 6.5794]], rtol=1e-4)
    np.testing.assert_allclose(model.log_likelihood(X[:1], [12.0]), -np.log(4 * np.sqrt(2 * np.pi)))


def test_bagged_noise_is_that_of_rows_out_of_bag(monkeypatch):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(300, 1)), rng.normal(size=300)
    # Boosted trees follow the noise of their own rows: only others show all of it.
    monkeypatch.setattr(contenders, "MLPRegressor", contenders.HistGradientBoostingRegressor)
    monkeypatch.setattr(contenders, "N_MEMBERS", 3)
    model = contenders.Bagged(0, 50)
    model.fit(X, y)
    own = np.mean((y - model.forecast(X)[0]) ** 2)
    assert model.noise > 1.2 * own
    assert 0.8 < model.distribution(X).std().mean() < 1.5


# The verdicts.


@pytest.mark.parametrize(
    ("values", "met"),
    [((-2.9, -2.9), True), ((-2.937, -2.937), True), ((-3.1, -2.9), False)],
)
def test_likelihoods_are_held_to_the_published(values, met):
    table = rows({"concrete": {"ours": each("log_likelihood", *values)}}, "regression", rmse=4.8)
    likelihood, rmse = report.published_verdicts(table)
    assert (likelihood.met, rmse.met) == (met, True)
    assert likelihood.measured.startswith("on 1 of 1" if met else "on 0 of 1; concrete -0.0630")


def test_sets_that_are_not_published_or_have_other_splits_are_not_compared():
    values = {"concrete": {"ours": [{"given": False}]}, "diabetes": {"ours": [{}]}}
    assert report.published_verdicts(rows(values, "regression")) == []


def test_the_difference_has_the_standard_error_of_both():
    table = rows({"yacht": {"ours": each("rmse", 0.5, 0.6)}}, "regression")
    row = report.against_published(table).iloc[0]
    np.testing.assert_allclose(
        [row["ours"], row["error"], row["both_errors"]], [0.55, 0.05, 0.05**0.5 * 0.1**0.5]
    )


@pytest.mark.parametrize(
    ("covered", "met"),
    [((0.9, 0.9), [True, True]), ((0.99, 0.96), [False, True]), ((0.79, 0.98), [True, False])],
)
def test_coverage_is_held_to_the_mean_and_the_lowest(covered, met):
    values = {name: {"ours": each("coverage", c)} for name, c in zip("ab", covered, strict=True)}
    verdicts = report.coverage_verdicts(rows(values, "regression"))
    assert [verdict.met for verdict in verdicts] == met


@pytest.mark.parametrize(
    ("ours", "met", "text"),
    [
        ((0.4, 0.4), True, "lower on 1 of 1"),
        ((0.5, 0.7), True, "lower on 0 of 1; a +0.1000 ± 1.2706"),
        ((0.6, 0.6), False, "lower on 0 of 1; a +0.1000 ± 0.0000"),
        ((0.6,), True, "lower on 0 of 1; a +0.1000 (one split)"),
    ],
)
def test_log_loss_is_held_to_mlp(ours, met, text):
    values = {"a": {"ours": each("log_loss", *ours), "MLP": [{}, {}]}}
    (verdict,) = report.log_loss_verdicts(rows(values, "classification"))
    assert (verdict.met, verdict.measured) == (met, text)


def test_calibration_is_of_all_splits_together():
    gaps = ["2 0" + " 0" * 13, "-2 1" + " 0" * 13]
    table = rows({"digits": {"ours": each("gaps", *gaps)}}, "classification")
    (verdict,) = report.calibration_verdicts(table)
    assert (verdict.measured, verdict.met) == ("0.0250", False)  # 1 of 40 rows


# The report.


def test_a_set_has_a_row_for_each_contender_and_the_published():
    values = {"yacht": {"ours": each("rmse", 0.5, 0.6), "BayesianRidge": [{"rmse": 9.0}]}}
    header, cells = report.set_rows(rows(values, "regression"))
    assert [row[:3] for row in cells] == [
        ["ours", "2", "0.55 ± 0.05"],
        ["BayesianRidge", "1", "9"],
        ["MC dropout, published", "", "0.6663 ± 0.05"],
    ]
    assert {len(row) for row in cells} == {len(header)}


@pytest.mark.parametrize(
    "tasks", [["regression"], ["classification"], ["regression", "classification"]]
)
def test_a_made_up_csv_makes_report_and_figure(tmp_path, tasks):
    names = {"regression": ("yacht", "deep ensemble"), "classification": ("iris", "MLP")}
    parts = []
    for task in tasks:
        name, peer = names[task]
        parts.append(rows({name: {"ours": [{}, {}], peer: [{}, {}]}}, task))
    table = pd.concat(parts, ignore_index=True)
    text = report.markdown(table, "- CPU: fast", "uncertainty.png")
    assert "- CPU: fast" in text
    assert ("## yacht: regression, 100 × 3" in text) == ("regression" in tasks)
    assert ("## iris: classification, 100 × 3" in text) == ("classification" in tasks)
    pytest.importorskip("matplotlib")
    figure.draw(table, tmp_path / "uncertainty.png")
    assert (tmp_path / "uncertainty.png").stat().st_size > 10_000


# The run.


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run on two small sets without a figure; return the cells that were measured."""
    rng, kind = np.random.RandomState(0), comparison.datasets.Dataset
    X = rng.normal(size=(30, 2))
    sets = [kind("classes", X, rng.randint(2, size=30)), kind("reals", X, rng.normal(size=30))]
    monkeypatch.setattr(comparison.datasets, "included", lambda: sets)
    monkeypatch.setattr(comparison.datasets, "synthetic", lambda sizes: [])
    monkeypatch.setattr(comparison.figure, "draw", lambda table, path: path.touch())
    monkeypatch.setattr(comparison, "fit_once", lambda name, classifies: None)
    measured, measure = [], comparison.measure

    def counted(name, dataset, split, rows):
        measured.append((dataset.name, split, name))
        return measure(name, dataset, split, rows)

    monkeypatch.setattr(comparison, "measure", counted)

    def run(*arguments):
        measured.clear()
        comparison.main([*arguments, "--out", str(tmp_path)])
        return list(measured)

    return run


def test_cells_with_a_row_are_not_measured_again(run, tmp_path):
    ridge = "--contenders", "BayesianRidge", "--splits"
    assert run(*ridge, "1") == [("reals", 0, "BayesianRidge")]
    assert run(*ridge, "2") == [("reals", 1, "BayesianRidge")]
    assert len(run(*ridge, "2", "--again")) == 2
    table = pd.read_csv(tmp_path / "uncertainty.csv")
    assert tuple(table.columns) == comparison.COLUMNS
    assert len(table) == 2


def test_each_kind_has_its_contenders_and_columns(run, tmp_path):
    names = "ours", "bagged MLP", "MLP, isotonic", "HistGradientBoosting", "Gaussian process"
    found = run("--contenders", *names, "--splits", "1")
    assert {name for s, _, name in found if s == "classes"} == {"ours", "MLP, isotonic"}
    assert {name for s, _, name in found if s == "reals"} == set(names) - {"MLP, isotonic"}
    table = pd.read_csv(tmp_path / "uncertainty.csv").set_index(["set", "contender"])
    assert np.isfinite(table.loc[("classes", "ours"), ["log_loss", "rejection_information"]]).all()
    assert np.isfinite(table.loc[("reals", "ours"), ["log_likelihood", "width", "coverage"]]).all()
    assert np.isnan(table.loc[("reals", "HistGradientBoosting"), "log_likelihood"])
    assert np.isnan(table.loc[("classes", "MLP, isotonic"), "rejection_information"])
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".json", ".md", ".png"}


def test_torch_is_left_out_with_a_word(monkeypatch, capsys):
    monkeypatch.setattr(command_line, "find_spec", lambda name: None)
    found = command_line.installed(["ours", "MC dropout"], "torch", contenders.TORCH)
    assert found == ["ours"]
    assert "MC dropout is left out, as torch is not installed" in capsys.readouterr().err


def test_large_sets_have_fewer_splits_and_no_process():
    kind = comparison.datasets.Dataset
    given = kind("given", np.zeros((9, 1)), np.zeros(9), ((0, 1), (1, 0), (2, 0)))
    large = kind("large", np.zeros((10_001, 1)), np.zeros(10_001))
    small = kind("small", np.zeros((9, 1)), np.zeros(9))
    assert [comparison.n_splits(s, None) for s in (given, large, small)] == [3, 2, 5]
    assert comparison.n_splits(large, 1) == 1
    cells = comparison.cells([large], ["ours", "Gaussian process"], 1)
    assert [cell.key for cell in cells] == [("large", 0, "ours")]


@pytest.mark.parametrize("met", [True, False])
def test_a_miss_ends_with_1(run, monkeypatch, tmp_path, met):
    verdict = comparison.report.Verdict("rule", "value", met)
    monkeypatch.setattr(comparison.report, "verdicts", lambda table: [verdict])
    arguments = ["--contenders", "BayesianRidge", "--splits", "1", "--out", str(tmp_path)]
    assert comparison.main(arguments) == (0 if met else 1)
    line = f"| rule | value | {'yes' if met else 'NO'} |"
    assert line in (tmp_path / "uncertainty.md").read_text(encoding="utf-8")
