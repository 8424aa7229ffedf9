"""Coverage, likelihood and rejection (benchmarks/uncertainty)."""

from functools import cache

import numpy as np

from benchmarks.uncertainty import report
from claims import Claim, Value, mean, table

CSV = "uncertainty"


def measured(what, number):
    """Return a Value of the CSV."""
    return Value(f"{CSV}.csv: {what}", number)


def of(task):
    """Return a task's rows."""
    return report.of_task(table(CSV), task)


@cache
def by_set(task, column, contender=report.OURS):
    """Return a contender's means by set."""
    return report.means(of(task), column, contender)


def over_sets(task, column, contender=report.OURS):
    """Return a contender's mean over the sets of a task."""
    means = by_set(task, column, contender)
    return measured(f"{column} of {contender}", means.mean())


def published(title, name):
    """Return the claim of a row of the table of published log-likelihoods."""
    rows = report.against_published(of(report.REALS))
    row = rows.query(f"set == '{name}' and metric == 'log_likelihood'")
    row = row.squeeze()
    numbers = {
        "ours": row.ours,
        "published": row.published,
        "difference": row.ours - row.published,
        "standard error of both": row.both_errors,
    }
    return Claim(
        f"| {title} | {{}} | {{}} | {{}} ± {{}} |",
        [measured(f"{name}, {what}", x) for what, x in numbers.items()],
    )


def process_errors():
    """Return the geometric mean of a Gaussian process's errors over ours, and of how many sets."""
    ratios = report.relative(
        of(report.REALS), "rmse", report.PROCESS, report.OURS
    )
    return [
        measured(
            "RMSE of Gaussian processes / ours",
            np.exp(np.log(ratios).mean()),
        ),
        measured("sets with Gaussian processes", len(ratios)),
    ]


def lower_loss():
    """Return on how many sets averaging the samples lowers log-loss."""
    loss = report.paired(of(report.CLASSES), "log_loss", report.PLAIN)
    return measured("log-loss less that without", (loss["mean"] < 0).sum())


NEARLY_COLLINEAR = (
    "set == 'protein-tertiary-structure' and preconditioner == 'scalar' "
    "and inputs == 'unit length'"
)
COVERED = by_set(report.REALS, "coverage")
PUBLISHED = {
    "yacht": "yacht",
    "kin8nm": "kin8nm",
    "protein": "protein-tertiary-structure",
    "red wine": "wine-quality-red",
    "concrete": "concrete",
}

CLAIMS = {
    "docs/uncertainty.md": [
        Claim(
            "intervals cover {} % of new observations on average over {} sets",
            [
                measured("mean coverage", COVERED.mean()),
                measured("regression sets", len(COVERED)),
            ],
        ),
        Claim(
            "and {} % on the worst set",
            [measured("least coverage", COVERED.min())],
        ),
        *(published(title, name) for title, name in PUBLISHED.items()),
        Claim("error is {} of ours over {} sets", process_errors()),
        Claim("lowers log-loss on {} of them", [lower_loss()]),
        Claim(
            "mean accuracy is {} with them and {} without",
            [
                over_sets(report.CLASSES, "accuracy", name)
                for name in (report.OURS, report.PLAIN)
            ],
        ),
        Claim(
            "its rejection area is {}, that of mutual information {}.",
            [
                over_sets(report.CLASSES, column)
                for column in ("rejection", "rejection_information")
            ],
        ),
    ],
    "docs/theory.md": [
        Claim(
            'On protein with `"scalar"` the paper gives {} nats',
            [mean("posterior", NEARLY_COLLINEAR, "published")],
        ),
        Claim(
            "our iterates come to {}, with inputs",
            [mean("posterior", NEARLY_COLLINEAR, "iterates")],
        ),
    ],
}
