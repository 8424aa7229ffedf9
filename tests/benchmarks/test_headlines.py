"""The figures of README and the first page show the numbers of the benchmarks' reports."""

import pandas as pd
import pytest
from PIL import Image

from benchmarks import headlines
from benchmarks._common.command_line import RESULTS
from benchmarks.accuracy import tables_report
from benchmarks.deployment import size_at_accuracy_report


@pytest.fixture(scope="module")
def axes():
    """The panel of each figure."""
    return {
        name: draw(pd.read_csv(RESULTS / f"{csv}.csv")).axes[0]
        for name, (csv, draw) in headlines.FIGURES.items()
    }


def test_untuned_shows_the_means_of_the_report(axes):
    rows = pd.read_csv(RESULTS / "tables.csv").query("task == 'classification'")
    header, lines = tables_report.summary_rows(rows)
    column = header.index("mean log-loss")
    drawn = [container[0].get_xdata()[0] for container in axes["untuned"].containers]
    assert [f"{mean:.4f}" for mean in drawn] == [line[column] for line in lines]


def test_pruned_shows_a_mean_over_the_sets_at_each_p(axes):
    rows = pd.read_csv(RESULTS / "sparsity_accuracy.csv")
    ours = rows.query("library == 'ours' and method == 'defaults' and set in @headlines.SETS")
    means = ours.groupby(["p", "set"])["score"].mean().groupby("p").mean()
    line = next(line for line in axes["pruned"].lines if line.get_label() == "ours, untuned")
    assert line.get_xdata() == pytest.approx(100 * (1 - means.index.to_numpy()))
    assert line.get_ydata() == pytest.approx(means.to_numpy())


def test_bytes_are_those_of_the_report(axes):
    report = (RESULTS / "size_at_accuracy.md").read_text(encoding="utf-8")
    ours = size_at_accuracy_report.WEIGHTS
    line = next(line for line in axes["bytes"].lines if line.get_label() == "ours, pruned")
    size = f"{1000 * line.get_xdata()[0]:,.0f}"
    first = next(row for row in report.splitlines() if row.startswith(f"| {ours} | float32"))
    assert f"| {size} |" in first


def test_text_can_be_read_where_three_figures_stand_beside_each_other(tmp_path):
    headlines.main(["--out", str(tmp_path)])
    for name in headlines.FIGURES:
        with Image.open(tmp_path / f"{name}.png") as image:
            assert float(image.info["Smallest text"]) * 260 / image.width >= 9
