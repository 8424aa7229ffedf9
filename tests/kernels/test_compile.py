"""Calls of entry points: compiled where the kinds of arguments are new, and said."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numba.core import event

from sksgdprune._kernels import compile as compilation
from sksgdprune._kernels import entry_points
from sksgdprune._kernels.types import Sparse


class EntryPoint:
    """Stands for a compiled function; numba finds no place for it."""

    __name__ = "entry_point"
    stats = SimpleNamespace(cache_path=None)

    def __init__(self):
        self.compiled = []

    def compile(self, types):
        with event.trigger_event("numba:compile", data={"dispatcher": self}):
            self.compiled.append(types)

    def __call__(self, *arguments):
        return arguments[::-1]


@pytest.fixture
def entry_point(monkeypatch):
    """An entry point that was never called."""
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
