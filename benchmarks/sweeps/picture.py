"""Picture of a digits sweep, from data to decision: docs/sweep.png.

python -m benchmarks.sweeps.picture [--out FILE]
"""

from sklearn.datasets import load_digits

from benchmarks._common.command_line import DOCS, picture_file
from benchmarks._common.figures import panels
from sksgdprune import PreconditionedMLPClassifier, SparsitySweep, SparsitySweepDisplay

P = [0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99]


def main(arguments=None):
    """Sweep, draw, save."""
    path = picture_file(__doc__, DOCS / "sweep.png", arguments)
    network = PreconditionedMLPClassifier((32,))
    sweep = SparsitySweep(network, p=P, cv=5, refit="one_se", n_jobs=2, verbose=1, random_state=0)
    sweep.fit(*load_digits(return_X_y=True))
    results = sweep.cv_results_
    for p, n, score in zip(P, results["n_parameters"], results["mean_test_score"], strict=True):
        print(f"p = {p:g}: {n:.0f} parameters, accuracy {score:.4f}")
    draw(sweep, path)


def draw(sweep, path):
    """Draw the curve, the band of one standard error and the choice."""
    figure, ((ax,),) = panels(1, 1, (8, 4))
    SparsitySweepDisplay.from_estimator(sweep, x="remaining", score_name="test accuracy", ax=ax)
    ax.grid(alpha=0.3)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
