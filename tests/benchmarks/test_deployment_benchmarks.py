"""The benchmark of sizes in C: trees, sizes, what is chosen, a run. No test asserts a time."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.deployment import c_code, contenders, forms, size_at_accuracy
from benchmarks.deployment import size_at_accuracy_report as report
from benchmarks.deployment.trees import boosted_trees_to_c

needs_compiler = pytest.mark.skipif(bool(c_code.missing()), reason="no gcc or size here")
SETS = {"two_classes": load_breast_cancer, "three_classes": load_iris}
TABLE = """
static const float table[25] = {1.0f};
static const float unused[300] = {1.0f};
void network_predict(const float *x, float *y) {
    for (int i = 0; i < 25; i++) y[0] += table[i] * *x;
}
"""


@pytest.fixture(params=SETS)
def data(request):
    X, y = SETS[request.param](return_X_y=True)
    return X.astype(np.float32), y


@needs_compiler
@pytest.mark.slow  # compiles C
@pytest.mark.parametrize("n_iterations", [1, 7])
def test_trees_in_c_predict_as_their_first_iterations_do(data, n_iterations):
    X, y = data
    model = HistGradientBoostingClassifier(max_iter=10, max_leaf_nodes=6, random_state=0).fit(X, y)
    *_, wanted = (P for P, _ in zip(model.staged_predict_proba(X), range(n_iterations)))  # noqa: B905
    code = c_code.Code(boosted_trees_to_c(model, n_iterations))
    with c_code.running(code, X.shape[1], len(model.classes_)) as outputs:
        np.testing.assert_allclose(outputs(X), wanted, atol=1e-6)


@needs_compiler
def test_constants_are_those_that_the_object_file_keeps():
    sizes = c_code.sizes(c_code.Code(TABLE))
    assert sizes.constants == 25 * 4
    assert sizes.text > 0


@needs_compiler
def test_what_does_not_compile_says_why():
    with pytest.raises(RuntimeError, match=r"gcc failed: .*error"):
        c_code.sizes(c_code.Code("int f( {"))


def test_the_mlp_of_scikit_learn_is_ours_with_its_parameters(data):
    X, y = data
    X[:, 0] = np.arange(len(X)) == 5  # a rare value, whose scale in ours is not its deviation
    scaled = make_pipeline(
        StandardScaler(), MLPClassifier((5, 4), solver="lbfgs", max_iter=1000, random_state=0)
    )
    ours = contenders.as_ours(scaled.fit(X, y), X, y)
    np.testing.assert_allclose(ours.predict_proba(X), scaled.predict_proba(X), atol=1e-4)


def rows(values, **columns):
    """The CSV's rows of {(contender, size): [(validation, accuracy, bytes) of the splits]}."""
    common = {"set": "a", "setting": "", "dtype": "float32", "text": 100, "microseconds": 1.0}
    return pd.DataFrame(
        [
            common
            | {"contender": contender, "size": size, "split": split}
            | {"validation": validation, "accuracy": accuracy, "constants": n_bytes - 100}
            | columns
            for (contender, size), splits in values.items()
            for split, (validation, accuracy, n_bytes) in enumerate(splits)
        ]
    )


DENSE_ROWS = {(report.DENSE, ""): [(0.90, 0.80, 4000), (0.94, 0.90, 4000)]}


def test_the_smallest_near_enough_on_validation_rows_is_chosen():
    table = rows(
        DENSE_ROWS
        | {
            (report.WEIGHTS, "30"): [(0.90, 0.85, 3000), (0.94, 0.85, 3000)],
            (report.WEIGHTS, "20"): [(0.89, 0.10, 2000), (0.94, 0.20, 2200)],
            (report.WEIGHTS, "10"): [(0.90, 0.90, 1000), (0.91, 0.90, 1000)],  # 0.905 on average
            (report.TREES, "1"): [(0.50, 0.90, 500), (0.50, 0.90, 500)],
        }
    )
    found = report.chosen(report.means(table))
    assert found[report.TREES, "float32"] is None
    row = found[report.WEIGHTS, "float32"]
    assert (row["size"], row["bytes"], row["constants"]) == ("20", 2100, 2000)
    np.testing.assert_allclose(row["losses"], [0.10 - 0.80, 0.20 - 0.90])


def test_sizes_without_a_row_for_each_split_do_not_count():
    table = rows(DENSE_ROWS | {(report.WEIGHTS, "10"): [(0.99, 0.9, 500)]})
    assert set(report.means(table)["contender"]) == {report.DENSE}


@needs_compiler
@pytest.mark.benchmark
@pytest.mark.slow  # fits and compiles at length
def test_a_quick_run_writes_all_that_it_should(tmp_path, capsys):
    assert size_at_accuracy.main(["--quick", "--out", str(tmp_path)]) == 0
    table = pd.read_csv(tmp_path / "size_at_accuracy.csv")
    assert set(table["contender"]) == {report.DENSE, *report.CONTENDERS, forms.FORMS}
    assert (table.loc[table["contender"] != forms.FORMS, "text"] > 0).all()
    text = (tmp_path / "size_at_accuracy.md").read_text(encoding="utf-8")
    assert "## iris" in text
    assert f"## One network in all its forms: {forms.SET}" in text
    assert (tmp_path / "size_at_accuracy.png").stat().st_size > 0


def test_without_a_compiler_nothing_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert size_at_accuracy.main(["--quick", "--out", str(tmp_path)]) == 1
    assert "gcc, size" in capsys.readouterr().err
