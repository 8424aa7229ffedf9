"""The comparison of pruning recipes: its differences, its choices, torch's cuts."""

import importlib

import numpy as np
import pandas as pd
import pytest

from benchmarks._common import datasets
from benchmarks.sparsity import comparison, report


@pytest.fixture
def peers():
    pytest.importorskip("torch")
    return importlib.import_module("benchmarks.sparsity.torch_networks")


def rows(*curves):
    """The CSV's rows of (set, recipe, validation, {p: scores of the seeds})."""
    return pd.DataFrame(
        [
            {
                **recipe._asdict(),
                **{"set": name, "p": p, "seed": seed, "score": score, "setting": ""},
                **{"validation": validation, "validation_loss": 1.0, "metric": "accuracy"},
                **{"seconds": 1.0, "hidden": 32, "steps": 3200},
            }
            for name, recipe, validation, by_p in curves
            for p, values in by_p.items()
            for seed, score in enumerate(values)
        ]
    )


@pytest.fixture
def table():
    def torch(optimiser, schedule="none"):
        return report.Recipe("torch", optimiser, "global", schedule)

    none = float("nan")
    return rows(
        ("a", report.DEFAULTS, none, {0.0: [0.9, 0.7], 0.8: [0.8, 0.9], 0.9: [0.7, 0.68]}),
        ("a", report.UNCUT, none, {0.0: [0.9, 0.8]}),
        ("a", report.PLAIN, none, {0.8: [0.7, 0.7], 0.9: [0.6, 0.4]}),
        ("a", torch("adam"), 0.9, {0.0: [0.9, 0.9]}),
        ("a", torch("adam", "cubic"), 0.8, {0.8: [0.6, 0.6], 0.9: [0.5, 0.5]}),
        ("a", torch("sgd", "cubic"), 0.7, {0.8: [0.65, 0.75], 0.9: [0.5, 0.6]}),
        ("b", report.DEFAULTS, none, {0.8: [0.5, 0.5]}),
        ("b", report.PLAIN, none, {0.8: [0.5, 0.6]}),
    )


def test_differences_are_paired_and_their_interval_is_that_of_t(table):
    wide = report.scores(table)
    values = report.difference(wide, "a", 0.8, report.PLAIN.name)
    np.testing.assert_allclose(values, [0.1, 0.2])
    # A standard error of .05; t has 12.706 at .975 and 1.
    assert report.mean_text(values, "+") == "+0.1500 ± 0.6353"
    assert report.difference(wide, "b", 0.9, report.PLAIN.name).empty


def test_means_over_sets_have_the_interval_of_the_seeds(table):
    (line,) = [
        line
        for line in report.summary_rows(report.scores(table), ["a", "b"])[1]
        if line[0] == report.PLAIN.name
    ]
    # Seed 0: (.1 + 0) / 2, seed 1: (.2 − .1) / 2. At p = .9 one set has no rows.
    assert line == [report.PLAIN.name, "+0.0500 ± 0.0000", ""]


def test_torchs_best_is_that_of_validation_and_in_hindsight_that_of_the_test_rows(table):
    wide = report.with_torch_best(report.scores(table), table)
    np.testing.assert_allclose(wide.loc[("a", report.TORCH_BEST, 0.8)], [0.6, 0.6])
    np.testing.assert_allclose(wide.loc[("a", report.TORCH_HINDSIGHT, 0.8)], [0.65, 0.75])
    np.testing.assert_allclose(wide.loc[("a", report.TORCH_BEST, 0.0)], [0.9, 0.9])


def test_uncut_networks_are_those_of_all_recipes_but_the_defaults(table):
    wide = report.scores(table)
    np.testing.assert_allclose(wide.loc[("a", report.PLAIN.name, 0.0)], [0.9, 0.8])
    np.testing.assert_allclose(wide.loc[("a", report.DEFAULTS.name, 0.0)], [0.9, 0.7])


def test_as_good_as_no_cut_is_within_its_standard_error(table):
    wide = report.scores(table)
    # Means .8 (error .1), .85, .69; then .85 (error .05), .7, .5.
    assert report.within_one_error(wide, "a", report.DEFAULTS.name) == 0.8
    assert report.within_one_error(wide, "a", report.PLAIN.name) == 0.0
    losses = report.loss_of_score(wide, "a", 0.9, report.PLAIN.name)
    np.testing.assert_allclose(losses, [0.3, 0.4])


def test_the_grids_choice_is_the_best_mean_of_those_on_all_inner_splits():
    scores = {"x": [0.9], "y": [0.8, 0.8, 0.8], "z": [0.8, 0.7, 0.9], "w": [0.8, 0.1, 0.1]}
    losses = {"x": 1.0, "y": 0.5, "z": 0.4, "w": 0.6}
    grid = pd.DataFrame(
        [
            {"set": "a", "optimiser": "sgd", "schedule": "cubic", "p": 0.9, "setting": setting}
            | {"split": split, "score": score, "loss": losses[setting]}
            for setting, values in scores.items()
            for split, score in enumerate(values)
        ]
    )
    key = "a", "sgd", "cubic", 0.9
    assert comparison.finalists(grid, 3) == {key: ["x", "z", "y"]}
    assert comparison.choices(grid)[key].setting == "z"  # as good as y, by a smaller loss


def test_a_run_writes_all_and_is_not_done_twice(tmp_path, monkeypatch):
    # With p > 0 alone: the network without a cut is of the report, not of the run.
    monkeypatch.setattr(comparison, "QUICK_FRACTIONS", (0.9,))
    options = ["--quick", "--recipes", "defaults", "--libraries", "ours", "--sets", "wine"]
    options += ["--steps", "32", "--out", str(tmp_path)]
    comparison.main(options)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    comparison.main(options)
    names = [f"sparsity_accuracy_quick_32x32.{ending}" for ending in ("csv", "json", "md", "png")]
    assert sorted(first) == names
    assert first[names[0]] == (tmp_path / names[0]).read_bytes()
    assert len(pd.read_csv(tmp_path / names[0])) == 2
    comparison.main([*options, "--again"])
    assert len(pd.read_csv(tmp_path / names[0])) == 2
    assert "torch was left out" in (tmp_path / names[2]).read_text(encoding="utf-8")


# Torch's.


def test_torch_cuts_exactly_the_smallest_and_lets_them_stay_zero(peers):
    import torch

    torch.manual_seed(0)
    layers = torch.nn.Linear(7, 5), torch.nn.Linear(5, 3)
    before = torch.cat([layer.weight.detach().flatten() for layer in layers])
    weights = [layer.weight for layer in layers]
    for n_zero in (10, 10, 23, 5):
        peers.cut(layers, n_zero)
    assert [id(layer.weight_orig) for layer in layers] == [id(weight) for weight in weights]
    after = torch.cat([layer.weight.detach().flatten() for layer in layers])
    smallest = before.abs().argsort()[:23]
    assert set(torch.nonzero(after == 0).flatten().tolist()) == set(smallest.tolist())
    kept = after != 0
    assert torch.equal(after[kept], before[kept])
    assert all(len(layer._forward_pre_hooks) == 1 for layer in layers)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_torch_networks_have_as_many_zeros_as_ours(peers, optimiser):
    wine = datasets.included()[1]
    (split,) = wine.splits(1)
    point = list(peers.grid(optimiser).values())[-1]
    stages = [(0.0, 10), (0.5, 10), (0.91, 10)]
    found = peers.fit(wine, split, point, stages, 8, 32, 0)
    size = 13 * 8 + 8 * 3
    assert found["sparsity"] == pytest.approx(int(0.91 * size) / size, abs=1e-9)


def test_torchs_batches_pass_over_all_rows(peers):
    rows = peers.batches(10, 4, 5)
    assert rows.shape == (5, 4)
    for passed in rows.flatten().split(10):
        assert sorted(passed.tolist()) == list(range(10))
