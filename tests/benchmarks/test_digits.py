"""The digits benchmark: the notebook's data, its grid, and what is kept at the end."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.metrics import accuracy_score

from benchmarks import digits

RECORD = Path(__file__).parents[1] / "recorded" / "prune.npz"
COLUMNS = ["p", "repeat", "sparsity", "train_accuracy", "test_accuracy", "seconds"]
STEPS = 2, 3


def quiet():
    return Console(file=io.StringIO(), width=200)


def small_plan():
    prune, _, freeze, *_ = digits.experiments(10)
    return [prune._replace(p=np.array([0.0, 0.9])), freeze._replace(p=np.array([0.5, 1.0]))]


@pytest.fixture
def tiny(monkeypatch):
    """Let `sweep_once` take few steps; return the calls it got, as (name, repeat, loss, steps)."""
    calls, sweep_once = [], digits.sweep_once

    def few_steps(experiment, repeat, loss, steps, jobs):
        calls.append((experiment.name, repeat, loss, steps))
        return sweep_once(experiment, repeat, loss, STEPS, jobs)

    monkeypatch.setattr(digits, "sweep_once", few_steps)
    return calls


@pytest.fixture
def interrupt_after(monkeypatch, tiny):
    """Return a function: Ctrl-C after that many experiments."""

    def after(n_finished):
        sweep_once = digits.sweep_once

        def interrupted(*arguments):
            if len(tiny) == n_finished:
                raise KeyboardInterrupt
            return sweep_once(*arguments)

        monkeypatch.setattr(digits, "sweep_once", interrupted)

    return after


# The plan


def test_data_are_the_notebooks():
    X, y, cv = digits.data()
    with np.load(RECORD) as record:
        rows = np.vstack([record["X"], record["X_test"]])
        labels = np.concatenate([record["y"], record["y_test"]])
        n_train = len(record["X"])
    assert X.shape == (1797, 61)
    np.testing.assert_allclose(X, rows, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(y, labels)
    ((train, test),) = cv.split()
    np.testing.assert_array_equal(train, np.arange(n_train))
    np.testing.assert_array_equal(test, np.arange(n_train, 1797))


def test_data_are_standardised_by_the_train_rows():
    X, _, cv = digits.data()
    ((train, test),) = cv.split()
    np.testing.assert_allclose(X[train].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X[train].std(axis=0), 1, atol=1e-6)
    assert np.abs(X[test].mean(axis=0)).max() > 0.01


def test_the_grid_has_253_values_of_p():
    plan = digits.experiments(50)
    assert [(e.name, len(e.p)) for e in plan] == [
        ("prune magnitude", 50),
        ("prune random", 50),
        ("freeze preconditioned_gradient", 51),
        ("freeze gradient", 51),
        ("freeze random", 51),
    ]
    assert sum(len(e.p) for e in plan) == 253
    for e in plan:
        np.testing.assert_allclose(e.p, np.arange(len(e.p)) / 50, atol=1e-15)


def test_the_network_is_the_notebooks():
    with np.load(RECORD) as record:
        config = json.loads(str(record["config"]))
    clf = digits.network("double_softmax")
    assert clf.hidden_layer_sizes == (config["hidden"],)
    assert clf.learning_rate == config["learning_rate"]
    assert clf.batch_size == config["batch_size"]
    assert (clf.kappa, clf.t0) == (config["k_coef"], config["t0"])
    assert (clf.activation, clf.loss, clf.damping) == ("tanh", "double_softmax", 0.0)


# The work


@pytest.mark.parametrize("experiment", small_plan(), ids=lambda e: e.name)
def test_rows_are_trainings_by_hand(experiment):
    rows = digits.sweep_once(experiment, 4, "double_softmax", (5, 7), 1)
    X, y, cv = digits.data()
    ((train, test),) = cv.split()
    seeds = np.random.RandomState(4)
    seeds.randint(2**31 - 1, size=1)
    seed = seeds.randint(2**31 - 1, size=(1, 1))[0, 0]
    assert list(rows.columns) == COLUMNS
    assert rows["p"].tolist() == experiment.p.tolist()
    for row in rows.itertuples():
        clf = digits.network("double_softmax").set_params(random_state=seed, max_steps=5)
        clf.fit(X[train], y[train])
        cut = clf.prune if experiment.action == "prune" else clf.freeze
        cut(row.p, experiment.method, scope="layer", include_biases=True, X=X[train], y=y[train])
        clf.partial_fit(X[train], y[train], n_steps=7)
        assert row.test_accuracy == accuracy_score(y[test], clf.predict(X[test]))
        assert row.train_accuracy == accuracy_score(y[train], clf.predict(X[train]))
        assert row.sparsity == clf.sparsity_
        assert row.repeat == 4
        assert row.seconds > 0


def test_run_gives_one_table_per_experiment(tiny):
    plan = small_plan()
    tables = digits.run(plan, 2, "log_loss", (200, 3000), 1, quiet())
    names = [e.name for e in plan]
    assert tiny == [(name, k, "log_loss", (200, 3000)) for k in range(2) for name in names]
    assert list(tables) == names
    for experiment in plan:
        table = tables[experiment.name]
        assert list(table.columns) == COLUMNS
        assert table["p"].tolist() == experiment.p.tolist() * 2
        assert table["repeat"].tolist() == [0, 0, 1, 1]
        first = digits.sweep_once(experiment, 0, "log_loss", STEPS, 2)
        pd.testing.assert_frame_equal(
            table.iloc[:2].drop(columns="seconds"), first.drop(columns="seconds")
        )


@pytest.mark.parametrize(
    ("finished", "repeats"), [(0, {}), (1, {"prune magnitude": [0]}), (3, None)], ids=str
)
def test_ctrl_c_keeps_the_finished_rows(finished, repeats, interrupt_after):
    interrupt_after(finished)
    console, (prune, freeze) = quiet(), small_plan()
    tables = digits.run([prune, freeze], 2, "double_softmax", STEPS, 1, console)
    if repeats is None:
        repeats = {prune.name: [0, 1], freeze.name: [0]}
    assert {name: t["repeat"].unique().tolist() for name, t in tables.items()} == repeats
    assert all(len(t) == 2 * t["repeat"].nunique() for t in tables.values())
    assert "Interrupted" in console.file.getvalue()


# What is shown


def made_tables():
    """Two repeats of one experiment, one of another."""
    row = {"sparsity": 0.0, "train_accuracy": 1.0, "seconds": 0.1}
    first = [(0.0, 0, 0.9), (0.5, 0, 0.4), (0.0, 1, 0.8), (0.5, 1, 0.6)]
    second = [(0.0, 0, 0.7), (0.25, 0, 0.3)]
    return {
        name: pd.DataFrame(
            [{"p": p, "repeat": k, "test_accuracy": accuracy} | row for p, k, accuracy in rows]
        )
        for name, rows in (("prune magnitude", first), ("freeze random", second))
    }


def test_display_has_a_curve_per_experiment_over_its_repeats():
    curves = digits.display(made_tables()).curves
    np.testing.assert_array_equal(curves["prune magnitude"].p, [0, 0.5])
    np.testing.assert_array_equal(curves["prune magnitude"].test, [[0.9, 0.8], [0.4, 0.6]])
    np.testing.assert_array_equal(curves["freeze random"].test, [[0.7], [0.3]])


def test_summary_shows_mean_and_std_where_p_was_run():
    table = digits.summary(made_tables())
    columns = [list(column.cells) for column in table.columns]
    assert columns == [
        ["prune magnitude", "freeze random"],
        ["85.0±5.0", "70.0±0.0"],
        ["50.0±10.0", ""],  # and no column for p that none has
    ]


def test_the_summary_breaks_no_word_in_80_columns():
    plan = digits.experiments(50)
    rows = [{"p": p, "test_accuracy": score} for p in plan[0].p for score in (0.1, 0.9)]
    console = Console(file=io.StringIO(), width=80)
    console.print(digits.summary({e.name: pd.DataFrame(rows) for e in plan}))
    words = console.file.getvalue().split()
    assert words.count("50.0±40.0") == len(plan) * len(digits.SHOWN)
    assert {word for e in plan for word in e.name.split()} <= set(words)


# The command


def test_quick_command_writes_tables_and_figure(tiny, tmp_path, capsys):
    out = tmp_path / "new" / "out"
    assert digits.main(["--quick", "--jobs", "2", "--out", str(out)]) == 0
    plan = digits.experiments(10)
    assert tiny == [(e.name, k, "double_softmax", (200, 3000)) for k in range(2) for e in plan]
    files = {f"digits_{e.action}_{e.method}.csv": e for e in plan}
    assert {path.name for path in out.iterdir()} == {*files, "digits.png"}
    for name, experiment in files.items():
        table = pd.read_csv(out / name)
        assert list(table.columns) == COLUMNS
        np.testing.assert_allclose(table["p"], np.tile(experiment.p, 2))
        assert table["test_accuracy"].between(0, 1).all()
    assert (out / "digits.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "106 training runs" in printed
    assert "prune" in printed


def test_whole_command_is_five_repeats_of_the_whole_grid(monkeypatch, tmp_path):
    asked = {}

    def run(plan, n_repeats, loss, steps, jobs, console):
        asked.update(n=sum(len(e.p) for e in plan), repeats=n_repeats, loss=loss, steps=steps)
        return {}

    monkeypatch.setattr(digits, "run", run)
    assert digits.main(["--loss", "log_loss", "--out", str(tmp_path / "out")]) == 130
    assert asked == {"n": 253, "repeats": 5, "loss": "log_loss", "steps": (200, 3000)}
    assert not (tmp_path / "out").exists()


def test_interrupted_command_writes_what_is_finished_and_says_130(interrupt_after, tmp_path):
    interrupt_after(2)
    assert digits.main(["--quick", "--jobs", "1", "--out", str(tmp_path)]) == 130
    assert {path.name for path in tmp_path.iterdir()} == {
        "digits_prune_magnitude.csv",
        "digits_prune_random.csv",
        "digits.png",
    }


def test_unknown_loss_is_refused(capsys):
    with pytest.raises(SystemExit):
        digits.main(["--loss", "hinge"])
    assert "double_softmax" in capsys.readouterr().err
