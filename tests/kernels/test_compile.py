"""Calls of entry points: compiled where the kinds of arguments are new, and said."""

import logging
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numba.core import event

from sksgdprune._kernels import compile as compilation
from sksgdprune._kernels import entry_points
from sksgdprune._kernels.types import Samples, Sparse, Steps
from sksgdprune._utils import file_lock
from tests.processes import beside, ends_well_in_a_child, locked_elsewhere, needs_fork


class EntryPoint:
    """Stands for a compiled function; numba finds no place for it."""

    __name__ = "entry_point"
    stats = SimpleNamespace(cache_path=None)

    def __init__(self):
        self.compiled, self.on_disk = [], False

    def compile(self, types):
        if self.on_disk:
            return
        with event.trigger_event("numba:compile", data={"dispatcher": self}):
            self.compiled.append(types)

    def __call__(self, *arguments):
        return arguments[::-1]


@pytest.fixture
def entry_point(monkeypatch, caplog):
    """An entry point that was never called."""
    caplog.set_level(logging.WARNING, "sksgdprune")  # a page of the docs has it silent
    monkeypatch.setattr(compilation.config, "DISABLE_JIT", False)  # in `make test-uncompiled`, too
    monkeypatch.setattr(compilation, "_ready", set())
    monkeypatch.setattr(compilation, "_warned", [])
    return EntryPoint()


@pytest.mark.filterwarnings("ignore:numba found no folder")
def test_call_passes_results_through_and_compiles_where_kinds_are_new(entry_point):
    a = np.ones(3)
    assert compilation.call(entry_point, a, 1) == (1, a)
    assert compilation.call(entry_point, None, 1) == (1, None)
    assert len(entry_point.compiled) == 2
    assert compilation.call(entry_point, 2 * a[:2], 5)[0] == 5
    assert len(entry_point.compiled) == 2


def test_the_warning_comes_once_and_points_at_the_line_outside_of_the_libraries(
    entry_point, capsys
):
    with pytest.warns(UserWarning, match="NUMBA_CACHE_DIR") as warned:
        compilation.call(entry_point, 1)
    assert [Path(one.filename).name for one in warned] == [Path(__file__).name]
    assert "compiling" not in capsys.readouterr().out
    compilation.call(entry_point, 1.0, verbose=1)
    assert capsys.readouterr().out.count("compiling entry_point") == 1


def test_kinds_depend_on_types_and_dtypes_alone():
    a, narrow, whole = np.ones(3), np.ones(3, np.float32), np.ones(3, int)
    ones = [None, a, narrow, whole, 1, 1.0, np.float32(1), True, (), (a,), (None,), (a, narrow)]
    ones.append(Sparse(a, whole, whole))
    assert len({compilation._kind(one) for one in ones}) == len(ones)
    for one, other in [(a, np.zeros(7)), (1, 2), (1.0, 2.5), ((a, 1), (np.zeros(1), 3))]:
        assert compilation._kind(one) == compilation._kind(other)


def test_one_that_is_kept_on_disk_is_said_with_its_folder_and_no_warning(
    entry_point, tmp_path, capsys
):
    entry_point.stats = SimpleNamespace(cache_path=str(tmp_path / "new"))
    assert compilation.call(entry_point, 1, verbose=1) == (1,)
    assert f"kept in {tmp_path / 'new'}" in capsys.readouterr().out
    assert [path.name for path in tmp_path.rglob("*.lock")] == ["sksgdprune.lock"]


def test_what_is_not_compiled_is_called_as_it_is(entry_point, monkeypatch):
    monkeypatch.setattr(compilation.config, "DISABLE_JIT", True)
    assert compilation.call(entry_point, 1, 2) == (2, 1)
    assert entry_point.compiled == []


def test_entry_points_are_not_kept_where_numba_finds_no_folder(monkeypatch):
    made = []

    def njit(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: made.append(function.__name__) or function

    monkeypatch.setattr(entry_points, "njit", njit)
    entry_points._cached(function_of_some_name)
    assert made == ["function_of_some_name"]


def function_of_some_name():
    """What is handed to numba."""


@pytest.fixture
def lock(entry_point, tmp_path):
    """The file that is locked while the entry point is compiled."""
    entry_point.stats = SimpleNamespace(cache_path=str(tmp_path))
    return tmp_path / "sksgdprune.lock"


@needs_fork
def test_what_is_on_the_disk_is_read_though_another_process_has_the_lock(
    entry_point, lock, capsys, caplog
):
    entry_point.on_disk = True
    with locked_elsewhere(lock):
        started = time.monotonic()
        assert compilation.call(entry_point, 1, verbose=1) == (1,)
        assert time.monotonic() - started < 0.5
    assert capsys.readouterr().out == caplog.text == ""


@needs_fork
def test_a_process_that_waits_for_another_to_compile_says_so(
    entry_point, lock, capsys, caplog, monkeypatch
):
    monkeypatch.setattr(file_lock, "SAID_AFTER", 0)
    with locked_elsewhere(lock) as other, ThreadPoolExecutor(1) as pool:
        called = pool.submit(compilation.call, entry_point, 1, verbose=1)
        while "waiting" not in caplog.text and not called.done():
            time.sleep(0.01)
        assert entry_point.compiled == []
        other.kill()
        assert called.result(20) == (1,)
    assert len(entry_point.compiled) == 1
    waiting, compiling = capsys.readouterr().out.splitlines()
    assert waiting.startswith("[sksgdprune] waiting for another process")
    assert str(lock) in waiting
    assert compiling.startswith("[sksgdprune] compiling entry_point")
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


@needs_fork
def test_a_process_waits_no_longer_than_until_the_code_is_on_the_disk(entry_point, lock):
    with locked_elsewhere(lock), ThreadPoolExecutor(1) as pool:
        called = pool.submit(compilation.call, entry_point, 1)
        time.sleep(0.2)
        assert not called.done()
        entry_point.on_disk = True
        assert called.result(20) == (1,)
    assert entry_point.compiled == []


@needs_fork
def test_a_process_that_has_come_to_a_halt_is_not_waited_for_without_end(
    entry_point, lock, monkeypatch
):
    monkeypatch.setattr(file_lock, "PATIENCE", 0.2)
    with locked_elsewhere(lock):
        assert compilation.call(entry_point, 1) == (1,)
    assert len(entry_point.compiled) == 1


@needs_fork
def test_the_lock_is_let_go_when_it_is_compiled(entry_point, lock):
    compilation.call(entry_point, 1)
    with locked_elsewhere(lock) as other:
        assert other.poll() is None
    assert len(entry_point.compiled) == 1


@needs_fork
def test_a_child_forked_while_a_thread_waits_for_its_turn_can_compile(entry_point, lock):
    def wait(begun, may_end):
        with compilation._one_thread_at_a_time, file_lock.turn(lock, bool, print):
            begun.set()
            may_end.wait(30)

    def compiles():
        entry_point.stats = SimpleNamespace(cache_path=str(lock.parent / "another"))
        return compilation.call(entry_point, 1) == (1,) and entry_point.compiled

    with beside(wait):
        assert ends_well_in_a_child(compiles, seconds=5)


@needs_fork
def test_a_child_forked_while_another_thread_compiles_waits_for_its_end(entry_point, lock):
    begun = threading.Event()

    def compile(types):
        with event.trigger_event("numba:compile", data={"dispatcher": entry_point}):
            begun.set()
            time.sleep(0.3)  # without numba's lock, which `call` holds
        entry_point.compiled.append(types)

    entry_point.compile = compile
    with ThreadPoolExecutor(1) as pool:
        called = pool.submit(compilation.call, entry_point, 1)
        begun.wait(20)
        assert ends_well_in_a_child(lambda: len(entry_point.compiled) == 1)
        assert called.result(20) == (1,)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python's, about fork and threads
@needs_fork
def test_a_child_does_not_keep_the_lock_that_its_parent_had(lock):
    with file_lock.turn(lock, bool, print):
        inherited = os.fork()
        if not inherited:
            time.sleep(30)
            os._exit(0)
    try:
        with locked_elsewhere(lock) as other:
            assert other.poll() is None
    finally:
        os.kill(inherited, signal.SIGKILL)
        os.waitpid(inherited, 0)


@pytest.mark.filterwarnings("ignore:numba found no folder")
def test_variants_are_said_in_different_words(entry_point, caplog):
    a, whole = np.ones((2, 3)), np.ones(3, int)
    csr = Sparse(a[0], whole, whole)
    kinds = [Samples(a, None, (), a), Samples(a.astype("f"), None, (), a), Samples(a, csr, (), a)]
    steps = Steps(whole, None, 1.0, a, a)
    for arguments in [(kinds[0],), (kinds[1],), (kinds[2],), (kinds[0], steps)]:
        compilation.call(entry_point, *arguments)
    texts = [record.getMessage() for record in caplog.records]
    assert len(set(texts)) == len(texts) == 4
    assert "float32 dense rows" in texts[1]
    assert "float64 CSR rows" in texts[2]
