"""Alternatives to the distribution of the noise, by splits within training rows.

    python -m benchmarks.defaults.noise [--data FOLDER] [--sets NAME ...] [--splits N] [--jobs N]

Of each regression set the training rows of its first split are split anew, 80 / 20. Student's t
distributions of several degrees of freedom, and the normal one, are fitted to the calibration rows
of `fit`: by their standard deviation, or by their likelihood. Beside them is what the package does.
What counts is the mean log-likelihood of the validation rows.

Writes noise_choices.csv and noise_choices.md; goes on where it was ended.
"""

import sys
from functools import partial
from unittest.mock import patch

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from scipy.stats import norm, t

from benchmarks._common import command_line, datasets
from benchmarks._common.reports import machine, markdown_table, paragraphs
from benchmarks._common.results import Cell, Results, complete
from sksgdprune import PreconditionedMLPRegressor
from sksgdprune._uncertainty import posterior

DEGREES = np.inf, 20, 10, 8, 6, 5, 4, 3
KEY = "set", "split"
COLUMNS = *KEY, "fitted by", "degrees", "log_likelihood", "version"


def log_likelihood(means, y, scale, degrees):
    """Return the mean log-density of y under equal parts of noise about the means."""
    family = norm if np.isinf(degrees) else partial(t, degrees)
    return float((logsumexp(family(means, scale).logpdf(y), axis=0) - np.log(len(means))).mean())


def by_likelihood(means, y, std, degrees):
    """Return the scale of highest likelihood; not far below the standard deviation."""
    result = minimize_scalar(
        lambda log_scale: -log_likelihood(means, y, np.exp(log_scale), degrees),
        bounds=(np.log(0.2 * std), np.log(2 * std)),
        method="bounded",
        options={"xatol": 0.02},
    )
    return float(np.exp(result.x))


def by_std(means, y, std, degrees):
    """Return the scale at which the noise has this standard deviation."""
    return std if np.isinf(degrees) else std * np.sqrt((degrees - 2) / degrees)


RULES = {"its standard deviation": by_std, "likelihood": by_likelihood}


def calibrated_fit(X, y, seed):
    """Return a fit, and the targets, outputs and Y of its calibration rows."""
    seen, original = [], posterior.calibrated

    def watched(targets, Z, Y, weights=None):
        seen.append((targets, Z, Y))
        return original(targets, Z, Y, weights)

    with patch.object(posterior, "calibrated", watched):
        model = PreconditionedMLPRegressor(n_draws=100, random_state=seed).fit(X, y)
    return model, *seen[0]


def measure(dataset, split, train, test):
    """Return a row for each distribution and way to fit it."""
    model, targets, Z, Y = calibrated_fit(dataset.X[train], dataset.y[train], split)
    std = model.noise_std_[0]
    rows = (
        targets._outputs(targets.tempered(Z, model.temperature_))[:, :, 0],
        targets.decode(Y)[:, 0],
    )
    outputs = posterior.sample_outputs(model._state.network, dataset.X[test])
    samples = [targets._outputs(Z)[:, :, 0] for _, Z in outputs]
    means, y = np.concatenate(samples, axis=1), dataset.y[test]
    found = {
        (name, degrees): log_likelihood(means, y, rule(*rows, std, degrees), degrees)
        for name, rule in RULES.items()
        for degrees in DEGREES
    }
    found["the package", np.nan] = float(model.log_likelihood(dataset.X[test], y).mean())
    return [
        {"fitted by": name, "degrees": degrees, "log_likelihood": fit}
        for (name, degrees), fit in found.items()
    ]


def cells(sets, n_splits):
    """Yield a cell for each set and split."""
    for dataset in sets:
        for split, rows in enumerate(dataset.inner_splits(n_splits, share=0.2, seed=0)):
            yield Cell((dataset.name, split), (dataset, split, *rows))


def difference_rows(rows):
    """Return the table of differences to normal noise of the same standard deviation."""
    keys = ["fitted by", "degrees"]
    means = rows.groupby([*keys, "set"], dropna=False)["log_likelihood"].mean().unstack()
    differences = means - means.loc["its standard deviation", np.inf]
    differences.insert(0, "mean", differences.mean(axis=1))
    differences = differences.sort_values("mean", ascending=False).reset_index()
    cells = [
        [name, f"{degrees:g}", *(f"{value:+.4f}" for value in values)]
        for name, degrees, *values in differences.itertuples(index=False)
    ]
    return list(differences.columns), cells


def markdown(table, about):
    """Return the report."""
    return paragraphs(
        "# Noise: mean log-likelihood less that of the normal distribution",
        "Made by `python -m benchmarks.defaults.noise`.",
        __doc__.split("\n\n")[2].strip(),
        about,
        markdown_table(*difference_rows(table)),
    )


def main(arguments=None):
    """Measure, write, print."""
    parser = command_line.parser(__doc__, "data", "sets", "splits", "jobs", splits=4)
    options = parser.parse_args(arguments)
    included = datasets.included() + datasets.synthetic((100, 1_000, 10_000))
    sets = command_line.chosen(parser, options, included, ["diabetes"])
    sets = [dataset for dataset in sets if not dataset.classifies]
    facts = partial(machine, "numpy", "scipy", "scikit-learn")
    results = Results(options.out / "noise_choices.csv", COLUMNS, KEY, facts=facts)
    todo = cells(sets, 1 if options.quick else options.splits)
    complete(results, options, measure, todo, markdown)


if __name__ == "__main__":
    sys.exit(main())
