"""Exported C on a microcontroller: an ARM Cortex-M3, which has no unit for floats, in QEMU.

CONTRIBUTING says how to install what this needs.
"""

import shutil
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.c_compiler import STRICT
from tests.cases import DIGITS, classifier, regressor

COMPILER, EMULATOR = "arm-none-eabi-gcc", "qemu-system-arm"
pytestmark = [
    pytest.mark.slow,  # starts processes: a second for each
    pytest.mark.skipif(
        not (shutil.which(COMPILER) and shutil.which(EMULATOR)),
        reason=f"no {COMPILER} or no {EMULATOR} here",
    ),
]

# QEMU's board mps2-an385: memory from 0 on, at whose beginning a Cortex-M3 looks for its stack and
# for the first function.
BOARD = """
MEMORY { RAM (rwx) : ORIGIN = 0, LENGTH = 4M }
ENTRY(_start)
SECTIONS {
    .vectors : { KEEP(*(.vectors)) } > RAM
    .text : { *(.text*) *(.rodata*) *(.init*) *(.fini*) } > RAM
    .ARM.exidx : { __exidx_start = .; *(.ARM.exidx*) __exidx_end = .; } > RAM
    .data : { *(.data*) } > RAM
    .bss (NOLOAD) : { __bss_start__ = .; *(.bss*) *(COMMON) __bss_end__ = .; } > RAM
    __end__ = .;
    end = .;
}
"""
PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include "network.c"

extern void _start(void);
__attribute__((section(".vectors"), used))
static const uintptr_t vectors[2] = {0x400000, (uintptr_t)_start};

static const REAL rows[N_ROWS][N_FEATURES] = {ROWS};

int main(void)
{
    for (int row = 0; row < N_ROWS; row++) {
        REAL y[N_OUTPUTS];
        network_predict(rows[row], y);
        for (int i = 0; i < N_OUTPUTS; i++)
            printf("%.17g ", (double)y[i]);
        printf("\\n");
    }
    return 0;
}
"""
RUN = [EMULATOR, "-M", "mps2-an385", "-nographic", "-semihosting"]
RUN += ["-monitor", "none", "-serial", "none"]


def predictions_there(estimator, rows, n_outputs, dtype, folder):
    """Compile a network and rows for the board, run them there, and read what it prints."""
    real = "double" if dtype == "float64" else "float"
    program = PROGRAM
    for name, value in {
        "REAL": real,
        "N_ROWS": len(rows),
        "N_FEATURES": rows.shape[1],
        "N_OUTPUTS": n_outputs,
        "ROWS": ", ".join("{" + ", ".join(f"{x!r}" for x in row) + "}" for row in rows.tolist()),
    }.items():
        program = program.replace(name, str(value))
    estimator.to_c(folder / "network.c", dtype=dtype)
    (folder / "main.c").write_text(program)
    (folder / "board.ld").write_text(BOARD)
    target = ["-mcpu=cortex-m3", "-mthumb", "-Os", "--specs=rdimon.specs", "-Tboard.ld"]
    strict = ["-c", "network.c", "-o", "network.o"]
    subprocess.run([COMPILER, *STRICT, *target[:3], *strict], cwd=folder, check=True)
    subprocess.run([COMPILER, *target, "main.c", "-lm"], cwd=folder, check=True)
    done = subprocess.run(
        [*RUN, "-kernel", folder / "a.out"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return np.array([list(map(float, line.split())) for line in done.stdout.splitlines()])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8"])
@pytest.mark.parametrize("p", [0.0, 0.9])
def test_a_classifier_predicts_there_as_here(p, dtype, tmp_path):
    rows, y = DIGITS[3]
    rows = rows.astype(np.float32).astype(float)
    clf = classifier(encoding="standard", activation="tanh").fit(rows, y).prune(p)
    found = predictions_there(clf, rows[:20], 3, dtype, tmp_path)
    expected = clf.predict_proba(rows[:20])
    if dtype == "int8":
        assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    assert_allclose(found, expected, atol={"float64": 1e-12, "float32": 1e-5, "int8": 0.02}[dtype])


def test_a_regressor_predicts_there_as_here(tmp_path):
    rows, y = DIGITS[2]
    rows = rows.astype(np.float32).astype(float)
    reg = regressor(encoding="piecewise").fit(rows, y).prune(0.5)
    found = predictions_there(reg, rows[:20], 1, "float32", tmp_path)
    assert_allclose(found.ravel(), reg.predict(rows[:20]), atol=1e-5)
