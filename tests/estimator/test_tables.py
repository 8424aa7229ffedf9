"""Tables that hold text, dates or holes: what an error says to do, and that it works."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sksgdprune import SparsitySweep
from tests.cases import classifier, regressor

N = 60
NUMBERS = pd.DataFrame({"rooms": np.arange(N) % 5.0, "area": np.arange(N) % 7.0})
TABLE = NUMBERS.assign(city=np.array(["Munich", "Oslo", "Rome"])[np.arange(N) % 3])
HOLES = NUMBERS.assign(rooms=NUMBERS.rooms.where(NUMBERS.area > 1))
y = np.arange(N) % 2
PAGE = "'Text, categories, missing values' on the documentation's page Training"
MAKES = pytest.mark.parametrize("make", [classifier, regressor])


def error_of(call, kind=ValueError):
    with pytest.raises(kind) as raised:
        call()
    assert raised.value.__suppress_context__  # nothing that recommends another package's estimator
    text = str(raised.value)
    assert PAGE in text
    assert "Pipeline" in text
    assert "HistGradientBoosting" not in text
    return text


@MAKES
@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.astype({"city": "category"}),
        TABLE.astype({"city": object}),
        pl.DataFrame(TABLE.to_dict("list")),
    ],
    ids=["text", "category", "object", "polars"],
)
def test_a_table_with_text_is_told_which_column_and_how_to_encode_it(make, table):
    fitted = make().fit(NUMBERS, y)
    calls = [make().fit, make().partial_fit, fitted.prune(0.5).fit]
    for call in calls:
        options = {"classes": [0, 1]} if call is calls[1] and make is classifier else {}
        text = error_of(lambda call=call, options=options: call(table, y, **options))
        assert "could not convert string to float" in text
        assert "X's columns without numbers: city." in text
        assert "OneHotEncoder in a ColumnTransformer" in text
        assert f"tabular_pipeline({type(fitted).__name__}())" in text


@MAKES
def test_arrays_and_lists_of_text_are_told_so_too(make):
    for X in (TABLE.to_numpy(), [["a", "b"]] * N, np.array([["a"]] * N)):
        assert "OneHotEncoder" in error_of(lambda X=X: make().fit(X, y))


@MAKES
def test_columns_of_dates_and_of_objects_are_named(make):
    dates = NUMBERS.assign(**{f"day {i}": pd.Timestamp("2026-01-01") for i in range(7)})
    text = error_of(lambda: make().fit(dates, y), TypeError)
    assert "X's columns without numbers: day 0, day 1, day 2, day 3, day 4 and 2 others." in text
    assert "X's columns without numbers: a." in error_of(
        lambda: make().fit(pd.DataFrame({"a": [{}] * N}), y), TypeError
    )


@MAKES
@pytest.mark.parametrize("X", [HOLES, HOLES.to_numpy(), csr_array(HOLES.to_numpy())])
def test_missing_values_are_told_how_to_be_filled_in(make, X):
    known = NUMBERS if isinstance(X, pd.DataFrame) else NUMBERS.to_numpy()
    fitted = make().fit(known, y)
    for call in (lambda: make().fit(X, y), lambda: fitted.predict(X), lambda: fitted.score(X, y)):
        text = error_of(call)
        assert text.startswith("Input X contains NaN.\n")
        assert "SimpleImputer" in text


def test_a_sweep_says_the_same():
    sweep = SparsitySweep(classifier(), p=[0.5], warmup_steps=2, finetune_steps=2, cv=2)
    for table, word in ((TABLE, "OneHotEncoder"), (HOLES, "SimpleImputer")):
        with pytest.raises(ValueError, match=word) as raised:
            sweep.fit(table, y)
        assert PAGE in str(raised.value)
        assert "HistGradientBoosting" not in str(raised.value)


@MAKES
@pytest.mark.parametrize(
    ("X", "target", "message"),
    [
        (NUMBERS, y[:-1], "inconsistent numbers of samples"),
        (NUMBERS + np.inf, y, "infinity"),
        (NUMBERS.to_numpy()[0], y, "Expected 2D array"),
        (NUMBERS, np.where(y, np.nan, 1), "Input y contains NaN"),
    ],
)
def test_other_errors_are_left_as_they_are(make, X, target, message):
    with pytest.raises(ValueError, match=message) as raised:
        make().fit(X, target)
    assert PAGE not in str(raised.value)


def test_words_as_a_regressors_targets_are_not_said_to_be_in_x():
    with pytest.raises(ValueError, match="could not convert string to float: 'Munich'") as raised:
        regressor().fit(NUMBERS, TABLE.city)
    assert "X" not in str(raised.value)


def test_what_the_error_says_works():
    prepare = make_column_transformer(
        (SimpleImputer(add_indicator=True), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), make_column_selector(dtype_exclude="number")),
    )
    table = HOLES.assign(city=TABLE.city)
    pipeline = make_pipeline(prepare, classifier(encoding="standard", max_steps=300))
    assert pipeline.fit(table, TABLE.city == "Oslo").score(table, TABLE.city == "Oslo") == 1
