"""Figures on pages that are no measurements: defaults, versions, sizes of examples.

{page: [texts that hold them]}
"""

NOT_MEASURED = {
    "docs/deployment.md": [
        "score is within 0.01 of the best",
        "smallest network within 1 %",
        "less than 1e-5 in our tests",
        "less than 1e-12,",
        "skl2onnx 1.20 converts",
        ") 0.23 writes classifiers",
        "m2cgen 0.10 supports",
        "scikit-learn 1.9.",
        "with 95 % of the weights pruned",
        "C within 0.01 of a dense",
        "lose more than 0.01 on",
        "95 % of the weights pruned | 80 % of the units pruned",
    ],
    "docs/comparison.md": ["scikit-learn 1.9", "default 1e-4"],
    "docs/faq.md": [
        "tables of 150 to 20,000 rows",
        "ends at 64,000 steps",
        "at most 0.01 below",
        "smallest network within 1 %",
        "a zero of 8 bytes",
    ],
    "docs/first_fit.md": [
        "less than 22 % of the connections",
    ],
    "docs/first_fit.md": ["less than 22 % of the connections"],
    "docs/gradient_boosting.md": [
        "150 to 20,000 rows",
        "a paired 95 % interval",
    ],
    "docs/guide.md": [
        "Python ≥ 3.11",
    ],
    "docs/imbalanced.md": [
        "207 of 6,000 rows are positive",
        'always says "negative" is right on 97 % of the rows',
        "a miss costs 20 times as much",
        "at most 0.05 below",
    ],
    "docs/index.md": [
        "Python ≥ 3.11",
    ],
    "docs/large_data.md": [
        "A cell of 100,000 rows",
        "by the first 1,000 rows or more",
        "that of the first 1,000 rows in",
    ],
    "docs/mixed_tables.md": [
        "up to 16,777,216.",
        "to 128 seconds.",
        "less than 1e-6.",
        "ONNX Runtime 1.21 or later",
        "skl2onnx 1.20 and ONNX Runtime 1.32:",
    ],
    "docs/service.md": [
        "95 % of the weights pruned | 80 % of the units pruned",
    ],
    "docs/sweeps.md": [
        "at most 0.03 below the best",
        "a position of 4 bytes",
        "at most 0.01 below the best",
    ],
    "docs/training.md": [
        "a precision of 128, 32, 8, 2 or 0.5, of which",
        "for 600 steps above 2,000 rows",
        "though at least 12,800 steps and at most 64,000.",
        "After 800 steps, 1,600, 3,200 and so",
        "no more than 2 % (of it",
        "after 12,800 steps, 25,600 and so",
        '"auto" is 0.3, of a regressor 0.035;',
        "less above 12,800 steps",
        "| 1e-4, 10 |",
    ],
    "docs/uncertainty.md": [
        "mean, 50 % and 90 % intervals.",
        "over half of 12,800.",
        "less up to 4,000 rows",
        "at most 1,000)",
        "Untuned 90 % intervals cover",
    ],
    "docs/reproducibility.md": ["beyond 12,800 steps"],
}
