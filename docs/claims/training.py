"""Costs of training parameters, and times of fits (choices.csv, speed.csv, tables.csv)."""

from claims import Claim, Value, mean, ratio, rows_of

DEFAULTS = "defaults"


def less_defaults(task, change, set_name=None):
    """Return how far the score is below the defaults' with a change: on a set, or on average."""
    rows = f"task == '{task}'" + (
        f" and set == '{set_name}'" if set_name else ""
    )
    means = [
        mean("choices", f"{rows} and change == '{name}'", "score", "set")
        for name in (DEFAULTS, change)
    ]
    return Value(
        f"{means[0].source} less {means[1].source}",
        means[0].number - means[1].number,
    )


def largest_difference(task, *changes):
    """Return the largest difference between the score with one of these changes and without."""
    costs = [less_defaults(task, change) for change in changes]
    return Value(
        f"choices.csv: the largest difference of {task}, {changes}",
        max(abs(cost.number) for cost in costs),
    )


def step_over_products(network):
    """Return a step's time over that of its matrix products in a compiled loop."""
    rows = (
        "figure == 'step' and dtype == 'float64' and contender == '{}' "
        "and network.str.startswith('{}, ') and against.isna()"
    )
    return ratio(
        *(
            mean("speed", rows.format(name, network), "value")
            for name in ("sksgdprune", "products, compiled loop")
        )
    )


SMALL_TABLES = "contender == 'ours' and n_train < 1000"
SQRT, SCALAR = 'preconditioner="sqrt"', 'preconditioner="scalar"'

CLAIMS = {
    "docs/training.md": [
        Claim(
            '"sqrt" costs {} of accuracy',
            [less_defaults("classification", SQRT)],
        ),
        Claim(
            '"scalar" costs {} ({} on wine)',
            [
                less_defaults("classification", SCALAR),
                less_defaults("classification", SCALAR, "wine"),
            ],
        ),
        Claim(
            "all three are within {} of R²",
            [largest_difference("regression", SQRT, SCALAR)],
        ),
        Claim(
            "A step takes {} times as long as its",
            [step_over_products("61-32-10")],
        ),
        Claim(
            "and {} times in a large one",
            [step_over_products("784-300-100-10")],
        ),
        Claim(
            "A fit took {} s on average over {} tables",
            [
                mean("tables", SMALL_TABLES, "seconds", "set"),
                Value(
                    "tables.csv: sets of fewer than 1,000 training rows",
                    rows_of("tables", SMALL_TABLES)["set"].nunique(),
                ),
            ],
        ),
    ],
}
