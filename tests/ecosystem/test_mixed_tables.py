"""From a DataFrame of mixed columns to ONNX and C, as docs/mixed_tables.md shows it."""

from functools import cache

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skl2onnx import to_onnx
from skl2onnx.common.data_types import StringTensorType
from skl2onnx.sklapi import CastTransformer
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from skrub import TableVectorizer, tabular_pipeline

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor, SparsitySweep
from tests.c_compiler import Library, needs_compiler

ROWS = 300
FLOAT32, FLOAT64 = np.float32, np.float64
NUMBERS = ["weight kg", "parcels", "floor", "fragile", "insured"]
TEXT = ["street", "carrier", "size"]


def table():
    """Return parcels: numbers, truth values, text, categories and dates, most with gaps."""
    rng = np.random.default_rng(0)
    parcels = pd.DataFrame(
        {
            "weight kg": rng.gamma(2, 3, ROWS),
            "parcels": pd.array(rng.integers(1, 9, ROWS), dtype="Int64"),
            "floor": rng.integers(0, 6, ROWS),
            "fragile": rng.random(ROWS) < 0.3,
            "insured": pd.array(rng.random(ROWS) < 0.5, dtype="boolean"),
            "street": pd.Series(
                rng.choice([*"abc", "rare", "rarer"], ROWS, p=[0.4, 0.3, 0.26, 0.02, 0.02])
            ),
            "carrier": pd.Series(rng.choice(["bike", "van"], ROWS), dtype=object),
            "size": pd.Categorical(rng.choice([*"SML"], ROWS)),
            "sent": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, ROWS), "D"),
        }
    )
    for name in set(parcels) - {"floor", "fragile"}:
        parcels[name] = parcels[name].mask(rng.random(ROWS) < 0.1)
    parcels["carrier"] = parcels["carrier"].where(parcels["carrier"].notna(), None)
    return parcels


def as_inputs(parcels):
    """Return numbers as float32, and text without gaps."""
    numbers = parcels[NUMBERS].astype("float32")
    numbers["days"] = (parcels["sent"] - pd.Timestamp("2025-01-01")).dt.days.astype("float32")
    gaps = numbers[["weight kg", "days"]].isna().astype("float32").add_prefix("no ")
    text = parcels[TEXT].astype(object).fillna("unknown")
    return pd.concat([numbers, gaps, text], axis=1)


PARCELS = table()
HOURS = 5 + PARCELS["floor"] - 2.0 * (PARCELS["size"] == "S") + 3 * PARCELS["sent"].isna()
HOURS = HOURS.to_numpy(float) + np.random.default_rng(1).normal(0, 0.5, ROWS)
TARGETS = {
    PreconditionedMLPClassifier: np.where(np.median(HOURS) < HOURS, "late", "in time"),
    PreconditionedMLPRegressor: HOURS,
}
each_kind = pytest.mark.parametrize("kind", TARGETS)
each_precision = pytest.mark.parametrize("precision", [FLOAT32, FLOAT64])


def swept(pipeline, grid, y):
    """Return the Pipeline that a sweep refits around a search's best one."""
    search = GridSearchCV(pipeline, grid, cv=2).fit(PARCELS, y)
    sweep = SparsitySweep(
        search.best_estimator_,
        p=[0, 0.5, 0.8, 0.9],
        cv=2,
        refit="one_se",
        warmup_steps=100,
        finetune_steps=200,
        random_state=0,
    )
    return sweep.fit(PARCELS, y).best_estimator_


@cache
def by_columns(kind, precision):
    """Return a swept Pipeline of a function, a ColumnTransformer and a network."""
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=precision)
    prepare = make_column_transformer(
        (SimpleImputer(), make_column_selector(dtype_include="number")),
        (encoder, make_column_selector(dtype_exclude="number")),
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    network = kind((8,), max_steps=200, random_state=0)
    steps = {"inputs": FunctionTransformer(as_inputs), "prepare": prepare, "network": network}
    grid = {"network__alpha": [1, 8], "prepare__onehotencoder__min_frequency": [10, 20]}
    return swept(Pipeline([*steps.items()]), grid, TARGETS[kind])


@cache
def by_skrub(kind):
    """Return a swept tabular_pipeline of skrub."""
    pipeline = tabular_pipeline(kind((8,), max_steps=200, random_state=0))
    grid = {
        f"{kind.__name__.lower()}__alpha": [1, 8],
        "tablevectorizer__datetime__resolution": ["year", "day"],
    }
    return swept(pipeline.set_output(transform="pandas"), grid, TARGETS[kind])


def exported(pipeline, *between):
    """Return what skl2onnx converts: the steps behind the first, the network as an MLP."""
    *steps, network = pipeline[1:]
    return make_pipeline(*steps, *between, network.to_sklearn())


def outputs(model, inputs):
    """Return what onnxruntime makes of a DataFrame by a scikit-learn model."""
    options = {"zipmap": False} if hasattr(model, "predict_proba") else None
    content = to_onnx(model, inputs[:1], options=options).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [column.name for column in session.get_inputs()]
    columns = (inputs[[name]].to_numpy() for name in inputs)
    return session.run(None, dict(zip(names, columns, strict=True)))


def assert_predicted(found, pipeline, rows, tolerance):
    """Labels are equal; probabilities and targets are as near as `tolerance` of their range."""
    expected = pipeline.predict(rows)
    if hasattr(pipeline, "predict_proba"):
        assert_array_equal(found[0], expected)
        assert_allclose(found[1], pipeline.predict_proba(rows), rtol=0, atol=tolerance)
    else:
        assert found[0].shape == (len(rows), 1)
        assert_allclose(found[0][:, 0], expected, rtol=0, atol=tolerance * np.ptp(HOURS))


def in_c(network, rows, folder, dtype):
    """Return what the C of a network makes of prepared rows, as `outputs` does."""
    library = Library(network.to_c(name="net", dtype=dtype), folder)
    if isinstance(network, PreconditionedMLPRegressor):
        return [library.predict("net", rows, 1, dtype)]
    labels = network.classes_[library.classes("net", rows, dtype)]
    return labels, library.predict("net", rows, 2, dtype)


# ColumnTransformer


@each_precision
@each_kind
def test_onnx_of_all_but_the_first_step_predicts_as_the_pipeline(kind, precision):
    pipeline = by_columns(kind, precision)
    assert pipeline[-1].theta_.dtype == precision
    found = outputs(exported(pipeline), as_inputs(PARCELS))
    assert_predicted(found, pipeline, PARCELS, 1e-6)


@pytest.mark.skipif(
    onnxruntime.__version__.startswith("1.20."),
    reason="this onnxruntime takes a classifier's for float32",
)
@each_kind
def test_behind_a_cast_a_float64_network_stays_one(kind):
    pipeline = by_columns(kind, FLOAT64)
    found = outputs(exported(pipeline, CastTransformer(dtype=FLOAT64)), as_inputs(PARCELS))
    assert_predicted(found, pipeline, PARCELS, 1e-12)


@each_kind
def test_unknown_categories_and_new_gaps_are_treated_alike(kind):
    pipeline = by_columns(kind, FLOAT32)
    strange = PARCELS.assign(street="new", carrier=None, floor=np.nan, sent=pd.NaT)
    found = outputs(exported(pipeline), as_inputs(strange))
    assert_predicted(found, pipeline, strange, 1e-6)


@needs_compiler
@each_precision
@each_kind
def test_c_of_the_network_predicts_as_the_pipeline(kind, precision, tmp_path):
    pipeline, dtype = by_columns(kind, precision), np.dtype(precision).name
    rows = pipeline[:-1].transform(PARCELS).to_numpy()
    found = in_c(pipeline[-1], rows, tmp_path, dtype)
    assert_predicted(found, pipeline, PARCELS, {"float32": 1e-5, "float64": 1e-12}[dtype])


def test_the_c_file_names_the_columns_in_their_order():
    pipeline = by_columns(PreconditionedMLPClassifier, FLOAT32)
    source = pipeline[-1].to_c(name="net")
    names = pipeline[1:-1].get_feature_names_out(as_inputs(PARCELS).columns)
    places = [source.index(f"[{i}] '{name}'") for i, name in enumerate(names)]
    assert places == sorted(places)
    assert len(places) == pipeline[-1].n_features_in_


# skrub


@each_kind
def test_onnx_of_the_network_predicts_as_skrubs_pipeline(kind):
    pipeline = by_skrub(kind)
    rows = pipeline[:-1].transform(PARCELS).to_numpy()
    network = pipeline[-1].to_sklearn()
    options = {"zipmap": False} if hasattr(network, "predict_proba") else None
    content = to_onnx(network, rows[:1], options=options).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert_predicted(session.run(None, {"X": rows}), pipeline, PARCELS, 1e-6)


@needs_compiler
@each_kind
def test_c_of_the_network_predicts_as_skrubs_pipeline(kind, tmp_path):
    pipeline = by_skrub(kind)
    rows = pipeline[:-1].transform(PARCELS).to_numpy()
    found = in_c(pipeline[-1], rows, tmp_path, "float32")
    assert_predicted(found, pipeline, PARCELS, 1e-5)


def test_what_comes_after_skrubs_vectorizer_can_be_converted():
    network = PreconditionedMLPRegressor((8,), max_steps=200, random_state=0)
    steps = TableVectorizer(), SimpleImputer(), StandardScaler(), network
    pipeline = make_pipeline(*steps).fit(PARCELS, HOURS)
    rows = pipeline[:1].transform(PARCELS).to_numpy()
    content = to_onnx(exported(pipeline), rows[:1]).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert_predicted(session.run(None, {"X": rows}), pipeline, PARCELS, 1e-6)


def test_skrubs_vectorizer_cannot_be_converted():
    types = [(name, StringTensorType([None, 1])) for name in PARCELS]
    with pytest.raises(Exception, match=r"Unable to find a shape calculator .*TableVectorizer"):
        to_onnx(by_skrub(PreconditionedMLPRegressor)[:-1], initial_types=types)


# What else skl2onnx and onnxruntime refuse


NUMBER = np.arange(ROWS) % 7
TWO = pd.DataFrame({"a": NUMBER, "b": NUMBER}, dtype=FLOAT32)
GAPS = TWO.mask(TWO == 2)
WORDS = pd.DataFrame({"a": [*"xyz"] * 100, "b": [*"xy", None] * 100}, dtype=object)
FULL = WORDS.fillna("unknown")
DAYS = PARCELS[["sent"]].fillna(pd.Timestamp("2025-01-01"))


def month(dates):
    return dates.apply(lambda column: column.dt.month)


def ohe(**parameters):
    return OneHotEncoder(sparse_output=False, **parameters)


REFUSED = {
    r"NOT_IMPLEMENTED.*Imputer\(1\)": (SimpleImputer(), TWO.astype(float)),
    "takes integer as input but nan values": (SimpleImputer(), TWO.astype(int)),
    "Inputs and outputs should have the same type": (SimpleImputer(), TWO.astype({"b": float})),
    "does not match expected type": ("passthrough", TWO.astype({"a": bool, "b": float})),
    "FunctionTransformer is not supported unless": (FunctionTransformer(np.abs), TWO),
    "converter is implemented when the missing values": (
        make_pipeline(SimpleImputer(strategy="most_frequent", missing_values=None), ohe()),
        WORDS,
    ),
    r"Unsupported data_type dtype\('<M8": (FunctionTransformer(month), DAYS),
    "Infrequent categories are not implemented": (ohe(min_frequency=101), FULL[["b"]]),
    "MatMul dimension mismatch": (SimpleImputer(add_indicator=True), GAPS),
}


def of_one_step(step, rows):
    """Return a Pipeline of one step and a network, as skl2onnx can take it."""
    network = PreconditionedMLPClassifier((2,), max_steps=20, random_state=0)
    pipeline = make_pipeline("passthrough", make_column_transformer((step, [*rows])), network)
    return exported(pipeline.fit(rows, NUMBER > 3))


@pytest.mark.parametrize("message", REFUSED)
def test_what_the_page_lists_is_refused(message):
    step, rows = REFUSED[message]
    model = of_one_step(step, rows)
    with pytest.raises(Exception, match=message):
        outputs(model, rows)


def test_an_unknown_category_is_refused_unless_it_is_ignored():
    unknown = FULL.assign(a="new")
    for how in ("ignore", "infrequent_if_exist"):
        model = of_one_step(ohe(handle_unknown=how, min_frequency=90), FULL)
        if how == "ignore":
            assert_allclose(outputs(model, unknown)[1], model.predict_proba(unknown), atol=1e-6)
        else:
            with pytest.raises(Exception, match="Unknown Category and zeros = 0"):
                outputs(model, unknown)
