"""Headlines of the page of benchmarks: pruned networks and intervals."""

from benchmarks.sparsity import report as sparsity
from benchmarks.uncertainty import report as uncertainty
from claims import Claim, Value, table
from claims.sparsity import ahead


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
        Claim(
            "its accuracy is {} ± {} above",
            ahead("digits", sparsity.TORCH_HINDSIGHT, 0.95),
        ),
        Claim(
            "At 90 % the difference is {} ± {}.",
            ahead("digits", sparsity.TORCH_HINDSIGHT, 0.9),
        ),
        Claim(
            "cover {} % of new observations on average over {} tables, "
            "and {} % on the worst",
            coverage(),
        ),
    ],
}
