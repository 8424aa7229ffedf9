"""Models as C: compiled by gcc, measured by `size`, called by a loop in C."""

import ctypes
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks._common.timing import Effort, interleave

TOOLS = "gcc", "size"
SHARED = "-O2", "-fPIC", "-shared"
EFFORT = Effort(5, 0.004, 1, 1)
# Calls the model on one row after another.
LOOP = Template("""
void all_rows(const $real *X, $real *Y, size_t n_rows)
{
    for (size_t i = 0; i < n_rows; i++, X += $n_in, Y += $n_out) {
        const $real *x = X;
        $real *y = Y;
        $call;
    }
}
""")


class Code(NamedTuple):
    """A model in C: a statement makes outputs y of the features x."""

    text: str
    dtype: str = "float32"  # of x and y
    call: str = "network_predict(x, y)"
    include: str = "."  # a folder


class Sizes(NamedTuple):
    """Bytes of an object file."""

    text: int  # of instructions
    constants: int  # .rodata, and .data, which lies in flash memory as well


def missing():
    """Return the names of the tools that are not installed."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def sizes(code):
    """Return the Sizes of a Code, compiled by `gcc -Os`."""
    with TemporaryDirectory() as folder:
        target = _compiled(code, code.text, folder, "-Os", "-c")
        listed = _output("size", "-A", target)
    rows = [line.split() for line in listed.splitlines() if line.startswith(".")]

    def total(*sections):
        return sum(int(row[1]) for row in rows if row[0].startswith(sections))

    return Sizes(total(".text"), total(".rodata", ".data"))


def library(text, folder):
    """Return the path of C as a shared library in a folder, by `gcc -O2`."""
    return _compiled(Code(text), text, folder, *SHARED)


@contextmanager
def running(code, n_in, n_out):
    """Give a function that returns the outputs (n_rows, n_out) of rows X, by `gcc -O2`."""
    real = {"float32": "float", "float64": "double"}[code.dtype]
    loop = LOOP.substitute(real=real, n_in=n_in, n_out=n_out, call=code.call)
    with TemporaryDirectory() as folder:
        target = _compiled(code, code.text + loop, folder, *SHARED)
        function = ctypes.CDLL(str(target)).all_rows

        def outputs(X):
            X = np.ascontiguousarray(X, code.dtype)
            Y = np.empty((len(X), n_out), code.dtype)
            pointers = (array.ctypes.data_as(ctypes.c_void_p) for array in (X, Y))
            function(*pointers, ctypes.c_size_t(len(X)))
            return Y

        yield outputs


def repeated(call, X):
    """Return the contender "call it on X n times"."""

    def run(n):
        for _ in range(n):
            call(X)
        return n

    return run


def microseconds_a_row(call, X, effort=EFFORT):
    """Return the median time of a call on X, over its rows."""
    times = interleave({"": repeated(call, X)}, effort)
    return np.median(times[""]) / len(X)


def _compiled(code, text, folder, *options):
    """Return the path of what gcc makes of a text that includes what a Code does."""
    source, target = Path(folder, "model.c"), Path(folder, "model.so")
    source.write_text(text, encoding="ascii")
    _output("gcc", "-std=c99", *options, f"-I{code.include}", source, "-o", target, "-lm")
    return target


def _output(*command):
    """Return what a command prints; raise RuntimeError with its message where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout
