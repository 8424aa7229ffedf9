"""Untuned fits of tables (benchmarks/accuracy/tables.py)."""

from benchmarks.accuracy import tables_report
from claims import Claim, Value, mean, rows_of

CONTENDERS = "ours", "MLP", "HistGradientBoosting", "LightGBM"
TREES = CONTENDERS[2:]
FEW_ROWS = 1000
# What the page on gradient boosting lists: classifications by log-loss, regressions by R².
LISTED = {
    "log_loss": (
        *("movement_libras", "iris", "contraceptive", "mammographic"),
        *("magic", "phoneme", "mlc_churn", "segment", "bands"),
    ),
    "score": (
        *("meats", "sleep75", "hprice3"),
        *("engel", "NOxEmissions", "Computers", "openintro-ames"),
    ),
}
TASK = {"log_loss": "classification", "score": "regression"}


def means(task, column):
    """Return the contenders' means over a task's sets."""
    rows = "task == '{}' and contender == '{}'"
    return [
        mean("tables", rows.format(task, name), column, "set")
        for name in CONTENDERS
    ]


def by_set(task, column):
    """Return a frame of means: a row for each set of a task, a column for each contender."""
    rows = rows_of("tables", f"task == '{task}'")
    return tables_report.means(rows, column)[list(CONTENDERS)]


def beside(task, column):
    """Return the contenders' means, each peer's with its difference to ours and half width."""
    values, source = by_set(task, column), f"tables.csv: {column}, {task}"
    found = [Value(f"{source}, mean of ours", values["ours"].mean())]
    for name in CONTENDERS[1:]:
        difference, half = tables_report.against(values, name, "ours")
        found += [
            Value(f"{source}, mean of {name}", values[name].mean()),
            Value(f"{source}, {name} less ours", difference),
            Value(f"{source}, half width of {name} less ours", half),
        ]
    return found


def ranks():
    """Return the contenders' mean ranks by log-loss and by R²."""
    found = {
        column: by_set(task, column)
        .rank(axis=1, ascending=column == "log_loss")
        .mean()
        for column, task in TASK.items()
    }
    return [
        Value(f"tables.csv: mean rank of {name} by {column}", rank[name])
        for name in CONTENDERS
        for column, rank in found.items()
    ]


def seconds():
    """Return the contenders' seconds of one fit of each set, in sum."""
    sums = sum(by_set(task, "seconds").sum() for task in TASK.values())
    return [
        Value(
            f"tables.csv: sum of {name}'s mean seconds by set", sums[name]
        )
        for name in CONTENDERS
    ]


def rows_by_set():
    """Return the number of rows of each set, training and test rows together."""
    first = (
        rows_of("tables", None)
        .groupby("set")[["n_train", "n_test"]]
        .first()
    )
    return first.sum(axis=1)


def wins(column, few=None):
    """Return on how many sets ours is ahead of both kinds of trees, and of how many."""
    values = by_set(TASK[column], column)
    if few is not None:
        values = values[(rows_by_set()[values.index] < FEW_ROWS) == few]
    trees = values[list(TREES)]
    ahead = (
        values["ours"] < trees.min(axis=1)
        if column == "log_loss"
        else values["ours"] > trees.max(axis=1)
    )
    source = f"tables.csv: {column}, sets, few rows: {few}"
    return [
        Value(f"{source}, where ours is ahead of the trees", ahead.sum()),
        Value(source, len(ahead)),
    ]


def listed():
    """Return the claims of the lists of sets: rows, ours and both kinds of trees."""
    for column, names in LISTED.items():
        values, sizes = by_set(TASK[column], column), rows_by_set()
        for name in names:
            source = f"tables.csv: {name}, mean {column} of"
            yield Claim(
                f"| {name} | {{}} | {{}} | {{}} | {{}} |",
                [
                    Value(f"tables.csv: {name}, rows", sizes[name]),
                    *(
                        Value(f"{source} {who}", values.loc[name, who])
                        for who in ("ours", *TREES)
                    ),
                ],
            )


def row(label, cells):
    """Return the text of a table's row with these cells for ours and for each peer."""
    return f"| {label} | {{}} |" + f" {cells} |" * 3


BESIDE = "{} ({} ± {})"
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
            "LightGBM needs {} s for all 42 tables, scikit-learn's trees "
            "{} s, sksgdprune {} s",
            [seconds()[i] for i in (3, 2, 0)],
        ),
        *listed(),
    ],
}
