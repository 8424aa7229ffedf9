"""Pruned networks (benchmarks/sparsity, benchmarks/defaults/pruning.py) and what they cost."""

from functools import cache

import pandas as pd

from benchmarks._common.reports import half_width
from benchmarks.defaults import pruning
from benchmarks.sparsity import report
from claims import Claim, Value, mean, table
from claims.speed import SMALL, WIDE, ratio

LARGE = "sparsity_accuracy_100x3200"
CUT = 0.9, 0.95, 0.98


@cache
def scores(csv):
    """Return the scores of a comparison, torch's best among them, a column per seed."""
    return report.with_torch_best(report.scores(table(csv)), table(csv))


def digits(p):
    """Return the defaults' mean accuracy on the original experiment's split."""
    rows = f"set == 'digits-notebook' and library == 'ours' and method == 'defaults' and p == {p}"
    return mean("sparsity_accuracy", rows, "score")


def ahead(group, peer, p):
    """Return the mean difference to torch over a group of sets, and its half width."""
    csv = "sparsity_accuracy"
    sets = report.groups(table(csv))[group]
    by_set = [
        report.difference(scores(csv), name, p, peer) for name in sets
    ]
    values = pd.concat(by_set, axis=1).dropna().mean(axis=1)
    source = f"{csv}.csv: defaults less {peer}, p = {p}, {group}"
    return [
        Value(source, values.mean()),
        Value(source, half_width(values)),
    ]


def letter(recipe, p):
    """Return what a cut costs on letter with 100 hidden units."""
    lost = report.loss_of_score(scores(LARGE), "letter", p, recipe)
    return Value(f"{LARGE}.csv: {recipe}, p = {p}", lost.mean())


def costs(change, p=None):
    """Return how much lower the score is with a change, on average over the sets: at p, or at all.

    Its half width is the second Value.
    """
    values = -pruning.differences(table("pruning_choices"))[change]
    values = values.groupby("set").mean() if p is None else values[p]
    source = f"pruning_choices.csv: {change}, p = {p or 'all'}"
    return [
        Value(source, values.mean()),
        Value(source, half_width(values)),
    ]


def step(network, p):
    """Return a pruned network's time of a step, as a fraction of a dense one's."""
    return ratio(f"sksgdprune, pruned {p}", "sksgdprune", network)


def row(title, sets, group, peer):
    """Return a row of the table of differences to torch."""
    text = f"| {title} | {sets} |" + " {} ± {} |" * len(CUT)
    return Claim(
        text, [value for p in CUT for value in ahead(group, peer, p)]
    )


GROUPS = {
    "digits, original and stratified splits": "digits",
    "breast_cancer, wine, letter, pendigits": "classification, all but digits",
    "diabetes, friedman1 (R²)": "regression (R²)",
}
PEERS = {
    "validation": report.TORCH_BEST,
    "test rows": report.TORCH_HINDSIGHT,
}
ONE_CUT = 'schedule="one_shot"'
BY_MAGNITUDE = 'method="magnitude"'
BY_NOISE = 'method="noise"'
NO_PENALTY = "Geometric(penalty=1)"

CLAIMS = {
    "docs/pruning.md": [
        Claim("takes {} of the dense time", [step(SMALL, 0.9)]),
        Claim("90 % pruned, and {} at 98 %; of", [step(SMALL, 0.98)]),
        Claim(
            "large one (784-300-100-10) {} and {} (",
            [step(WIDE, 0.9), step(WIDE, 0.98)],
        ),
        Claim(
            "costs {} of accuracy or R² at 90 %", costs(ONE_CUT, 0.9)[:1]
        ),
        Claim("and {} at 98 %, on average", costs(ONE_CUT, 0.98)[:1]),
        Claim("Magnitude costs {} at 90 %", costs(BY_MAGNITUDE, 0.9)[:1]),
        Claim("and {} at 95 %; `noise`", costs(BY_MAGNITUDE, 0.95)[:1]),
        Claim(
            "needs no data, costs {} at 95 %", costs(BY_NOISE, 0.95)[:1]
        ),
        Claim("the score is {} ± {} lower", costs(NO_PENALTY)),
        Claim("and {} lower at 98 %", costs(NO_PENALTY, 0.98)[:1]),
        Claim(
            "| accuracy |" + " {} |" * 5,
            [digits(p) for p in (0, 0.8, 0.9, 0.95, 0.98)],
        ),
        *(
            row(title, sets, group, peer)
            for title, peer in PEERS.items()
            for sets, group in GROUPS.items()
        ),
        Claim(
            "loses {} at 80 % and {} at 90 %; torch's",
            [letter(report.DEFAULTS.name, p) for p in (0.8, 0.9)],
        ),
        Claim(
            "validation loses {} and {}.",
            [letter(report.TORCH_BEST, p) for p in (0.8, 0.9)],
        ),
    ],
}
