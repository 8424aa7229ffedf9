"""Pruning as regularisation (benchmarks/sparsity/regularisation.py)."""

from benchmarks._common.reports import half_width
from benchmarks.sparsity import regularisation_report as report
from claims import Claim, Value, table

CSV = "regularisation"


def losses(group):
    """Return the log-losses of a group of tables: a row per split, a column per contender."""
    return report.by_split(report.groups(table(CSV))[group])


def loss(name):
    """Return a contender's mean log-loss over the noisy tables."""
    values = losses(report.NOISY)[name].groupby("set").mean()
    return Value(f"{CSV}.csv: mean log_loss of {name}", values.mean())


def less(name, other, group=report.NOISY):
    """Return how far a contender's log-loss is above another's, and the half width."""
    values = report.difference(losses(group), name, other)
    source = f"{CSV}.csv: log_loss of {name} less {other}, {group}"
    return [
        Value(source, values.mean()),
        Value(source, half_width(values)),
    ]


def below(name, other):
    """Return on how many noisy tables a contender is below another, and of how many."""
    values = report.difference(losses(report.NOISY), name, other)
    source = (
        f"{CSV}.csv: noisy tables with log_loss of {name} below {other}"
    )
    return [
        Value(source, (values < 0).sum()),
        Value(source, len(values)),
    ]


def row(name):
    """Return the claim of a contender's row in the page's table."""
    values, cells = [loss(name)], "{}"
    for other in (report.uncut(name), report.LIGHTGBM):
        there = other not in (None, name)
        values += less(name, other) if there else []
        cells += " | {} ± {}" if there else " |"
    if name != report.LIGHTGBM:
        values += below(name, report.LIGHTGBM)
        cells += " | {} of {}"
    return Claim(f"| {name} | {cells} |", values)


def smaller(group):
    """Return on how many splits a smaller p than the largest was chosen, and of how many."""
    rows = report.groups(table(CSV))[group]
    p = rows[rows["contender"] == report.SEARCHED]["p"]
    source = f"{CSV}.csv: splits with p below its largest, {group}"
    return [
        Value(source, (p < max(report.SEARCHED_P)).sum()),
        Value(source, len(p)),
    ]


def most_of_chosen():
    """Return the largest mean change of the log-loss by a cut with the chosen prior."""
    names = report.FAMILIES[report.CHOSEN]
    changes = [
        abs(less(name, report.label(report.CHOSEN, 0.0))[0].number)
        for name in names[2:]
    ]
    return Value(f"{CSV}.csv: largest mean change by a cut", max(changes))


WEAK_LEAST = report.label(report.WEAK, 0.98)
CHOSEN = {p: report.label(report.CHOSEN, p) for p in report.P}
EARLIER = report.label(report.EARLIER, 0.95)
CLAIMS = {
    "docs/regularisation.md": [
        Claim(
            "the log-loss of ten noisy tables changes by {} ± {} on average",
            less(CHOSEN[0.95], CHOSEN[0.0]),
        ),
        *map(row, report.NAMES),
        Claim(
            "is lower than at p = 0 on {} of {}. On average it changes by {} ± {}",
            [
                *below(WEAK_LEAST, report.label(report.WEAK, 0.0)),
                *less(WEAK_LEAST, report.label(report.WEAK, 0.0)),
            ],
        ),
        Claim(
            "At {} it is still more than three times that of the default fit, {}.",
            [loss(WEAK_LEAST), loss(report.DEFAULT)],
        ),
        Claim(
            "is below its sweep without a cut by {} ± {}",
            less(
                report.label(report.WEAK, 0.0), report.label(report.WEAK)
            ),
        ),
        Claim("changes by at most {} on average", [most_of_chosen()]),
        Claim(
            "LightGBM's is higher by {} ± {} than that of the default fit, and by "
            "{} ± {} than at p = 0.95. Both are below it on {} of {} tables.",
            [
                *less(report.LIGHTGBM, report.DEFAULT),
                *less(report.LIGHTGBM, CHOSEN[0.95]),
                *below(CHOSEN[0.95], report.LIGHTGBM),
            ],
        ),
        Claim(
            "below that of LightGBM on {} of {} noisy tables, and above it by {} ± "
            "{} on average. The cut adds {} ± {}.",
            [
                *below(EARLIER, report.LIGHTGBM),
                *less(EARLIER, report.LIGHTGBM),
                *less(EARLIER, report.label(report.EARLIER, 0.0)),
            ],
        ),
        Claim(
            "p = 0.95 adds {} ± {} and p = 0.98 adds {} ± {}",
            [
                *less(CHOSEN[0.95], CHOSEN[0.0], report.OTHERS),
                *less(CHOSEN[0.98], CHOSEN[0.0], report.OTHERS),
            ],
        ),
        Claim(
            "the log-loss changes by {} ± {}. On the others it takes 0.8 or 0 on {} of {}",
            [*less(report.SEARCHED, CHOSEN[0.0]), *smaller(report.OTHERS)],
        ),
        Claim(
            "p = 0.5 adds {} ± {}.",
            less(CHOSEN[0.5], CHOSEN[0.0], report.OTHERS),
        ),
    ],
}
