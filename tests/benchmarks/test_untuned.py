"""The comparison with untuned peers: its data, its verdicts, its report. No test asserts a time."""

import numpy as np
import pandas as pd
import pytest

import sksgdprune
from benchmarks._common import datasets
from benchmarks.accuracy import untuned, untuned_figure
from benchmarks.accuracy import untuned_report as report


def rows(scores, metric="accuracy", seconds=1.0, **columns):
    """The CSV's rows of {set: {contender: scores of the splits}}."""
    return pd.DataFrame(
        [
            {
                "set": name,
                "n_features": 3,
                "n_train": 80,
                "n_test": 20,
                "given": False,
                "split": split,
                "contender": contender,
                "hidden": "100",
                "version": "1",
                "metric": metric,
                "score": score,
                "rmse": np.nan if metric == "accuracy" else np.sqrt(1 - score),
                "seconds": seconds if contender == "ours" else 3.0,
                "warnings": 0,
            }
            | columns
            for name, by_contender in scores.items()
            for contender, values in by_contender.items()
            for split, score in enumerate(values)
        ]
    )


# The data.


@pytest.mark.parametrize(
    ("name", "text", "X", "y"),
    [
        ("first", "Letter,a,b\nT,1,2\nA,3,4\nT,5,6\n", [[1, 2], [3, 4], [5, 6]], [1, 0, 1]),
        ("last", "a,b,class\n1,2,8\n3,4,3\n", [[1, 2], [3, 4]], [1, 0]),
        ("middle", "a,Target,b\n1,0.5,2\n3,1,4\n", [[1, 2], [3, 4]], [0.5, 1.0]),
        ("words", "a,b,target\n1,2,yes\n3,4,no\n", [[1, 2], [3, 4]], [1, 0]),
        ("plain", "a,b,c\n1,2,8\n3,4,3\n", [[1, 2], [3, 4]], [8.0, 3.0]),
        ("winequality-red", "a,b,class\n1,2,5\n3,4,6\n", [[1, 2], [3, 4]], [5.0, 6.0]),
    ],
)
def test_tables_have_their_target_where_its_name_or_its_words_are(tmp_path, name, text, X, y):
    (tmp_path / f"{name}.csv").write_text(text)
    (dataset,) = datasets.folder(tmp_path)
    assert dataset.name == name
    assert dataset.classifies == isinstance(y[0], int)
    np.testing.assert_array_equal(dataset.X, X)
    np.testing.assert_array_equal(dataset.y, y)


def test_a_set_of_uci_brings_its_splits(tmp_path):
    folder = tmp_path / "uci" / "made-up"
    folder.mkdir(parents=True)
    files = {
        "data": "1 10 0.1\n2 20 0.2\n3 30 0.3\n",
        "index_features": "0\n2\n",
        "index_target": "1\n",
        **{"index_train_0": "2\n0\n", "index_test_0": "1\n"},
        **{"index_train_1": "0\n1\n", "index_test_1": "2\n"},
    }
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    (dataset,) = datasets.folder(tmp_path)
    assert dataset.name == "made-up"
    assert not dataset.classifies
    np.testing.assert_array_equal(dataset.X, [[1, 0.1], [2, 0.2], [3, 0.3]])
    np.testing.assert_array_equal(dataset.y, [10, 20, 30])
    splits = [tuple(part.tolist() for part in split) for split in dataset.splits(5)]
    assert splits == [([2, 0], [1]), ([0, 1], [2])]
    assert len(dataset.splits(1)) == 1


def test_splits_are_the_same_each_time_and_more_of_them_begin_with_the_fewer():
    for dataset in datasets.included():
        two, five = dataset.splits(2), dataset.splits(5)
        assert len(five) == 5
        for (train, test), (same_train, same_test) in zip(two, five, strict=False):
            np.testing.assert_array_equal(train, same_train)
            np.testing.assert_array_equal(test, same_test)
            together = np.sort(np.concatenate([train, test]))
            np.testing.assert_array_equal(together, np.arange(dataset.y.size))
            assert test.size == np.ceil(0.2 * dataset.y.size)


def test_splits_keep_the_classes_shares():
    iris = datasets.included()[0]
    for _, test in iris.splits(5):
        np.testing.assert_array_equal(np.bincount(iris.y[test]), [10, 10, 10])


def test_synthetic_sets_have_the_rows_in_their_names():
    for dataset in datasets.synthetic((100, 200)):
        assert dataset.name.endswith(f"-{dataset.X.shape[0]}")
        assert len(dataset.y) == len(dataset.X)


# The acceptance rule.


def test_the_interval_is_that_of_t():
    table = rows({"a": {"ours": [0.9, 0.8, 0.8], "MLP": [0.8, 0.8, 0.8]}, "b": {"MLP": [1.0]}})
    (row,) = report.against_mlp(table, "ours").itertuples()
    assert row.Index == "a"
    # The differences .1, 0, 0 have a standard error of .1 / 3; t has 4.303 at .975 and 2.
    np.testing.assert_allclose([row.difference, row.half], [0.1 / 3, 0.43027 / 3], rtol=1e-4)
    # 10 errors and 12, each with half a one more.
    np.testing.assert_allclose([row.loss, row.peer_loss], [10.5, 12.5])


def test_only_splits_of_both_are_compared():
    table = rows({"a": {"ours": [0.9, 0.7, 0.1], "MLP": [0.8, 0.8]}, "b": {"ours": [0.0]}}, "R²")
    (row,) = report.against_mlp(table, "ours").itertuples()
    np.testing.assert_allclose(row.difference, 0, atol=1e-12)
    np.testing.assert_allclose(row.loss, (0.1**0.5 + 0.3**0.5) / 2)


def test_a_single_split_leaves_all_open():
    table = rows({"a": {"ours": [0.5], "MLP": [0.8]}})
    assert report.against_mlp(table, "ours")["half"].item() == np.inf
    assert [verdict.met for verdict in report.verdicts(table)] == [True, False, True]


@pytest.mark.parametrize(
    ("metric", "ours", "met"),
    [
        ("accuracy", {"a": [0.81, 0.81], "b": [0.798, 0.798]}, [True, True]),
        ("accuracy", {"a": [0.85, 0.85], "b": [0.796, 0.796]}, [False, True]),
        ("accuracy", {"a": [0.801, 0.801], "b": [0.798, 0.798]}, [True, False]),
        ("accuracy", {"a": [0.9, 0.9], "b": [0.8, 0.78]}, [True, True]),
        ("R²", {"a": [0.82, 0.82], "b": [0.791, 0.791]}, [True, True]),
        ("R²", {"a": [0.82, 0.82], "b": [0.788, 0.788]}, [False, True]),
    ],
)
def test_intervals_and_the_mean_are_held_to_the_rule(metric, ours, met):
    scores = {name: {"ours": values, "MLP": [0.8, 0.8]} for name, values in ours.items()}
    verdicts = report.verdicts(rows(scores, metric))
    assert [verdict.met for verdict in verdicts] == [*met, True]
    assert ("; b -" in verdicts[0].measured) == (not met[0])


@pytest.mark.parametrize(("seconds", "met"), [(0.9, True), (1.1, False)])
def test_fit_times_are_held_to_a_third_in_sum(seconds, met):
    scores = {"a": {"ours": [0.9, 0.9], "MLP": [0.8, 0.8]}}
    both = pd.concat([rows(scores, "accuracy", 1.0), rows(scores, "R²", seconds)])
    assert report.verdicts(both)[-1].met == met


# The report.


def test_tables_hold_each_set_and_contender():
    scores = {"a": {"ours": [0.9, 0.9], "MLP": [0.8, 0.8], "other": [0.5, 0.7]}}
    part = rows(scores)
    header, cells = report.score_rows(part)
    assert header[3:6] == ["ours", "MLP", "other"]
    assert cells == [
        ["a", "100 × 3", "2", "0.9000", "0.8000", "0.6000", "+0.1000 ± 0.0000", "yes"],
    ]
    assert report.second_rows(part)[1] == [["a", "1", "3", "3"]]
    assert report.summary_rows(part)[1][2] == [
        *("accuracy", "other", "1", "-0.2000", "a -0.2000", "3.00", "1.000", "0 of 2"),
    ]


def test_rmse_is_told_of_given_splits():
    scores = {"a": {"ours": [0.99, 0.96], "MLP": [0.99, 0.99]}}
    assert report.rmse_rows(rows(scores, "R²"))[1] == []
    assert report.rmse_rows(rows(scores, "R²", given=True))[1] == [
        ["a", "0.15 ± 0.05 (2)", "0.1 ± 0 (2)"]
    ]


@pytest.mark.parametrize("metrics", [["accuracy"], ["R²"], ["accuracy", "R²"]])
def test_a_made_up_csv_makes_report_and_figure(tmp_path, metrics):
    scores = {"a": {"ours": [0.9, 0.9], "MLP": [0.8, 0.8], "other": [0.5, 0.7]}}
    table = pd.concat([rows(scores, metric, given=metric == "R²") for metric in metrics])
    text = report.markdown(table, "- CPU: fast", "untuned.png")
    assert "- CPU: fast" in text
    assert ("## Classification" in text) == ("accuracy" in metrics)
    assert ("## Regression" in text) == ("R²" in metrics) == ("standard error" in text)
    assert "| yes |" in text
    pytest.importorskip("matplotlib")
    untuned_figure.draw(table, tmp_path / "untuned.png")
    assert (tmp_path / "untuned.png").stat().st_size > 10_000


# The run.


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run on a small set; return the cells that were measured."""
    rng = np.random.RandomState(0)
    tiny = datasets.Dataset("tiny", rng.normal(size=(30, 2)), rng.randint(2, size=30))
    monkeypatch.setattr(untuned.datasets, "included", lambda: [tiny])
    monkeypatch.setattr(untuned.datasets, "synthetic", list)
    monkeypatch.setattr(untuned.untuned_figure, "draw", lambda table, path: path.touch())
    measured, measure = [], untuned.measure

    def counted(name, dataset, hidden, split, rows):
        measured.append((name, split))
        return measure(name, dataset, hidden, split, rows)

    monkeypatch.setattr(untuned, "measure", counted)

    def run(*arguments):
        measured.clear()
        untuned.main([*arguments, "--out", str(tmp_path)])
        return list(measured)

    return run


def test_cells_with_a_row_are_not_measured_again(run, tmp_path, monkeypatch):
    trees = "--contenders", "HistGradientBoosting"
    assert run(*trees, "--splits", "1") == [("HistGradientBoosting", 0)]
    assert run(*trees, "--splits", "2") == [("HistGradientBoosting", 1)]
    assert run(*trees, "ours", "--splits", "2") == [("ours", 0), ("ours", 1)]
    assert run(*trees, "--splits", "2", "--again") == [
        *[("HistGradientBoosting", 0), ("HistGradientBoosting", 1)],
    ]
    table = pd.read_csv(tmp_path / "untuned.csv")
    assert tuple(table.columns) == untuned.COLUMNS
    assert sorted(table["contender"]) == ["HistGradientBoosting"] * 2 + ["ours"] * 2
    monkeypatch.setattr(sksgdprune, "__version__", "another")
    assert len(run(*trees, "--splits", "1")) == 1
    assert len(pd.read_csv(tmp_path / "untuned.csv")) == 1


def test_other_hidden_layers_have_files_of_their_own(run, tmp_path):
    run("--contenders", "ours", "--splits", "1", "--hidden", "4", "3")
    assert {path.name for path in tmp_path.iterdir()} == {
        f"untuned_4x3.{kind}" for kind in ("csv", "json", "md", "png")
    }
    assert run("--contenders", "ours", "--splits", "1", "--hidden", "4", "3") == []


def test_every_contender_gets_the_hidden_layers():
    for classifies in (True, False):
        for name in ("ours", "MLP"):
            parameters = untuned.CONTENDERS[name](classifies, (4, 3), 0).get_params()
            sizes = [v for k, v in parameters.items() if k.endswith("hidden_layer_sizes")]
            assert sizes == [(4, 3)]


def test_an_unknown_set_is_refused_with_the_known_names(run, capsys):
    with pytest.raises(SystemExit):
        run("--sets", "tiny", "huge")
    assert "no data set is called huge; there are tiny" in capsys.readouterr().err


@pytest.mark.parametrize("met", [True, False])
def test_a_miss_ends_with_1(run, monkeypatch, tmp_path, capsys, met):
    verdict = untuned.untuned_report.Verdict("rule", "value", met)
    monkeypatch.setattr(untuned.untuned_report, "verdicts", lambda table: [verdict])
    arguments = ["--contenders", "HistGradientBoosting", "--splits", "1", "--out", str(tmp_path)]
    assert untuned.main(arguments) == (0 if met else 1)
    line = f"| rule | value | {'yes' if met else 'NO'} |"
    assert line in capsys.readouterr().out
    assert line in (tmp_path / "untuned.md").read_text(encoding="utf-8")
