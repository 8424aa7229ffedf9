"""Picture of three pruning methods on digits, with error bars: docs/methods.png.

python -m benchmarks.sweeps.methods_picture [--out FILE]
"""

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from benchmarks._common import figures
from benchmarks._common.command_line import DOCS, picture_file
from benchmarks.sweeps.picture import P
from sksgdprune import PreconditionedMLPClassifier, SparsitySweep, SparsitySweepDisplay

METHODS = "fisher", "magnitude", "random"


def main(arguments=None):
    """Sweep, draw, save."""
    path = picture_file(__doc__, DOCS / "methods.png", arguments)
    network = PreconditionedMLPClassifier((32,), encoding="standard")  # one size in all splits
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    how = {"cv": folds, "refit": False, "n_jobs": 2, "verbose": 1, "random_state": 0}
    sweep = SparsitySweep(network, p=P, **how)
    X, y = load_digits(return_X_y=True)
    draw({name: clone(sweep).set_params(method=name).fit(X, y) for name in METHODS}, path)


@figures.styled
def draw(sweeps, path):
    """Draw the curves with their standard errors."""
    figure, (ax,) = figures.stacked(1, 3.4)
    look = {"spread": "se", "std_display_style": "errorbar", "errorbar_kw": {"capsize": 3}}
    names = {"x": "remaining", "score_name": "test accuracy"}
    SparsitySweepDisplay.from_estimators(sweeps, ax=ax, **names, **look)
    ax.set_title("Digits, one hidden layer of 32 units")
    figures.light_grid(ax)
    figures.save(figure, path)


if __name__ == "__main__":
    main()
