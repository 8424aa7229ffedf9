"""What the page of benchmarks says of pruned networks and of intervals."""

import pandas as pd

from benchmarks._common.reports import half_width
from benchmarks.sparsity import report as sparsity
from benchmarks.uncertainty import report as uncertainty
from claims import Claim, Value, table


def ahead_of_torch(p):
    """Return the mean difference to torch's best by test score on digits, and its half width."""
    rows = table("sparsity_accuracy")
    scores = sparsity.with_torch_best(sparsity.scores(rows), rows)
    by_set = [
        sparsity.difference(scores, name, p, sparsity.TORCH_HINDSIGHT)
        for name in sparsity.groups(rows)["digits"]
    ]
    values = pd.concat(by_set, axis=1).dropna().mean(axis=1)
    source = f"sparsity_accuracy.csv: defaults less torch's best, digits, p = {p}"
    return [
        Value(source, values.mean()),
        Value(source, half_width(values)),
    ]


def coverage():
    """Return the coverage of 90 % intervals: mean, number of sets, lowest."""
    covered = uncertainty.means(
        table("uncertainty"), "coverage", uncertainty.OURS
    ).dropna()
    source = "uncertainty.csv: {} of ours' mean coverage by set"
    return [
        Value(source.format("mean"), covered.mean()),
        Value(source.format("number"), len(covered)),
        Value(source.format("lowest"), covered.min()),
    ]


CLAIMS = {
    "docs/benchmarks.md": [
        Claim("its accuracy is {} ± {} above", ahead_of_torch(0.95)),
        Claim("At 90 % the difference is {} ± {}.", ahead_of_torch(0.9)),
        Claim(
            "cover {} % of new observations on average over {} tables, "
            "and {} % on the worst",
            coverage(),
        ),
    ],
}
