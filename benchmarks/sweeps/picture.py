"""Picture of a digits sweep, from data to decision: docs/sweep.png.

python -m benchmarks.sweeps.picture [--out FILE]
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from benchmarks._common import figures
from benchmarks._common.command_line import DOCS, picture_file
from sksgdprune import PreconditionedMLPClassifier, SparsitySweep, SparsitySweepDisplay

P = [0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99]


def main(arguments=None):
    """Sweep, draw, save."""
    path = picture_file(__doc__, DOCS / "sweep.png", arguments)
    network = PreconditionedMLPClassifier((32,))
    # A writer's digits are neighbours among the rows: without a shuffle folds have writers of
    # their own, and the curve is that of strangers' digits.
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    how = {"cv": folds, "refit": "one_se", "n_jobs": 2, "verbose": 1, "random_state": 0}
    sweep = SparsitySweep(network, p=P, **how)
    sweep.fit(*load_digits(return_X_y=True))
    results = sweep.cv_results_
    for p, n, score in zip(P, results["n_parameters"], results["mean_test_score"], strict=True):
        print(f"p = {p:g}: {n:.0f} parameters, accuracy {score:.4f}")
    draw(sweep, path)


@figures.styled
def draw(sweep, path):
    """Draw the curve, the band of one standard error and the choice."""
    figure, (ax,) = figures.stacked(1, 3.4)
    SparsitySweepDisplay.from_estimator(sweep, x="remaining", score_name="test accuracy", ax=ax)
    ax.set_xlabel("parameters that remain, %")
    ax.set_title("Digits, one hidden layer of 32 units")
    figures.light_grid(ax)
    figures.explain(figure, "Line: mean of five folds. Band: ± one standard deviation.")
    figures.save(figure, path)


if __name__ == "__main__":
    main()
