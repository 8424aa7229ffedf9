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
    "docs/gradient_boosting.md": [
        "150 to 20,000 rows",
        "a paired 95 % interval",
    ],
}
