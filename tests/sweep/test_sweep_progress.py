"""Where a running sweep is, as its lines and scikit-learn's bars tell."""

import re

import joblib
import pytest
from sklearn.callback import ProgressBar

from sksgdprune._sweep import runner as _trainings
from tests.sweep_cases import P, assert_same_results, classifier, iris, sweep


@pytest.fixture
def loky():
    with joblib.parallel_config(backend="loky", n_jobs=2):
        yield
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)


def lines(capsys):
    return [line for line in capsys.readouterr().out.splitlines() if "SparsitySweep" in line]


def test_each_training_has_a_line(capsys):
    sweep(p=P, verbose=2, n_repeats=2, refit=False).fit(*iris())
    shown = lines(capsys)
    for k, line in enumerate(shown[:4], 1):
        left = r", \d+ min \d+ s left" if k > 1 else ""
        assert re.fullmatch(rf"\[SparsitySweep\] warm-up {k} of 4{left}", line)
    for k, line in enumerate(shown[4:], 1):
        left = r", \d+ min \d+ s left" if k > 1 else ""
        assert re.fullmatch(rf"\[SparsitySweep\] cell {k} of 12: score [01]\.?\d*{left}", line)
    assert len(shown) == 4 + 12


def test_by_default_there_is_none(capsys):
    sweep(p=P).fit(*iris())
    assert capsys.readouterr().out == ""


def test_verbose_1_has_a_line_at_the_end_and_every_ten_seconds(capsys, monkeypatch):
    clock = iter(range(0, 10_000, 4))  # each look at the clock is four seconds later
    monkeypatch.setattr(_trainings.time, "monotonic", lambda: next(clock))
    progress = _trainings._Progress("cell", 7, 1)
    for _ in range(7):
        progress.count(None)
    assert lines(capsys) == [
        "[SparsitySweep] cell 3 of 7, 0 min 16 s left",
        "[SparsitySweep] cell 6 of 7, 0 min 4 s left",
        "[SparsitySweep] cell 7 of 7, 0 min 0 s left",
    ]


@pytest.mark.parametrize(
    ("n_jobs", "ends", "told"),
    [
        # The first run compiles for half a minute, the others take two seconds each.
        (1, [30, 32, 34, 36, 38, 40], [None, 8, 6, 4, 2, 0]),
        # Two side by side: both wait for it.
        (2, [30, 30, 32, 32, 34, 34], [None, None, None, 2, 1, 0]),
        # Fewer runs than two rounds have no pace.
        (4, [30, 30, 30, 30, 32, 32], [None] * 5 + [0]),
    ],
)
def test_the_time_left_goes_by_the_runs_after_the_first(n_jobs, ends, told, capsys, monkeypatch):
    clock = iter([0, *ends])
    monkeypatch.setattr(_trainings.time, "monotonic", lambda: next(clock))
    progress = _trainings._Progress("cell", len(ends), 2, n_jobs)
    for _ in ends:
        progress.count(None)
    for line, seconds in zip(lines(capsys), told, strict=True):
        left = "" if seconds is None else f", 0 min {seconds} s left"
        assert re.fullmatch(rf"\[SparsitySweep\] cell \d of 6{left}", line)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 min 0 s"), (61, "1 min 1 s"), (3599.6, "1 h 0 min"), (90_061, "25 h 1 min")],
)
def test_times_are_told_as_people_do(seconds, text):
    assert _trainings._duration(seconds) == text


@pytest.mark.slow  # worker processes start
def test_worker_processes_are_told_of_as_they_end(capsys, loky):
    X, y = iris()
    told = sweep(p=P, verbose=2, refit=False).fit(X, y)
    assert [line.split(":")[0] for line in lines(capsys)[2:]] == [
        f"[SparsitySweep] cell {k} of 6" for k in range(1, 7)
    ]
    assert_same_results(told.cv_results_, sweep(p=P, refit=False).fit(X, y).cv_results_)


def test_a_backend_without_results_as_they_come_has_joblibs_lines(capfd):
    class Late(joblib._parallel_backends.ThreadingBackend):
        supports_return_generator = False

    joblib.register_parallel_backend("late", Late)
    with joblib.parallel_config("late", n_jobs=2):
        sweep(p=P, verbose=1, refit=False).fit(*iris())
    shown = "".join(capfd.readouterr())
    assert "SparsitySweep" not in shown
    assert "Done   6 out of   6" in shown


def test_errors_end_a_sweep_that_tells_of_itself():
    def score(estimator, X, y):
        raise RuntimeError("no score")

    for n_jobs in (1, 2):
        with pytest.raises(RuntimeError, match="no score"):
            sweep(p=P, scoring=score, error_score="raise", verbose=2, n_jobs=n_jobs).fit(*iris())


@pytest.mark.slow  # worker processes start
def test_a_progress_bar_hears_of_worker_processes(capsys, loky):
    sweep(classifier(), p=P).set_callbacks(ProgressBar()).fit(*iris())
    shown = capsys.readouterr().out
    assert "SparsitySweep" in shown
    assert "100%" in shown
