"""The picture of a digits network of 5 % of its weights: docs/network.png.

python benchmarks/network_picture.py [--out FILE]
"""

import argparse
import sys
from pathlib import Path

from sklearn.datasets import load_digits

from sksgdprune import NetworkDisplay, PreconditionedMLPClassifier, SparsitySweep

DOCS = Path(__file__).parents[1] / "docs"


def main(arguments=None):
    """Train, draw, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=DOCS / "network.png", help="file of the picture"
    )
    options = parser.parse_args(arguments)
    network = PreconditionedMLPClassifier((32,), batch_size=32)
    sweep = SparsitySweep(
        network, p=0.95, warmup_steps=200, finetune_steps=3000, random_state=0
    ).fit(*load_digits(return_X_y=True))
    print(sweep.best_estimator_.sparsity_report_)
    display = NetworkDisplay.from_estimator(sweep, input_shape=(8, 8))
    display.figure_.savefig(options.out, dpi=100)


if __name__ == "__main__":
    sys.exit(main())
