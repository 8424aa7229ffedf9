"""Untuned fits of tables (benchmarks/accuracy/tables.py)."""

from claims import Claim, mean

CONTENDERS = "ours", "MLP", "HistGradientBoosting", "LightGBM"


def means(task, column):
    """Return the contenders' means over a task's sets."""
    rows = "task == '{}' and contender == '{}'"
    return [
        mean("tables", rows.format(task, name), column, "set")
        for name in CONTENDERS
    ]


CLAIMS = {
    "README.md": [
        Claim(
            "log-loss ({}; scikit-learn's MLP {}, its boosted trees {}, LightGBM {})",
            means("classification", "log_loss"),
        ),
    ],
}
