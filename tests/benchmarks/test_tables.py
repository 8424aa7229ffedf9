"""The comparison of tables with untuned peers: verdicts, report, run. No test asserts a time."""

import numpy as np
import pandas as pd
import pytest

import sksgdprune
from benchmarks._common import datasets
from benchmarks.accuracy import tables, tables_figure
from benchmarks.accuracy import tables_report as report


def rows(values, task="classification", column="log_loss", seconds=1.0, **columns):
    """The CSV's rows of {set: {contender: values of the splits}}."""
    return pd.DataFrame(
        [
            {
                "set": name,
                "task": task,
                "n_features": 3,
                "n_train": 80,
                "n_test": 20,
                "given": False,
                "split": split,
                "contender": contender,
                "version": "1",
                "score": 0.5,
                "log_loss": np.nan if task == "regression" else 0.5,
                "rmse": 2.0 if task == "regression" else np.nan,
                "seconds": seconds if contender == "ours" else 2.0,
                "warnings": 0,
            }
            | columns
            | {column: value}
            for name, by_contender in values.items()
            for contender, splits in by_contender.items()
            for split, value in enumerate(splits)
        ]
    )


def test_only_what_all_were_measured_on_is_compared():
    table = rows({"a": {"ours": [0.1, 0.3, 0.9], "MLP": [0.2, 0.4]}, "b": {"ours": [0.0]}})
    means = report.means(table, "log_loss")
    assert means.columns.tolist() == ["ours", "MLP"]
    assert means.index.tolist() == ["a"]
    np.testing.assert_allclose(means, [[0.2, 0.3]])


def test_the_interval_is_that_of_t_over_the_sets():
    values = pd.DataFrame({"ours": [0.2, 0.1, 0.1], "MLP": [0.1, 0.1, 0.1]})
    # The differences .1, 0, 0 have a standard error of .1 / 3; t has 4.303 at .975 and 2.
    np.testing.assert_allclose(
        report.against(values, "ours", "MLP"), [0.1 / 3, 0.43027 / 3], rtol=1e-4
    )


@pytest.mark.parametrize(
    ("ours", "met"), [([0.1, 0.11, 0.1], True), ([0.19, 0.1, 0.2], False), ([0.3] * 3, False)]
)
def test_log_loss_is_to_be_clearly_below_each_peer(ours, met):
    names = "abc"
    table = rows({n: {"ours": [o], "MLP": [0.2]} for n, o in zip(names, ours, strict=True)})
    verdict = report.verdicts(table)[0]
    assert verdict.rule.startswith("log-loss less that of MLP")
    assert verdict.met == met


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize(("ours", "met"), [(0.8, True), (0.6, False)])
def test_no_peer_may_score_higher_on_average(task, ours, met):
    values = {"a": {"ours": [ours], "MLP": [0.7], "trees": [0.5]}}
    found = report.verdicts(rows(values, task, "score"))
    (verdict,) = [v for v in found if v.rule.startswith("no peer")]
    assert verdict.met == met
    assert ("best ours" in verdict.measured) == met


@pytest.mark.parametrize(("seconds", "met"), [(1.3, True), (1.5, False)])
def test_fit_times_are_held_to_a_share_of_mlps_in_sum(seconds, met):
    values = {"a": {"ours": [0.9], "MLP": [0.8]}}
    assert report.verdicts(rows(values, seconds=seconds))[-1].met == met


def test_the_summary_has_means_ranks_and_differences():
    values = {"a": {"ours": [0.1], "MLP": [0.2]}, "b": {"ours": [0.4], "MLP": [0.3]}}
    header, lines = report.summary_rows(rows(values, "regression", "score"))
    assert header[2:5] == ["mean R²", "mean rank", "less ours (95 %)"]
    assert lines[0][:5] == ["ours", "2", "0.2500", "1.50", ""]
    assert lines[1][:4] == ["MLP", "2", "0.2500", "1.50"]
    assert lines[1][4].endswith("0.0000 ± 1.2706")
    assert [line[5:] for line in lines] == [["2.0", "1.00"], ["4.0", "2.00"]]


def test_rmse_is_told_of_given_splits():
    values = {"a": {"ours": [0.1, 0.05], "MLP": [0.1, 0.1]}}
    table = rows(values, "regression", "rmse")
    assert report.rmse_rows(table)[1] == []
    assert report.rmse_rows(table.assign(given=True)) == (
        ["set", "ours", "MLP"],
        [["a", "0.075 ± 0.025 (2)", "0.1 ± 0 (2)"]],
    )


@pytest.mark.parametrize("tasks", [["classification"], ["regression"], list(report.TASKS)])
def test_a_made_up_csv_makes_report_and_figure(tmp_path, tasks):
    values = {"a": {"ours": [0.4], "MLP": [0.5]}, "b": {"ours": [0.1], "MLP": [0.2]}}
    table = pd.concat([rows(values, task, "score") for task in tasks])
    text = report.markdown(table, "- CPU: fast", "tables.png")
    assert "- CPU: fast" in text
    for task in report.TASKS:
        assert (f"## {task.capitalize()}" in text) == (task in tasks)
    pytest.importorskip("matplotlib")
    tables_figure.draw(table, tmp_path / "tables.png")
    assert (tmp_path / "tables.png").stat().st_size > 10_000


@pytest.mark.parametrize(("column", "better"), [("log_loss", [0.1, -0.1]), ("score", [-0.1, 0.1])])
def test_the_figure_shows_by_how_much_ours_is_better(column, better):
    values = {"a": {"ours": [0.4], "MLP": [0.5]}, "b": {"ours": [0.2], "MLP": [0.1]}}
    apart = tables_figure.differences(rows(values, column=column), column)
    np.testing.assert_allclose(apart["MLP"], better)


# The run.


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run on a small set; return the cells that were measured."""
    rng = np.random.RandomState(0)
    tiny = datasets.Dataset("tiny", rng.normal(size=(30, 2)), rng.randint(2, size=30))
    monkeypatch.setattr(tables.datasets, "included", lambda: [tiny])
    monkeypatch.setattr(tables.tables_figure, "draw", lambda table, path: path.touch())
    measured, measure = [], tables.measure

    def counted(name, dataset, split, rows):
        measured.append((name, split))
        return measure(name, dataset, split, rows)

    monkeypatch.setattr(tables, "measure", counted)

    def run(*arguments):
        measured.clear()
        tables.main([*arguments, "--out", str(tmp_path)])
        return list(measured)

    return run


def test_cells_with_a_row_are_not_measured_again(run, tmp_path, monkeypatch):
    trees = "--contenders", "HistGradientBoosting"
    assert run(*trees, "--splits", "1") == [("HistGradientBoosting", 0)]
    assert run(*trees, "--splits", "2") == [("HistGradientBoosting", 1)]
    assert run(*trees, "ours", "--splits", "2") == [("ours", 0), ("ours", 1)]
    table = pd.read_csv(tmp_path / "tables.csv")
    assert tuple(table.columns) == tables.COLUMNS
    assert sorted(table["contender"]) == ["HistGradientBoosting"] * 2 + ["ours"] * 2
    monkeypatch.setattr(sksgdprune, "__version__", "another")
    assert len(run(*trees, "--splits", "1")) == 1


@pytest.mark.parametrize("classifies", [True, False])
def test_what_is_told_is_what_scikit_learn_measures(classifies):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(40, 2)), rng.randint(2, size=40)
    dataset = datasets.Dataset("tiny", X, y if classifies else y + rng.normal(size=40))
    split = np.arange(30), np.arange(30, 40)
    row = tables.measure("HistGradientBoosting", dataset, 0, split)
    model = tables.gradient_boosting(classifies, 0).fit(X[:30], dataset.y[:30])
    assert row["score"] == pytest.approx(model.score(X[30:], dataset.y[30:]))
    if classifies:
        P = model.predict_proba(X[30:])[np.arange(10), y[30:]]
        assert row["log_loss"] == pytest.approx(-np.log(P).mean())
    else:
        assert row["rmse"] == pytest.approx(
            np.sqrt(np.mean((model.predict(X[30:]) - dataset.y[30:]) ** 2))
        )


def test_an_unknown_set_is_refused_with_the_known_names(run, capsys):
    with pytest.raises(SystemExit):
        run("--sets", "tiny", "huge")
    assert "no data set is called huge; there are tiny" in capsys.readouterr().err


@pytest.mark.parametrize("met", [True, False])
def test_a_miss_ends_with_1(run, monkeypatch, tmp_path, met):
    verdict = report.Verdict("rule", "value", met)
    monkeypatch.setattr(report, "verdicts", lambda table: [verdict])
    arguments = ["--contenders", "HistGradientBoosting", "--splits", "1", "--out", str(tmp_path)]
    assert tables.main(arguments) == (0 if met else 1)
    line = f"| rule | value | {'yes' if met else 'NO'} |"
    assert line in (tmp_path / "tables.md").read_text(encoding="utf-8")
