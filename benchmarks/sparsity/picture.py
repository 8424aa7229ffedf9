"""Picture of a digits network of 5 % of its weights: docs/network.png.

python -m benchmarks.sparsity.picture [--out FILE]
"""

from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from benchmarks._common import figures
from benchmarks._common.command_line import DOCS, picture_file
from sksgdprune import NetworkDisplay, PreconditionedMLPClassifier, SparsitySweep


@figures.styled
def main(arguments=None):
    """Train, draw, save."""
    path = picture_file(__doc__, DOCS / "network.png", arguments)
    network = PreconditionedMLPClassifier((32,), batch_size=32)
    sweep = SparsitySweep(
        network, p=0.95, warmup_steps=200, finetune_steps=3000, random_state=0
    ).fit(*load_digits(return_X_y=True))
    print(sweep.best_estimator_.sparsity_report_)
    figure = Figure(figsize=(figures.WIDTH, 10.5), layout="constrained")
    NetworkDisplay.from_estimator(sweep, input_shape=(8, 8), figure=figure)
    figures.save(figure, path)


if __name__ == "__main__":
    main()
