"""The speed benchmark's helpers. No test asserts a time."""

import importlib
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests import reference

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.fixture
def speed():
    return importlib.import_module("speed")


@pytest.fixture
def peers():
    return importlib.import_module("peers")


@pytest.fixture
def problem(peers):
    return peers.problem(peers.Network((5, 4, 3), 8, 80), "float64")


def test_interleave_gives_each_contender_a_time_per_round_less_the_fixed_costs(speed, monkeypatch):
    now, order = [0.0], []
    monkeypatch.setattr(speed, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def contender(name, fixed, per_step):
        def run(n):
            order.append((name, n))
            now[0] += fixed + n * per_step
            return n

        return run

    runs = {"a": contender("a", 3.0, 1e-3), "b": contender("b", 0.0, 2.0)}
    times = speed.interleave(runs, speed.Effort(4, 0.5, 1, 1))
    np.testing.assert_allclose(times["a"], np.full(4, 1e3))
    np.testing.assert_allclose(times["b"], np.full(4, 2e6))
    assert [name for name, n in order[-16:] if n > 1] == ["a", "b"] * 4


def test_compare_takes_the_median_of_the_ratios_within_rounds(speed):
    times = {("a", "float64"): np.array([1.0, 2.0, 9.0]), ("b", "float64"): np.array([1.0, 1, 3])}
    row = speed.compare("step", "net", times, ("a", "float64"), ("b", "float64"), "≤ 2.0")
    assert (row.value, row.against, row.ratio, row.met) == (2.0, "b", 2.0, "yes")
    missing = speed.compare("step", "net", times, ("c", "float64"), ("b", "float64"), "≤ 2.0")
    assert missing.met == speed.NOT_AVAILABLE


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [(1.0, "≤ 1.0", "yes"), (1.1, "≤ 1.0", "no"), (25.0, "≥ 25", "yes"), (3.0, "", "")],
)
def test_met_reads_the_target(speed, value, target, met):
    assert speed.Row("import", "", "", "sksgdprune", value, "s", target=target).met == met


def test_tables_hold_each_row_with_a_target_and_each_contender_once(speed):
    row = speed.Row("step", "net", "float64", "sksgdprune", 16.5, "µs")
    held = row._replace(against="products", ratio=1.5, target="≤ 2.0")
    rows = [row, held, row._replace(contender="torch", value=math.nan)]
    assert speed.held_rows(rows) == [
        ["step", "net float64", "sksgdprune / products", "≤ 2.0", "1.5", "yes"]
    ]
    header, cells = speed.microsecond_rows(rows, ["step"])
    assert header == ["median µs", "step, net, float64"]
    assert cells == [["sksgdprune", "16.5"]]
    assert list(speed.frame(rows).columns) == [*speed.Row._fields, "met"]


def test_scripts_run_in_a_new_process(speed, tmp_path):
    script = (
        "import json, os, sksgdprune; print(json.dumps([float(os.environ['OMP_NUM_THREADS'])]))"
    )
    assert speed.median_of(script, 2, str(tmp_path)) == [1.0]
    assert speed.median_of("raise ValueError", 1, str(tmp_path)) is None
    for script in (speed.IMPORT, speed.FIRST_FIT, speed.CSR_FIT):
        compile(script, "script", "exec")


def test_contenders_take_the_steps_they_say(peers, problem):
    assert problem.network.multiply_adds == 8 * (2 * 20 + 3 * 12)
    assert peers.ours(problem)(3) == 3
    assert peers.ours(problem, peers.pruned(0.5))(3) == 3
    assert peers.ours(problem, peers.frozen(0.5))(3) == 3
    assert peers.products_from_python(problem)(3) == 3
    assert peers.products_compiled(problem)(3) == 3
    assert peers.scikit_learn(problem)(2) == 2 * 10


def test_predictors_start_from_the_same_weights(peers, problem):
    theirs = peers._scikit_learn_like(problem).predict_proba(problem.X)
    np.testing.assert_allclose(problem.model.predict_proba(problem.X), theirs, rtol=1e-12)
    runs = peers.predictors(problem, 7, 0.5)
    assert {"sksgdprune", "scikit-learn"} <= set(runs)
    assert all(run(2) == 2 for run in runs.values())


def test_torch_takes_the_same_preconditioned_step(peers, problem):
    torch = pytest.importorskip("torch")
    model, (sizes, S, n) = problem.model, problem.network
    rng = np.random.default_rng(1)
    batch, probe = rng.integers(n, size=(5, S)), rng.integers(n, size=5)
    contender = peers.TorchPreconditioned(problem)
    for rows, row in zip(batch, probe, strict=True):
        contender.step(torch.from_numpy(rows), torch.tensor([row]))
    theta, C, *_ = reference.train(
        problem.X,
        np.eye(3)[problem.y],
        sizes,
        model.theta_,
        model.noise_variance_,
        model.status_,
        batch,
        probe,
        model.t_,
        learning_rate=model.learning_rate,
        kappa=1.0,
        posterior_size=model.theta_.size,
        damping=model.damping,
    )
    for parts, expected in ((contender.parameters, theta), (contender.C, C)):
        flat = np.concatenate([part.detach().numpy().ravel() for part in parts])
        np.testing.assert_allclose(flat, expected, rtol=1e-10)
