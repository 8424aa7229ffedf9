"""Figures on pages that are no measurements: defaults, versions, sizes of examples.

{page: [texts that hold them]}
"""

NOT_MEASURED = {
    "README.md": [
        "Python ≥ 3.11",
        "Prune 90 % of its weights",
    ],
    "docs/index.md": [
        "Python ≥ 3.11",
    "docs/benchmarks.md": [
        "95 % of the weights of a digits network are pruned.",
        "At 90 % the difference",
        "Untuned 90 % intervals",
        "`sksgdprune`, 90 % pruned",
        "`sksgdprune`, 98 % pruned",
        "The larger network, 95 % pruned and sparsified, predicts 4,096 rows",
        "be within 0.01 of a dense network's accuracy?",
    ],
    "docs/faq.md": [
        "tables of 150 to 20,000 rows",
        "ends at 64,000 steps",
        "at most 0.01 below",
        "a zero of 8 bytes",
    ],
    "docs/gradient_boosting.md": [
        "150 to 20,000 rows",
        "a paired 95 % interval",
    ],
    "docs/guide.md": ["Python ≥ 3.11"],
    "docs/imbalanced.md": [
        "207 of 6,000 rows are positive",
        'always says "negative" is right on 97 % of the rows',
        "a miss costs 20 times as much",
        "at most 0.05 below",
    "docs/pruning.md": [
        "loses at most 0.01 of the score",
        "A network with 5 % of its weights",
        "leaves 60 % pruned",
        "over all rows (10,000 at most)",
        "32 hidden units, 3,200 steps for all",
        "| pruned | 0 % | 80 % | 90 % | 95 % | 98 % |",
        "half a 95 % interval",
        "| sets | 90 % pruned | 95 % | 98 % |",
    ],
}
