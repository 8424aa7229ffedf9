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
}
