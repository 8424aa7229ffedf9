"""Ways to make inputs of features, and to choose among them, compared on inner splits.

    python -m benchmarks.defaults.encodings [--data FOLDER] [--sets NAME ...] [--splits N]
                                            [--jobs N]

Of each table the training rows of its first split are split again, 75 / 25: the test rows are not
seen here. Default fits, but for the encoding, are judged on the rest. What is no encoding of the
package is made of X before, and fitted with encoding=None, targets standardised by hand. Writes
encoding_choices.csv, a row per fit, and encoding_choices.md, a line per encoding. Goes on where it
was ended.
"""

import sys
from functools import partial

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import log_loss, r2_score
from sklearn.preprocessing import StandardScaler

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import half_width, machine, markdown_table, paragraphs
from benchmarks._common.results import Cell, Results, complete
from benchmarks._common.timing import timed
from sksgdprune._data.encoding import AS_IS, encoded, piecewise, standard
from sksgdprune._data.moments import Moments

QUICK = "iris", "diabetes"
KEY = "task", "set", "split", "encoding"
COLUMNS = *KEY, "n_train", "n_features", "loss", "score", "seconds", "chosen", "version"
TAKEN = "auto"


# The encodings: functions from training rows to a function from rows to inputs.


def by_deviation(X):
    """Standardise each column, however rare its values."""
    return lambda rows: (rows - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1)


def clipped(X):
    """Squash what is far from the median, but for columns of two values."""
    base = standard(Moments.of(X))
    lower, middle, upper = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
    robust = (upper > lower) & (base.scale != (X.max(axis=0) - X.min(axis=0)) / 2)
    mean = np.where(robust, middle, base.mean)
    scale = np.where(robust, (upper - lower) / 1.349, base.scale)

    def encode(rows):
        Z = (rows - mean) / scale
        return np.where(robust, Z / np.sqrt(1 + (Z / 3) ** 2), Z)

    return encode


def hats(X, beside, n_knots=6):
    """Piecewise-linear functions, each 1 at a quantile and 0 at the next, beside other inputs."""
    first = beside(X)
    knots = [np.unique(np.quantile(column, np.linspace(0, 1, n_knots))) for column in X.T]

    def basis(rows):
        columns = [
            np.interp(column, ends, height)
            for column, ends in zip(rows.T, knots, strict=True)
            if len(ends) > 2
            for height in np.eye(len(ends))
        ]
        return np.column_stack(columns) if columns else np.empty((len(rows), 0))

    scaler = StandardScaler().fit(basis(X)) if basis(X).shape[1] else None

    def encode(rows):
        return np.hstack([first(rows), scaler.transform(basis(rows))]) if scaler else first(rows)

    return encode


def pieces(X, alone=False, spread=1.0):
    """The package's pieces, without the feature itself or with another scale of the pieces."""
    found = piecewise(X, None, Moments.of(X))
    is_piece = np.arange(len(found.source)) > found.first[found.source]
    several = np.diff(found.first)[found.source] > 1
    kept = is_piece | ~several if alone else np.ones(len(is_piece), bool)
    scale = np.where(is_piece, found.scale / spread, found.scale)
    found = AS_IS._replace(**found._replace(scale=scale, first=AS_IS.first)._asdict())
    return lambda rows: encoded(rows, found)[:, kept]


MADE = {
    "by the deviation": by_deviation,
    "clipped smoothly": clipped,
    "hats beside the standard input": partial(hats, beside=by_deviation),
    "hats beside the clipped input": partial(hats, beside=clipped),
    "pieces alone": partial(pieces, alone=True),
    "pieces of twice the scale": partial(pieces, spread=2.0),
    "pieces of half the scale": partial(pieces, spread=0.5),
}
# Other rules by which "auto" chooses, and by which a run ends.
RULES = {
    "auto, of the least loss": {"near": 0.0},
    "auto, within one standard error": {"near": 1.0},
    "auto, trials twice as long": {"trial_steps": 1200},
    "auto, until doubling gains 5 %": {"least_gain": 0.05},
    "auto, until doubling gains 10 %": {"least_gain": 0.1},
}
ENCODINGS = ("standard", "piecewise", TAKEN, *RULES, *MADE)


def model_of(name, classifies, seed):
    """Return the estimator; where inputs are made before, it takes all as it is."""
    kind = datasets.estimator_class(classifies)
    if name in RULES:
        auto = kind._auto_defaults._replace(**RULES[name])
        return type(kind.__name__, (kind,), {"_auto_defaults": auto})(random_state=seed)
    if name not in MADE:
        return kind(random_state=seed, encoding=name)
    model = kind(random_state=seed, encoding=None)
    return model if classifies else TransformedTargetRegressor(model, transformer=StandardScaler())


def measure(dataset, split, name, train, validation):
    """Return the row of an encoding on a split."""
    X, rest, y = dataset.X[train], dataset.X[validation], dataset.y
    encode = MADE[name](X) if name in MADE else lambda rows: rows
    model = model_of(name, dataset.classifies, split)
    _, seconds = timed(model.fit, encode(X), y[train])
    row = {"n_train": len(train), "n_features": X.shape[1], "seconds": seconds}
    row["chosen"] = getattr(model, "encoding_", None) if name == TAKEN else ""
    if dataset.classifies:
        P = model.predict_proba(encode(rest))
        score = np.mean(model.classes_[P.argmax(axis=1)] == y[validation])
        return row | {"loss": log_loss(y[validation], P, labels=model.classes_), "score": score}
    score = r2_score(y[validation], model.predict(encode(rest)))
    return row | {"loss": (1 - score) / 2, "score": score}


def cells(sets, n_splits):
    """Yield a cell for each set, split and encoding."""
    for dataset in sets:
        for split, rows in enumerate(dataset.inner_splits(n_splits)):
            for name in ENCODINGS:
                yield Cell((dataset.task, dataset.name, split, name), (dataset, split, name, *rows))


def task_parts(task, rows):
    """Return the report's part on a task."""
    means = rows.groupby(["set", "encoding"])[["loss", "score", "seconds"]].mean().unstack()
    lines = []
    for name in ENCODINGS:
        apart = means.loss[name] - means.loss[TAKEN]
        values = means.loss[name].mean(), apart.mean(), half_width(apart)
        texts = [f"{value:.4f}" for value in (*values, means.score[name].mean())]
        lines.append([name, *texts, f"{means.seconds[name].sum():.1f}"])
    share = (rows[rows.encoding == TAKEN].chosen == "piecewise").mean()
    return [
        f"## {task.capitalize()}",
        markdown_table(
            ["encoding", "loss", f"less {TAKEN}", "± (95 %)", "score", "fit seconds in sum"], lines
        ),
        f"{TAKEN} took pieces in {100 * share:.0f} % of the fits.",
    ]


def markdown(table, about):
    """Return the report of all that was tried."""
    table = table.fillna({"chosen": ""})
    return paragraphs(
        "# Ways to make inputs of features",
        f"Made by `python -m benchmarks.defaults.encodings`, {table.split.nunique()} inner splits "
        f"of the training rows of {table.set.nunique()} tables: mean loss (log-loss, half of "
        "1 - R²) and score (accuracy, R²) on the inner test rows, equal weight for each table.",
        *(part for task, rows in table.groupby("task") for part in task_parts(task, rows)),
        about,
    )


def main(arguments=None):
    """Measure, write, print."""
    parser = command_line.parser(__doc__, "data", "sets", "splits", "jobs", splits=2)
    options = parser.parse_args(arguments)
    sets, n_splits = command_line.inner(parser, options, command_line.tables(options), QUICK)
    facts = partial(machine, "numpy", "scikit-learn")
    results = Results(options.out / "encoding_choices.csv", COLUMNS, KEY, facts=facts)
    complete(results, options, measure, cells(sets, n_splits), markdown)


if __name__ == "__main__":
    sys.exit(main())
