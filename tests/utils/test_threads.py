"""BLAS's threads while networks train, alone and side by side, and after them."""

import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import joblib
import numpy as np
import pytest
from joblib import Parallel, delayed, register_parallel_backend
from joblib._parallel_backends import SequentialBackend
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep
from sksgdprune._kernels import compile as compilation
from sksgdprune._kernels import entry_points
from sksgdprune._training import trainer as _training
from sksgdprune._utils import threads
from sksgdprune._utils.threads import blas_threads, thread_count
from tests.cases import state
from tests.processes import beside, ends_well_in_a_child, needs_fork

BEFORE = 3
# Large enough that BLAS would split its products among threads.
rng = np.random.RandomState(0)
X, Y = rng.normal(size=(300, 40)), rng.randint(3, size=300)


def classifier(**options):
    defaults = {"batch_size": 128, "max_steps": 5, "random_state": 0}
    return PreconditionedMLPClassifier((64, 64), **(defaults | options))


def blas():
    """Return how many threads BLAS takes."""
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {pool["num_threads"] for pool in pools}


@pytest.fixture(autouse=True)
def _three_threads_before():
    with threadpool_limits(BEFORE, user_api="blas"):
        if blas() != {BEFORE}:
            pytest.skip("no BLAS here that threadpoolctl can set")
        yield
        assert blas() == {BEFORE}


@pytest.fixture
def during(monkeypatch):
    """What `blas` said at each call of the training kernel from here on."""
    told, call = [], compilation.call

    def telling(entry_point, *arguments, **options):
        if entry_point is entry_points.train:
            told.append(blas())
        return call(entry_point, *arguments, **options)

    monkeypatch.setattr(_training, "call", telling)
    return told


# Blocks by name and the threads they ask for; which enter and leave, and BLAS's threads then.
WALKS = {
    "one": ("a1", [("+a", 1), ("-a", BEFORE)]),
    "nested": ("a1 b1", [("+a", 1), ("+b", 1), ("-b", 1), ("-a", BEFORE)]),
    "overlapping": ("a1 b1", [("+a", 1), ("+b", 1), ("-a", 1), ("-b", BEFORE)]),
    "one leaves": ("a1 b2", [("+a", 1), ("+b", 1), ("-a", 2), ("-b", BEFORE)]),
    "two leaves": ("a1 b2", [("+b", 2), ("+a", 1), ("-b", 1), ("-a", BEFORE)]),
    "one within two": ("a2 b1", [("+a", 2), ("+b", 1), ("-b", 2), ("-a", BEFORE)]),
    "more than before": ("a4 b2", [("+a", 4), ("+b", 2), ("-b", 4), ("-a", BEFORE)]),
    "again": ("a1 b2", [("+a", 1), ("-a", BEFORE), ("+b", 2), ("-b", BEFORE)]),
}


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("name", WALKS)
def test_blas_takes_the_least_that_is_asked_for_and_gives_it_back(name, n_threads):
    names, steps = WALKS[name]
    blocks = {name: blas_threads(int(asked)) for name, asked in names.split()}
    with ExitStack() as stack:
        pools = [stack.enter_context(ThreadPoolExecutor(1)) for _ in range(n_threads)]
        threads = {name: pools[i % n_threads] for i, name in enumerate(blocks)}
        for (sign, block), expected in steps:
            way = blocks[block].__enter__ if sign == "+" else blocks[block].__exit__
            arguments = () if sign == "+" else (None, None, None)
            threads[block].submit(way, *arguments).result()
            assert blas() == {expected}


def test_many_threads_that_come_and_go_leave_what_was_before():
    def come_and_go(seed):
        draw, seen = random.Random(seed), set()
        for _ in range(20):
            with blas_threads(draw.choice([1, 2])), blas_threads(1):
                seen |= blas()
        return seen

    with ThreadPoolExecutor(6) as pool:
        assert set().union(*pool.map(come_and_go, range(6))) == {1}


def test_no_block_is_forgotten_where_threads_take_turns_at_any_moment():
    def come_and_go(_):
        for _ in range(200):
            with blas_threads(1):
                assert any(block() is not None and block().goes_on for block in threads._blocks)
                seen.append({library.num_threads for library in threads._libraries()})

    seen, interval = [], sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-6)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(come_and_go, range(4)))
    finally:
        sys.setswitchinterval(interval)
    assert seen == [{1}] * 800


def test_an_exception_gives_the_threads_back():
    with blas_threads(2):
        with pytest.raises(ZeroDivisionError), blas_threads(1):
            raise ZeroDivisionError
        assert blas() == {2}
    with pytest.raises(KeyboardInterrupt), blas_threads(2), blas_threads(1):
        raise KeyboardInterrupt
    assert blas() == {BEFORE}


def test_a_training_that_fails_gives_the_threads_back(monkeypatch):
    def fail(*arguments, **options):
        assert blas() == {1}
        raise ZeroDivisionError

    monkeypatch.setattr(_training, "call", fail)
    with pytest.raises(ZeroDivisionError):
        classifier().fit(X, Y)
    assert blas() == {BEFORE}


def test_first_fits_side_by_side_come_to_the_bits_of_one_alone(monkeypatch, during):
    monkeypatch.setattr(compilation, "_ready", set())
    fits = [delayed(classifier(random_state=seed).fit)(X, Y) for seed in range(8)]
    together = Parallel(8, backend="threading")(fits)
    assert blas() == {BEFORE}
    assert during == [{1}] * 8
    with threadpool_limits(2, user_api="blas"):  # still heard
        assert blas() == {2}
    for seed, clf in enumerate(together):
        assert state(clf) == state(classifier(random_state=seed).fit(X, Y))


@pytest.mark.parametrize("around", [1, 2, BEFORE])
def test_the_number_of_threads_around_a_fit_does_not_change_its_bits(around):
    alone = classifier().fit(X, Y)
    with threadpool_limits(around, user_api="blas"):
        assert state(classifier().fit(X, Y)) == state(alone)
        assert blas() == {around}


@pytest.mark.parametrize(("n_jobs", "expected"), [(None, 1), (1, 1), (2, 2)])
def test_a_training_takes_n_jobs_threads(n_jobs, expected, during):
    clf, alone = classifier(n_jobs=n_jobs).fit(X, Y), classifier().fit(X, Y)
    assert during == [{expected}, {1}]
    np.testing.assert_allclose(clf.theta_, alone.theta_, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(clf.predict_proba(X), alone.predict_proba(X), atol=1e-9)


def test_a_sweep_trains_cells_in_one_thread_each_and_refits_in_n_jobs(during):
    sweep = SparsitySweep(classifier(n_jobs=2), p=[0.5], warmup_steps=3, finetune_steps=3, cv=2)
    sweep.set_params(schedule="one_shot", method="magnitude").fit(X, Y)
    assert during == [{1}] * 4 + [{2}] * 2


@pytest.mark.slow  # worker processes start
def test_an_estimators_n_jobs_does_not_change_a_bit_of_cells_in_processes():
    wide = classifier(batch_size=256).set_params(hidden_layer_sizes=(200, 200))
    options = {"warmup_steps": 20, "finetune_steps": 20, "cv": 2, "refit": False, "n_jobs": 2}
    options |= {"schedule": "one_shot", "scoring": "neg_log_loss", "random_state": 0}
    found = []
    for backend, n_jobs in [("threading", None), ("threading", 2), ("loky", 2)]:
        with joblib.parallel_config(backend):
            sweep = SparsitySweep(wide.set_params(n_jobs=n_jobs), p=[0, 0.5], **options).fit(X, Y)
        found.append(sweep.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(found, found[:1] * 3)


def test_n_jobs_counts_threads_as_joblib_does_but_none_is_one():
    assert [thread_count(n_jobs) for n_jobs in (None, 1, 2)] == [1, 1, 2]
    assert thread_count(-1) == joblib.effective_n_jobs(-1) >= 1
    assert thread_count(-10_000) == 1
    with pytest.raises(ValueError, match="n_jobs=0"):
        thread_count(0)
    with joblib.parallel_config(n_jobs=2):
        assert thread_count(None) == 1


class Cluster(SequentialBackend):
    """A backend of a hundred workers."""

    def effective_n_jobs(self, n_jobs):
        return 100


def test_threads_are_those_of_this_machine_and_not_a_clusters_workers():
    register_parallel_backend("a cluster", Cluster)
    alone = thread_count(-1)
    with joblib.parallel_config("a cluster"):
        assert joblib.effective_n_jobs(-1) == 100
        assert [thread_count(n_jobs) for n_jobs in (1, 2, -1)] == [1, 2, alone]


class Interruption:
    """Raises KeyboardInterrupt once, at the n-th point of `threads` or of a test where it may come.

    That is before each instruction; a real one comes after calls, at starts of functions and where
    loops go back.
    """

    def __init__(self, n):
        self.left = n

    def __call__(self, frame, event, _):
        if frame.f_code.co_filename not in (threads.__file__, __file__):
            return None
        frame.f_trace_opcodes = True
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
        return self


def interrupted_blocks(interruption, monkeypatch):
    """Enter and leave two blocks; return whether they were interrupted."""
    # Before an instruction that never is interrupted, a lock could be left that is held.
    monkeypatch.setattr(threads, "_lock", threading.RLock())
    before = sys.gettrace()
    try:
        sys.settrace(interruption)
        with blas_threads(2), blas_threads(1):
            pass
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_ctrl_c_between_any_two_instructions_leaves_what_was_before(monkeypatch):
    late, n = 0, 1
    libraries = ThreadpoolController().select(user_api="blas").lib_controllers  # `blas` is slow
    while interrupted_blocks(Interruption(n), monkeypatch):
        late += {library.num_threads for library in libraries} != {BEFORE}
        with blas_threads(2):  # the next block gives back what an interrupted one could not
            assert {library.num_threads for library in libraries} == {2}
        assert {library.num_threads for library in libraries} == {BEFORE}, f"instruction {n}"
        n += 1
    assert n > 200
    assert late < n / 20


def test_a_second_ctrl_c_while_threads_are_given_back_is_made_good_by_the_next_block(monkeypatch):
    def interrupt(numbers):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), blas_threads(1):
        patch.setattr(threads, "_set", interrupt)
    with blas_threads(2):
        assert blas() == {2}
    assert blas() == {BEFORE}


def hold(begun, may_end):
    """Ask for one thread until it may end."""
    with blas_threads(1):
        begun.set()
        may_end.wait(30)


@needs_fork
def test_a_child_has_the_threads_that_were_before_a_block_of_another_thread():
    def has_threads():
        start = blas() == {BEFORE}
        with blas_threads(2):
            return start and blas() == {2}

    with beside(hold):
        assert blas() == {1}
        assert ends_well_in_a_child(has_threads)
        assert blas() == {1}


@needs_fork
def test_a_child_goes_on_in_the_block_in_which_it_was_forked():
    with beside(hold), blas_threads(2):
        assert ends_well_in_a_child(lambda: blas() == {2})


@needs_fork
def test_a_fork_waits_while_another_thread_changes_the_number(monkeypatch):
    changes, set_numbers, begun = [], threads._set, threading.Event()

    def slowly(numbers):
        begun.set()
        time.sleep(0.1)
        set_numbers(numbers)
        changes.append(numbers)

    def change():
        with blas_threads(1):
            pass

    def changes_on():
        complete = len(changes) > 0
        with blas_threads(2):
            return complete and blas() == {2}

    monkeypatch.setattr(threads, "_set", slowly)
    with ThreadPoolExecutor(1) as pool:
        changed = pool.submit(change)
        begun.wait(20)
        assert ends_well_in_a_child(changes_on, seconds=5)
        changed.result()
