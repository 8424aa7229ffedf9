"""
================================
Prune a Pipeline for a DataFrame
================================

Tables have numbers, categories and missing values, which scikit-learn's
Pipelines handle. :class:`~sksgdprune.SparsitySweep` goes around the whole
Pipeline. The steps before the network are fitted anew in each split, so
that no information leaks from the test rows, and the columns keep their
names.
"""

# %%
# The data are 2,000 made-up flats and their rents. The rent per square
# metre depends on the district, the distance to the centre, the age, the
# heating, and the floor where there is no lift. The house number and the
# colour of the front door have no effect. Some numbers are missing.

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
# Missing numbers are imputed, and categories become columns of zeros and
# ones. The network standardises its inputs itself.

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
# The sweep prunes at six fractions p in three splits. It takes the largest
# p within one standard error of the best, and refits the Pipeline. (The
# steps are a quarter of the default.)

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
r2 = sweep.score(X_test, y_test)
print(f"chosen p = {sweep.best_p_}, R² on test rows {r2:.3f}")

# %%
# The figure shows the pruned network, a row for each column that the
# preparing steps made. The network does not read the columns with grey
# names. Among these should be the house number and most colours of the
# door.

import matplotlib.pyplot as plt

figure = plt.figure(figsize=(5, 10), layout="constrained")
read = sweep.best_estimator_[-1].features_used_
figure.suptitle(f"The network reads {read.sum()} of {read.size} columns")
display = NetworkDisplay.from_estimator(sweep, figure=figure)
display.axes_[1].set_xticks([0], ["rent"])
display.axes_[1].set_xlabel("")
plt.show()
