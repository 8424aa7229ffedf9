"""Resumable runs, and the committed reports, which are those of the committed rows."""

import ast
import importlib
import shutil
from graphlib import TopologicalSorter
from pathlib import Path

import pandas as pd
import pytest

import sksgdprune
from benchmarks._common import command_line
from benchmarks._common.results import Cell, Results

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
COLUMNS = "set", "split", "score", "warnings", "version"


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "new" / "made_up.csv", COLUMNS, ["set", "split"])


@pytest.fixture
def run(results):
    """Run a measurement of so many splits; return the calls, in order."""

    def run(n_splits, fails_at=None, **options):
        calls = []

        def measure(name, split):
            calls.append(split)
            if split == fails_at:
                raise KeyboardInterrupt
            return {"score": split / 10}

        cells = [Cell(("a", split), ("a", split)) for split in range(n_splits)]
        results.run(measure, cells, **options)
        return calls

    return run


def test_a_run_goes_on_where_it_was_ended(run, results):
    with pytest.raises(KeyboardInterrupt):
        run(3, fails_at=1)
    assert results.read()["split"].tolist() == [0]
    assert run(3) == [1, 2]
    assert run(3) == []
    table = results.read()
    assert list(table.columns) == list(COLUMNS)
    assert table["score"].tolist() == [0.0, 0.1, 0.2]
    assert set(table["version"]) == {sksgdprune.__version__}


def test_again_measures_what_is_asked_for_and_leaves_the_rest(run, results):
    run(3)
    assert run(2, again=True) == [0, 1]
    assert sorted(results.read()["split"]) == [0, 1, 2]


def test_rows_of_another_version_are_dropped_when_more_is_measured(run, results, monkeypatch):
    run(2)
    monkeypatch.setattr(sksgdprune, "__version__", "another")
    assert len(results.read()) == 2
    assert run(1) == [0]
    assert results.read()["split"].tolist() == [0]


def test_rows_without_a_version_are_not_taken_for_measured(run, results):
    results.path.parent.mkdir()
    pd.DataFrame({"set": ["a"], "split": [0], "score": [1.0]}).to_csv(results.path, index=False)
    assert run(1) == [0]


def test_warming_up_comes_first_and_its_warnings_do_not_count(results):
    import warnings

    calls = []

    def warm_up(name):
        warnings.warn("compiling", UserWarning, stacklevel=1)
        calls.append("warm-up")

    def measure(name):
        warnings.warn("measured", UserWarning, stacklevel=1)
        calls.append(name)
        return [{"score": 1.0}, {"score": 2.0}]

    results.run(measure, [Cell(("a", 0), ("a",))], warm_up=warm_up)
    assert calls == ["warm-up", "a"]
    assert results.read()["score"].tolist() == [1.0, 2.0]
    assert results.read()["warnings"].tolist() == [1, 1]


def test_side_by_side_the_rows_are_the_same(results):
    results.run(_square, [Cell(("a", n), (n,)) for n in range(4)], jobs=2)
    table = results.read().sort_values("split")
    assert table["score"].tolist() == [0.0, 1.0, 4.0, 9.0]


def _square(n):
    return {"score": float(n**2)}


REPORTS = {
    "tables": ("accuracy.tables",),
    "raw_data": ("accuracy.raw_data",),
    "uncertainty": ("uncertainty.comparison",),
    "posterior": ("uncertainty.posterior",),
    "sparsity_accuracy": ("sparsity.comparison",),
    "sparsity_accuracy_100x3200": ("sparsity.comparison", "--hidden", "100"),
    "regularisation": ("sparsity.regularisation",),
    "speed": ("speed.comparison",),
    "deployment": ("deployment.exports",),
    "latency": ("deployment.latency",),
    "size_at_accuracy": ("deployment.size_at_accuracy",),
    "sweep_scaling": ("sweeps.scaling",),
    "choices": ("defaults.fits",),
    "pruning_choices": ("defaults.pruning",),
    "noise_choices": ("defaults.noise",),
    "prior_choices": ("defaults.prior",),
    "encoding_choices": ("defaults.encodings",),
}


def test_every_committed_report_has_its_script():
    assert {path.stem for path in command_line.RESULTS.glob("*.md")} == set(REPORTS)


@pytest.mark.parametrize("name", REPORTS)
def test_the_committed_report_is_that_of_the_committed_rows(name, tmp_path, capsys):
    for kind in ("csv", "json"):
        if (source := command_line.RESULTS / f"{name}.{kind}").exists():
            shutil.copy(source, tmp_path)
    module, *options = REPORTS[name]
    script = importlib.import_module(f"benchmarks.{module}")
    script.main([*options, "--report", "--out", str(tmp_path)])
    made = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
    assert made == (command_line.RESULTS / f"{name}.md").read_text(encoding="utf-8")
    assert (tmp_path / f"{name}.png").exists() == (command_line.RESULTS / f"{name}.png").exists()


def imported(path):
    """Names of modules, or of what might be one, that a file imports, within functions too."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{alias.name}" for node in froms for alias in node.names}
    return names | {node.module for node in froms}


def test_no_module_imports_itself_by_way_of_others():
    modules = {
        ".".join(path.relative_to(BENCHMARKS.parent).with_suffix("").parts): path
        for path in BENCHMARKS.rglob("*.py")
        if path.name != "__init__.py"
    }
    graph = {name: imported(path) & set(modules) for name, path in modules.items()}
    assert graph["benchmarks.uncertainty.contenders"] >= {"benchmarks.uncertainty.normal"}
    list(TopologicalSorter(graph).static_order())  # raises CycleError
