"""
=================================
Pruning a Pipeline of a DataFrame
=================================

Tables have numbers and categories, and holes. scikit-learn's Pipelines deal with these, and
:class:`~sksgdprune.SparsitySweep` goes around a whole Pipeline: the steps before the network are
fitted anew for each split, so that nothing leaks, and the columns keep their names to the end.
"""

# %%
# Two thousand flats and their rents, made up: the rent per square metre depends on the district,
# the distance to the centre, the age, the heating, and on the stairs that have to be climbed where
# there is no lift. The house number and the colour of the front door mean nothing. Some numbers are
# missing.

import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
n = 2_000
district = pd.Series(
    {"Harbour": 3, "Mill": 0, "Old Town": 4, "Park": 2, "Station": -1}
)
flats = pd.DataFrame(
    {
        "area": rng.gamma(9, 8, n).round(),
        "floor": rng.integers(0, 8, n),
        "year built": rng.integers(1890, 2025, n),
        "km to centre": rng.gamma(2, 2, n).round(1),
        "house number": rng.integers(1, 150, n),
        "lift": rng.choice(["yes", "no"], n),
        "district": rng.choice(district.index, n),
        "heating": rng.choice(
            ["gas", "electric", "district heating"], n, p=[0.5, 0.2, 0.3]
        ),
        "door": rng.choice(["blue", "brown", "green", "red"], n),
    }
)
rent_per_metre = (
    11
    + district[flats["district"]].to_numpy()
    - 0.5 * flats["km to centre"]
    + 2.0 * (flats["year built"] > 1995)
    - 0.6 * flats["floor"] * (flats["lift"] == "no")
    - 1.5 * (flats["heating"] == "electric")
)
rent = flats["area"] * rent_per_metre + rng.normal(0, 60, n)
for name in ("year built", "km to centre"):
    flats[name] = flats[name].mask(rng.random(n) < 0.05)
flats.head(3).transpose()

# %%
# Numbers are completed, categories become columns of zeros and ones. Scaling is not needed, as the
# network standardises its inputs by itself.

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sksgdprune import (
    NetworkDisplay,
    PreconditionedMLPRegressor,
    SparsitySweep,
)

numbers = make_column_selector(dtype_include="number")
categories = make_column_selector(dtype_exclude="number")
prepare = make_column_transformer(
    (SimpleImputer(), numbers),
    (OneHotEncoder(sparse_output=False), categories),
    verbose_feature_names_out=False,
).set_output(transform="pandas")
pipeline = make_pipeline(prepare, PreconditionedMLPRegressor((16,)))

# %%
# The sweep prunes at six fractions p in three splits and takes the largest p within one standard
# error of the best. (The steps are a quarter of the default's.) What it refits is a Pipeline again.

X_train, X_test, y_train, y_test = train_test_split(
    flats, rent, random_state=0
)
sweep = SparsitySweep(
    pipeline,
    p=[0, 0.5, 0.8, 0.85, 0.9, 0.95],
    cv=3,
    refit="one_se",
    warmup_steps=200,
    finetune_steps=3_000,
    random_state=0,
).fit(X_train, y_train)
pd.DataFrame(sweep.cv_results_)[
    ["p", "n_parameters", "mean_test_score"]
].round(3)

# %%
print(
    f"chosen p = {sweep.best_p_}, R² of unseen flats {sweep.score(X_test, y_test):.3f}"
)

# %%
# Pruning has not cost anything here. The picture shows the network that is left, a row for each
# column that the preparing steps made. Names in grey are not read any more; the house number and
# most colours of the door should be among them.

import matplotlib.pyplot as plt

figure = plt.figure(figsize=(5, 10), layout="constrained")
read = sweep.best_estimator_[-1].features_used_
figure.suptitle(f"{read.sum()} of {read.size} columns are still read")
display = NetworkDisplay.from_estimator(sweep, figure=figure)
display.axes_[1].set_xticks([0], ["rent"])
display.axes_[1].set_xlabel("")
plt.show()
