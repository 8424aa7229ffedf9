"""The latencies of one row: what is run and reported. No test asserts a time."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.deployment import c_code, latency

FORMS = [latency.OURS, latency.MLP, latency.ONNX, *([] if c_code.missing() else [latency.C])]


@pytest.fixture
def small(monkeypatch, capsys):
    """A small network alone, and scripts of new processes run in this one."""

    def run_here(script, caches):
        capsys.readouterr()
        exec(script, {})
        return json.loads(capsys.readouterr().out)

    monkeypatch.setattr(latency, "SIDES", {8: (4,)})
    monkeypatch.setattr(latency, "median_of", run_here)


def test_a_quick_run_times_every_form_of_every_stage(small, tmp_path):
    latency.main(["--quick", "--out", str(tmp_path)])
    table = pd.read_csv(tmp_path / "latency.csv")
    assert table["form"].tolist() == 3 * FORMS
    assert table["stage"].nunique() == 3
    assert set(table["n_calls"]) == {latency.QUICK.rounds * latency.QUICK.calls}
    assert (table["median_microseconds"] <= table["p99_microseconds"]).all()
    assert (table[["load_milliseconds", "first_row_milliseconds"]] > 0).all(axis=None)
    report = (tmp_path / "latency.md").read_text(encoding="utf-8")
    assert "## 64-4-10" in report
    assert report.count("| ONNX Runtime |") == 3


def test_forms_that_predict_otherwise_are_not_timed():
    X = np.ones((5, 2))
    predictors = {latency.OURS: lambda X: X / 2, latency.ONNX: lambda X: X / 2}
    times = latency.call_times(predictors, X, latency.QUICK)
    assert [len(each) for each in times.values()] == [10, 10]
    predictors[latency.MLP] = lambda X: X / 3
    with pytest.raises(AssertionError, match="Not equal"):
        latency.call_times(predictors, X, latency.QUICK)
