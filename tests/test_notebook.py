"""The notebook's recorded runs, replayed through the package."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import notebook_parity

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", ["prune", "freeze", "regression"])
def test_recorded_run_is_reproduced(name):
    with np.load(DATA / f"{name}.npz") as record:
        report = notebook_parity.replay(record)
    assert report.masks_agree
    assert report.theta < notebook_parity.TOLERANCES[report.mode]
    assert report.noise_variance < notebook_parity.TOLERANCES[report.mode]


@pytest.mark.parametrize("spoilt", ["0/probe", "1/batch", "init/C_W2", "2/act/M_b1"])
def test_a_record_with_one_wrong_array_fails(spoilt, tmp_path):
    with np.load(DATA / "prune.npz") as record:
        arrays = dict(record)
    first = np.unravel_index(0, arrays[spoilt].shape)
    value = arrays[spoilt][first]
    arrays[spoilt][first] = ~value if value.dtype == bool else value + 1
    np.savez(tmp_path / "spoilt.npz", **arrays)
    assert notebook_parity.main([str(tmp_path / "spoilt.npz")]) == 1
    assert notebook_parity.main([str(DATA / "prune.npz")]) == 0
