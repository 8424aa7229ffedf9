"""Untuned fits against scikit-learn's untuned MLPs, and untuned fits of raw data.

The peer always sees standardised inputs, and targets too; ours is given targets as they are. On
raw inputs ours must be stable: no warning, no NaN, no worse than a constant prediction. Writes
defaults.csv and defaults.md and ends with 1 where a figure is missed.
"""

import argparse
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

RESULTS = Path(__file__).parent / "results"
SPREAD = 0.1  # how far below a constant prediction a stable fit's R² may lie by chance

HEAD = """# Untuned fits

Made by `python benchmarks/defaults.py`. Scores are accuracies (R² for the regressions), means
over 5 folds and {n_seeds} seeds; the peer is an untuned MLPClassifier or MLPRegressor on
standardised inputs (and targets). "needed" is the peer's score less 0.01 (0.03 of R²); for raw
inputs, digits apart, a constant prediction's (less {spread} of R²), and no warning. Nor is more
needed of what was made to be hard: targets times 1e4 and inputs of scale 1e-3 to 1e4.

"""


@dataclass(frozen=True)
class Case:
    """Data, whether ours sees them raw, and how far below the peer it may be.

    Where no margin is given it must only be stable.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    raw: bool
    margin: float | None

    @property
    def classifies(self):
        """Whether y are class labels."""
        return self.y.dtype.kind == "i"


def mixed_scales():
    """Return positive skewed features of scale 1e-3 to 1e4 and targets of scale 1e4."""
    rng = np.random.RandomState(0)
    Z = rng.normal(size=(1000, 8))
    y = 2 + Z[:, 0] - Z[:, 1] * Z[:, 2] + np.sin(2 * Z[:, 3]) + Z[:, 4:].mean(axis=1)
    return np.exp(0.7 * Z) * np.logspace(-3, 4, 8), 1e4 * (y + 0.3 * rng.normal(size=1000))


def classifications():
    """Return {name: (X, y)}."""
    names = ("iris", "wine", "breast_cancer", "digits")
    return {name: getattr(datasets, f"load_{name}")(return_X_y=True) for name in names}


def regressions():
    """Return {name: (X, y)}."""
    return {
        "diabetes": datasets.load_diabetes(return_X_y=True),
        "friedman1": datasets.make_friedman1(500, noise=1.0, random_state=0),
        "make_regression": datasets.make_regression(
            500, 20, n_informative=10, noise=10.0, random_state=0
        ),
    }


def hard_regressions():
    """Return {name: (X, y)}; "* 1e4" has its targets times 1e4."""
    sets = {f"{name} * 1e4": (X, 1e4 * y) for name, (X, y) in regressions().items()}
    X, y = sets["make_regression * 1e4"]
    return sets | {
        "make_regression, all scales": (X * np.logspace(-3, 4, X.shape[1]), y),
        "mixed scales": mixed_scales(),
    }


def cases():
    """Return all cases, each data set standardised and raw."""
    raw_margins = {"digits": 0.01}
    return [
        Case(name, X, y, raw, raw_margins.get(name) if raw else margin)
        for sets, margin in (
            (classifications(), 0.01),
            (regressions(), 0.03),
            (hard_regressions(), None),
        )
        for name, (X, y) in sets.items()
        for raw in (False, True)
    ]


def ours(case, seed):
    """Return our untuned estimator for the case."""
    kind = PreconditionedMLPClassifier if case.classifies else PreconditionedMLPRegressor
    model = kind(random_state=seed)
    return model if case.raw else make_pipeline(StandardScaler(), model)


def peer(case, seed):
    """Return scikit-learn's, with all that is not a class standardised."""
    if case.classifies:
        return make_pipeline(StandardScaler(), MLPClassifier(random_state=seed))
    model = make_pipeline(StandardScaler(), MLPRegressor(random_state=seed))
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def score(make, case, seeds):
    """Return the mean score over folds and seeds, and how many warnings there were."""
    splits = (StratifiedKFold if case.classifies else KFold)(5, shuffle=True, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scores = [cross_val_score(make(case, s), case.X, case.y, cv=splits) for s in seeds]
    return np.mean(scores), len(caught)


def constant_score(case):
    """Return the score of the best constant prediction, less what chance may take."""
    return np.bincount(case.y).max() / case.y.size if case.classifies else -SPREAD


def measure(case, seeds):
    """Return a row of the table."""
    own, n_warnings = score(ours, case, seeds)
    compared = case.margin is not None or not case.raw
    theirs = score(peer, case, seeds)[0] if compared else np.nan
    needed = constant_score(case) if case.margin is None else theirs - case.margin
    return {
        "data": case.name,
        "inputs": "raw" if case.raw else "standardised",
        "ours": own,
        "peer": theirs,
        "difference": own - theirs,
        "needed": needed,
        "warnings": n_warnings,
        "passed": bool(own >= needed and n_warnings == 0),
    }


def markdown(rows):
    """Return the rows as a Markdown table."""

    def cell(value):
        if isinstance(value, bool):
            return "yes" if value else "NO"
        if isinstance(value, float):
            return "" if np.isnan(value) else f"{value:.3f}"
        return str(value)

    lines = [list(rows[0]), ["---"] * len(rows[0]), *([*map(cell, r.values())] for r in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def main(arguments=None):
    """Measure, print, write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="starts per fold (default: 3)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the tables")
    options = parser.parse_args(arguments)
    rows = []
    for case in cases():
        rows.append(measure(case, range(options.seeds)))
        print("  ".join(f"{k} {v}" for k, v in rows[-1].items()), file=sys.stderr, flush=True)
    table = markdown(rows)
    print(table)
    options.out.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(options.out / "defaults.csv", index=False, float_format="%.6g")
    head = HEAD.format(n_seeds=options.seeds, spread=SPREAD)
    (options.out / "defaults.md").write_text(head + table)
    return 0 if all(row["passed"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
