"""The picture of a digits sweep, from data to decision: docs/sweep.png.

python benchmarks/sweep_picture.py [--out FILE]
"""

import argparse
import sys
from pathlib import Path

import matplotlib as mpl
from sklearn.datasets import load_digits

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep, SparsitySweepDisplay

DOCS = Path(__file__).parents[1] / "docs"
P = [0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99]


def main(arguments=None):
    """Sweep, draw, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DOCS / "sweep.png", help="file of the picture")
    options = parser.parse_args(arguments)
    network = PreconditionedMLPClassifier((32,))
    sweep = SparsitySweep(network, p=P, cv=5, refit="one_se", n_jobs=2, verbose=1, random_state=0)
    sweep.fit(*load_digits(return_X_y=True))
    results = sweep.cv_results_
    for p, n, score in zip(P, results["n_parameters"], results["mean_test_score"], strict=True):
        print(f"p = {p:g}: {n:.0f} parameters, accuracy {score:.4f}")
    draw(sweep, options.out)


def draw(sweep, path):
    """Draw the curve, the band of one standard error and the choice."""
    mpl.use("Agg")
    from matplotlib import pyplot

    figure, ax = pyplot.subplots(figsize=(8, 4), dpi=100, layout="constrained")
    SparsitySweepDisplay.from_estimator(sweep, x="remaining", score_name="test accuracy", ax=ax)
    ax.grid(alpha=0.3)
    figure.savefig(path)


if __name__ == "__main__":
    sys.exit(main())
