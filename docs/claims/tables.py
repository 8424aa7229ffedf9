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
    "docs/benchmarks.md": [
        Claim(
            "over 27 classifications is {}. scikit-learn's MLP has {}, "
            "its boosted trees {}, LightGBM {}.",
            means("classification", "log_loss"),
        ),
        Claim(
            "The accuracy is {}, beside {}, {} and {}.",
            means("classification", "score"),
        ),
        Claim(
            "Over 15 regressions R² is {}, beside {}, {} and {}.",
            means("regression", "score"),
        ),
    ],
    "docs/gradient_boosting.md": [
        Claim(
            row("log-loss, 27 tables", BESIDE),
            beside("classification", "log_loss"),
        ),
        Claim(
            row("accuracy, 27 tables", BESIDE),
            beside("classification", "score"),
        ),
        Claim(row("R², 15 tables", BESIDE), beside("regression", "score")),
        Claim(
            "| mean rank by log-loss, R² |" + " {}, {} |" * 4,
            ranks(),
        ),
        Claim(row("seconds of one fit each, in sum", "{}"), seconds()),
        Claim(
            "by log-loss on {} of {} tables, by R² on {} of {}",
            [*wins("log_loss"), *wins("score")],
        ),
        Claim(
            "By log-loss it is ahead on {} of the {} tables below 1,000 rows "
            "and on {} of the {} larger ones.",
            [*wins("log_loss", few=True), *wins("log_loss", few=False)],
        ),
        Claim(
            "LightGBM's accuracy is {} ({} ± {})",
            beside("classification", "score")[-3:],
        ),
        Claim(
            "LightGBM needs {} s for all 42 tables, `HistGradientBoosting` "
            "{} s, `sksgdprune` {} s",
            [seconds()[i] for i in (3, 2, 0)],
        ),
        *listed(),
    ],
}
