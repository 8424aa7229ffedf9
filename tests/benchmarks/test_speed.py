"""The speed benchmark's helpers. No test asserts a time."""

import json
import math
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from benchmarks._common import timing
from benchmarks.speed import contenders, report, startup
from sksgdprune import PreconditionedMLPClassifier
from tests import reference


@pytest.fixture
def problem():
    return contenders.problem(contenders.Network((5, 4, 3), 8, 80), "float64")


def test_interleave_gives_each_contender_a_time_per_round_less_the_fixed_costs(monkeypatch):
    now, order = [0.0], []
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def contender(name, fixed, per_step):
        def run(n):
            order.append((name, n))
            now[0] += fixed + n * per_step
            return n

        return run

    runs = {"a": contender("a", 3.0, 1e-3), "b": contender("b", 0.0, 2.0)}
    times = timing.interleave(runs, timing.Effort(4, 0.5, 1, 1))
    np.testing.assert_allclose(times["a"], np.full(4, 1e3))
    np.testing.assert_allclose(times["b"], np.full(4, 2e6))
    assert [name for name, n in order[-16:] if n > 1] == ["a", "b"] * 4


def test_compare_takes_the_median_of_the_ratios_within_rounds():
    times = {("a", "float64"): np.array([1.0, 2.0, 9.0]), ("b", "float64"): np.array([1.0, 1, 3])}
    row = timing.compare("step", "net", times, ("a", "float64"), ("b", "float64"), "≤ 2.0")
    assert (row.value, row.against, row.ratio, row.met) == (2.0, "b", 2.0, "yes")
    missing = timing.compare("step", "net", times, ("c", "float64"), ("b", "float64"), "≤ 2.0")
    assert missing.met == timing.NOT_AVAILABLE


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [(1.0, "≤ 1.0", "yes"), (1.1, "≤ 1.0", "no"), (25.0, "≥ 25", "yes"), (3.0, "", "")],
)
def test_met_reads_the_target(value, target, met):
    assert timing.Row("import", "", "", "sksgdprune", value, "s", target=target).met == met


def test_tables_hold_each_row_with_a_target_and_each_contender_once():
    row = timing.Row("step", "net", "float64", "sksgdprune", 16.5, "µs")
    held = row._replace(against="products", ratio=1.5, target="≤ 2.0")
    rows = [row, held, row._replace(contender="torch", value=math.nan)]
    assert report.target_rows(rows) == [
        ["step", "net float64", "sksgdprune / products", "≤ 2.0", "1.5", "yes"]
    ]
    header, cells = report.microsecond_rows(rows, ["step"])
    assert header == ["median µs", "step, net, float64"]
    assert cells == [["sksgdprune", "16.5"]]
    assert list(report.frame(rows).columns) == [*timing.Row._fields, "met"]


def test_other_values_have_a_table_without_those_not_available():
    row = timing.Row("import", "", "", "scikit-learn", 0.5, "s")
    step = row._replace(unit="µs")
    held = row._replace(target="≤ 1")
    rows = [row, step, held, row._replace(value=math.nan), row._replace(against="torch")]
    assert report.other_rows(rows) == [["import", "", "scikit-learn", "0.5 s"]]


def test_scripts_run_in_a_new_process(tmp_path):
    script = (
        "import json, os, sksgdprune; print(json.dumps([float(os.environ['OMP_NUM_THREADS'])]))"
    )
    assert timing.median_of(script, [tmp_path] * 2) == [1.0]
    assert timing.median_of("raise ValueError", [tmp_path]) is None
    for script in (startup.IMPORT, startup.SEARCH, startup.CSR_FIT):
        compile(script, "script", "exec")


def test_caches_are_empty_or_copies():
    with timing.new_caches(2) as caches:
        assert [list(cache.iterdir()) for cache in caches] == [[], []]
        (caches[0] / "compiled").touch()
        with timing.new_caches(2, like=caches[0]) as copies:
            (copies[0] / "more").touch()
            assert [len(list(copy.iterdir())) for copy in copies] == [2, 1]
        assert [path.name for path in caches[0].iterdir()] == ["compiled"]
    assert not caches[0].exists()


def test_each_process_of_a_first_fit_has_a_cache_of_its_own(monkeypatch):
    used = []

    def median_of(script, caches):
        used.append(caches)
        (caches[0] / "compiled").write_text(script)
        return None if "float32" in script else [5.0, 6.0]

    monkeypatch.setattr(startup, "median_of", median_of)
    with timing.new_caches(2) as caches:
        dense = startup.first_fits(caches)
        assert used == [caches, [caches[0]] * 2]
        rows = startup.variants(caches)
        assert len({cache for copies in used[2:] for cache in copies}) == 2 * len(rows)
        assert (caches[0] / "compiled").read_text() == startup.first_fit()
    assert [(row.target, row.met) for row in dense if row.target] == [
        ("≤ 10", "yes"),
        ("≤ 0.2", "no"),
    ]
    assert {row.contender: row.met for row in rows} == dict.fromkeys(startup.VARIANTS, "yes") | {
        "float32": timing.NOT_AVAILABLE
    }


@pytest.mark.parametrize(("counted", "count"), [(2.0, 2.0), (0.0, math.nan), (None, math.nan)])
def test_a_search_without_compilations_went_uncounted(monkeypatch, counted, count):
    numbers = None if counted is None else [30.0, counted]
    monkeypatch.setattr(startup, "median_of", lambda script, caches: numbers)
    np.testing.assert_equal(startup.search(1)[1].value, count)


def run(script, capsys):
    exec(script, {"__name__": "script"})
    return json.loads(capsys.readouterr().out)


def test_each_first_fit_runs_and_prints_two_times(capsys):
    for script in (startup.first_fit(), *startup.VARIANTS.values()):
        fit, whole = run(script.replace("3200", "5"), capsys)
        assert 0 < fit < whole


@pytest.mark.filterwarnings("ignore:On held-out rows:sklearn.exceptions.ConvergenceWarning")
def test_search_counts_the_compilations_of_train_in_its_fits(capsys, monkeypatch):
    def train(x):
        return x

    # Two compilations in each fit, 2 by 2 and the refit, beside one of another function.
    def fit(self, X, y):
        compiled = numba.njit(train)
        numba.njit(lambda x: x)(compiled(1) + compiled(1.5) + compiled(2))
        return original(self, X, y)

    original = PreconditionedMLPClassifier.fit
    script = startup.SEARCH.replace("n_jobs=2", "n_jobs=1")
    run(script, capsys)
    assert run(script, capsys)[1] == 0
    monkeypatch.setattr(PreconditionedMLPClassifier, "fit", fit)
    assert run(script, capsys)[1] == 2 * 5


def test_contenders_take_the_steps_they_say(problem):
    assert problem.network.multiply_adds == 8 * (2 * 20 + 3 * 12)
    assert contenders.ours(problem)(3) == 3
    assert contenders.ours(problem, contenders.pruned(0.5))(3) == 3
    assert contenders.ours(problem, contenders.frozen(0.5))(3) == 3
    assert contenders.products_from_python(problem)(3) == 3
    assert contenders.products_compiled(problem)(3) == 3
    assert contenders.scikit_learn(problem)(2) == 2 * 10


def test_predictors_start_from_the_same_weights(problem):
    theirs = contenders._scikit_learn_like(problem).predict_proba(problem.X)
    np.testing.assert_allclose(problem.model.predict_proba(problem.X), theirs, rtol=1e-12)
    runs = contenders.predictors(problem, 7, 0.5)
    assert {"sksgdprune", "scikit-learn"} <= set(runs)
    assert all(run(2) == 2 for run in runs.values())


def test_torch_takes_the_same_preconditioned_step(problem):
    torch = pytest.importorskip("torch")
    model, (sizes, S, n) = problem.model, problem.network
    rng = np.random.default_rng(1)
    batch, probe = rng.integers(n, size=(5, S)), rng.integers(n, size=5)
    contender = contenders.TorchPreconditioned(problem)
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
