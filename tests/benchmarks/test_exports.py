"""The sizes of a network in all the forms in which it leaves. No test asserts a time."""

import pandas as pd
import pytest

from benchmarks.deployment import c_code, exports


@pytest.mark.slow  # trains, and compiles C
@pytest.mark.skipif(bool(c_code.missing()), reason="no gcc or size here")
def test_a_quick_run_compares_every_model_form_by_form(monkeypatch, tmp_path):
    monkeypatch.setattr(exports, "SIDES", {8: (20,)})
    exports.main(["--quick", "--out", str(tmp_path)])
    table = pd.read_csv(tmp_path / "deployment.csv").set_index(["form", "stage"])
    stages = table.index.get_level_values("stage").unique()
    *networks, trees = stages
    for form in exports.PICKLE, exports.ONNX, exports.INT8, exports.C_INT8:
        assert list(table.loc[form].index) == networks
    for form in exports.INFERENCE, exports.C:
        assert list(table.loc[form].index) == [*networks, trees]
    # The same network has the same labels, whatever the form; but for rounding to 8 bits.
    for stage in stages:
        exact = table.xs(stage, level="stage").drop([exports.INT8, exports.C_INT8], errors="ignore")
        assert exact["accuracy"].max() - exact["accuracy"].min() < 0.005
    sizes = table["bytes"]
    dense, pruned, units, scratch = networks
    assert sizes[exports.C, pruned] < sizes[exports.C, units] == sizes[exports.C, scratch]
    assert sizes[exports.ONNX, pruned] == pytest.approx(sizes[exports.ONNX, dense], rel=0.01)
    report = (tmp_path / "deployment.md").read_text(encoding="utf-8")
    assert report.count(f"| {exports.C_INT8} | dense |") == 1
