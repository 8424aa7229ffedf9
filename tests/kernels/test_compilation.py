"""New processes: what they compile, keep on disk until a source changes, and say."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import sksgdprune

# Copies of the package are compiled anew, in processes of their own.
pytestmark = pytest.mark.slow

# What a new process needs to tell what a run compiles, says and results in.
TELL = """
import contextlib, io, json, logging, warnings
import numpy as np
from joblib import Parallel, delayed
from numba.core import event
from scipy.sparse import csr_array
from sksgdprune import PreconditionedMLPClassifier
from sksgdprune._kernels import preconditioner

events = event.RecordingListener()
event.register("numba:compile", events)
rng = np.random.RandomState(0)
X, y = rng.normal(size=(60, 5)), rng.randint(2, size=60)

def classifier(**options):
    return PreconditionedMLPClassifier((8,), max_steps=20, random_state=0, **options)

def in_threads(X, y):
    fits = [delayed(classifier(verbose=1).fit)(X, y) for _ in range(4)]
    return Parallel(4, prefer="threads")(fits)

def tell(train, *arguments):
    events.buffer.clear()
    log, printed = io.StringIO(), io.StringIO()
    logging.basicConfig(stream=log, format="%(name)s %(levelname)s: %(message)s", force=True)
    warnings_kept = warnings.catch_warnings(record=True, action="always")
    with contextlib.redirect_stdout(printed), warnings_kept as warned:
        trained = train(*arguments)
    levels = [o.type_annotation.typemap.values() for o in preconditioner.level.overloads.values()]
    # An attempt that finds nothing on the disk ends with an exception; numba's is_failed tells of
    # those that have none.
    ended = [e for _, e in events.buffer if e.is_end and e._exc_details is None]
    print(json.dumps({
        "compiled": [e.data["dispatcher"].__name__ for e in ended],
        "sums a trace": any("denominator" in str(type) for types in levels for type in types),
        "logged": log.getvalue().splitlines(),
        "printed": [line for line in printed.getvalue().splitlines() if "[sksgdprune]" in line],
        "warned": [[w.category.__name__, str(w.message)] for w in warned],
        "theta": [clf.theta_.tolist() for clf in trained],
    }), flush=True)
"""

# Four first fits at once, then one whose arguments are of the same kinds.
FIT = """
tell(in_threads, X, y)
tell(lambda: [classifier(verbose=1).fit(X[:40], y[:40])])
"""

VARIANTS = """
clf = classifier().fit(X, y).prune(0.95)
tell(lambda: [clf.partial_fit(X, y)])
tell(lambda: [classifier(noise_estimator="batch", preconditioner="sqrt").fit(csr_array(X), y)])
"""

# Functions that are compiled by runs that go this way, and by no others.
LISTED = {"update_listed", "_accumulate", "live_units"}
BATCH, CSR = {"_by_batch", "_batch_noise"}, {"scatter"}
DENSE = {"train", "gather", "forward", "pass_down", "update_dense", "_by_probe"}


def begin(script, folder, **environment):
    """Start a process on the copy of the package in `folder`."""
    command = [sys.executable, "-c", TELL + script]
    environment = os.environ | {"PYTHONPATH": str(folder)} | environment
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, cwd=folder, **options)


def end(process):
    """Return what each `tell` of a process told."""
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return [json.loads(line) for line in output.splitlines()]


def copy_package(folder):
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(sksgdprune.__file__).parent, folder / "sksgdprune", ignore=leave_out)
    return folder


def begin_on_disk(folder):
    return begin(FIT, folder, NUMBA_CACHE_DIR=str(folder / "cache"))


def begin_without_place(folder):
    """Start one that can write neither to the package nor to the home, not even as root."""
    file = folder / "file"
    for path in file, folder / "sksgdprune" / "_kernels" / "__pycache__":
        path.touch()  # in the way of a folder
    homes = dict.fromkeys(["HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"], str(file / "home"))
    return begin(FIT + VARIANTS, folder, NUMBA_CACHE_DIR="", **homes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the package, with a folder for what is compiled that starts empty."""
    return copy_package(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def told(folder, tmp_path_factory):
    """What processes told that started together: three on one folder, one without a place."""
    three = [begin_on_disk(folder) for _ in range(3)]
    one = begin_without_place(copy_package(tmp_path_factory.mktemp("no-place")))
    return SimpleNamespace(together=[end(process) for process in three], without_place=end(one))


@pytest.fixture(scope="module")
def later(told, folder):
    """What a process told that started after those."""
    return end(begin_on_disk(folder))


def test_processes_and_threads_that_start_together_compile_once(told):
    assert sum(first["compiled"].count("train") for first, _ in told.together) == 1
    for first, second in told.together:
        assert second["compiled"] == []
        assert first["theta"] == told.together[0][0]["theta"][:1] * 4
        assert second["theta"] == told.together[0][1]["theta"]


def test_a_compilation_is_said_once_by_whoever_compiles(told):
    for first, _ in told.together:
        texts = [text.removeprefix("[sksgdprune] ") for text in first["printed"]]
        assert first["logged"] == [f"sksgdprune WARNING: {text}" for text in texts]
        compiling = [text for text in texts if text.startswith("compiling train")]
        assert len(compiling) == first["compiled"].count("train")
        waiting = [text for text in texts if text.startswith("waiting for another process")]
        assert len(waiting) <= 1 - len(compiling)
        assert len(texts) == len(compiling) + len(waiting)


def test_what_is_compiled_already_or_on_the_disk_is_not_said(told, later):
    for fit in [second for _, second in told.together] + later:
        assert fit["logged"] == fit["printed"] == fit["warned"] == []


def test_a_later_process_compiles_nothing_and_comes_to_the_same_bits(told, later):
    assert [fit["compiled"] for fit in later] == [[], []]
    assert [fit["theta"] for fit in later] == [fit["theta"] for fit in told.together[0]]


def test_an_edit_of_a_callee_is_seen_by_a_new_process(later, folder):
    path = folder / "sksgdprune" / "_kernels" / "update.py"
    source, step = path.read_text(encoding="utf-8"), "rates.rate * g / divisor"
    assert source.count(step) == 1
    path.write_text(source.replace(step, f"{step} / 2"), encoding="utf-8")
    edited = end(begin_on_disk(folder))
    path.write_text(source, encoding="utf-8")
    assert edited[0]["compiled"].count("train") == 1
    for before, after in zip(later, edited, strict=True):
        assert np.isfinite(after["theta"]).all()
        assert after["theta"] != before["theta"]


def test_what_a_plain_dense_fit_does_not_use_is_not_compiled(told):
    dense, again, *_ = told.without_place
    assert set(dense["compiled"]) >= DENSE
    assert not (LISTED | BATCH | CSR) & set(dense["compiled"])
    assert not dense["sums a trace"]
    assert again["compiled"] == []


def test_what_is_used_is_compiled_when_it_is_first_needed(told):
    _, _, listed, rest = (set(fit["compiled"]) for fit in told.without_place)
    assert listed >= LISTED
    assert not listed & (BATCH | CSR)
    assert rest >= BATCH | CSR
    assert not rest & LISTED
    assert [fit["sums a trace"] for fit in told.without_place] == [False] * 3 + [True]


def test_without_a_place_on_disk_training_works_and_warns_once(told):
    for ours, theirs in zip(told.without_place, told.together[0], strict=False):
        assert ours["theta"] == theirs["theta"]
    (category, message), *others = [one for fit in told.without_place for one in fit["warned"]]
    assert category == "UserWarning"
    assert "NUMBA_CACHE_DIR" in message
    assert others == []
    for fit in told.without_place:
        assert len(fit["logged"]) == fit["compiled"].count("train")
