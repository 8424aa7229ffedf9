"""Which distribution the noise about a draw should have, by splits within training rows.

    python benchmarks/choose_noise.py [--data FOLDER] [--splits N] [--out FOLDER]

Of each regression set the training rows of its first split are split anew, 80 / 20. Student's t
distributions of several degrees of freedom, and the normal one, are fitted to the held-out rows of
`fit`: by their standard deviation, or by their likelihood. Beside them is what the package does.
What counts is the mean log-likelihood of rows that are neither. Writes noise_choices.csv and .md.
"""

import argparse
import sys
import warnings
from functools import partial
from pathlib import Path
from unittest.mock import patch

import datasets
import numpy as np
import pandas as pd
from reports import markdown_table
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from scipy.stats import norm, t
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit

from sksgdprune import PreconditionedMLPRegressor
from sksgdprune._uncertainty import posterior
from sksgdprune._uncertainty.calibration import tempered

RESULTS = Path(__file__).parent / "results"
DEGREES = np.inf, 20, 10, 8, 6, 5, 4, 3


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


def measure(dataset, split, train, test):
    """Return a row for each distribution and way to fit it."""
    seen = []

    def watched(targets, Z, Y, weights=None):
        seen.append((targets, Z, Y))
        return original(targets, Z, Y, weights)

    original = posterior.calibrated
    with patch.object(posterior, "calibrated", watched):
        model = PreconditionedMLPRegressor(n_draws=100, random_state=split)
        model.fit(dataset.X[train], dataset.y[train])
    (targets, Z, Y), std = seen[0], model.noise_std_[0]
    held = targets._outputs(tempered(Z, model.temperature_))[:, :, 0], targets.decode(Y)[:, 0]
    outputs = posterior.sample_outputs(model._state.network, dataset.X[test])
    drawn = [targets._outputs(Z)[:, :, 0] for _, Z in outputs]
    means, y = np.concatenate(drawn, axis=1), dataset.y[test]
    found = {
        (name, degrees): log_likelihood(means, y, rule(*held, std, degrees), degrees)
        for name, rule in RULES.items()
        for degrees in DEGREES
    }
    found["the package", np.nan] = float(model.log_likelihood(dataset.X[test], y).mean())
    return [
        {"set": dataset.name, "split": split, "fitted by": name, "degrees": degrees}
        | {"log_likelihood": fit}
        for (name, degrees), fit in found.items()
    ]


def markdown(rows):
    """Return a table of differences to normal noise of the same standard deviation."""
    keys = ["fitted by", "degrees"]
    means = rows.groupby([*keys, "set"], dropna=False)["log_likelihood"].mean().unstack()
    differences = means - means.loc["its standard deviation", np.inf]
    differences.insert(0, "mean", differences.mean(axis=1))
    differences = differences.sort_values("mean", ascending=False).reset_index()
    cells = [
        [name, f"{degrees:g}", *(f"{value:+.4f}" for value in values)]
        for name, degrees, *values in differences.itertuples(index=False)
    ]
    return markdown_table(list(differences.columns), cells)


def main(arguments=None):
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of more sets; datasets.py says how")
    parser.add_argument("--splits", type=int, default=4, help="of each set's training rows")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args(arguments)
    sets = datasets.included() + datasets.synthetic((100, 1_000, 10_000))
    sets += datasets.folder(options.data) if options.data else []
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = []
    for dataset in (dataset for dataset in sets if not dataset.classifies):
        own, _ = next(iter(dataset.splits(1)))
        splits = ShuffleSplit(options.splits, test_size=0.2, random_state=0).split(own)
        for split, (train, test) in enumerate(splits):
            rows += measure(dataset, split, own[train], own[test])
        print(dataset.name, file=sys.stderr, flush=True)
    rows = pd.DataFrame(rows)
    options.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(options.out / "noise_choices.csv", index=False)
    title = "Noise: mean log-likelihood less that of the normal distribution"
    text = f"# {title}\n\n{__doc__}\n{markdown(rows)}\n"
    (options.out / "noise_choices.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
