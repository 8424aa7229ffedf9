"""The system's C compilers, and what they make of exported networks."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
STRICT = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Werror"]
# What users of a microcontroller may ask for besides.
STRICT += ["-Wdouble-promotion", "-Wmissing-prototypes", "-Wcast-qual"]
needs_compiler = pytest.mark.skipif(not COMPILERS, reason="neither gcc nor clang here")
each_compiler = pytest.mark.parametrize(
    "compiler", COMPILERS or [pytest.param("cc", marks=needs_compiler)]
)


def object_file(text, folder, compiler=None, *options):
    """Compile a C file without a warning, and return the path of its object file."""
    source, target = folder / "network.c", folder / "network.o"
    source.write_text(text, encoding="ascii")
    command = [compiler or COMPILERS[0], *STRICT, "-Os", "-fPIC", *options]
    subprocess.run([*command, "-c", source, "-o", target], check=True)
    return target


class Library:
    """Compiled networks, by their names, as functions of arrays."""

    def __init__(self, text, folder, compiler=None):
        path = folder / "network.so"
        compiled = object_file(text, folder, compiler)
        linked = [compiler or COMPILERS[0], "-shared", compiled, "-o", path, "-lm"]
        subprocess.run(linked, check=True)
        self.functions = ctypes.CDLL(str(path))

    def predict(self, name, X, n_outputs, dtype):
        """Return what NAME_predict makes of each row."""
        X = np.ascontiguousarray(X, dtype)
        Y = np.full((len(X), n_outputs), np.nan, dtype)
        function = getattr(self.functions, f"{name}_predict")
        for x, y in zip(X, Y, strict=True):
            function(_address(x), _address(y))
        return Y

    def classes(self, name, X, dtype):
        """Return what NAME_class makes of each row."""
        function = getattr(self.functions, f"{name}_class")
        return [function(_address(x)) for x in np.ascontiguousarray(X, dtype)]


def _address(array):
    return array.ctypes.data_as(ctypes.c_void_p)
