"""Figures on pages that are no measurements: defaults, versions, sizes of examples.

{page: [texts that hold them]}
"""

NOT_MEASURED = {
    "README.md": [
        "Python ≥ 3.11",
        "Prune 90 % of its weights",
    ],
    "docs/benchmarks.md": [
        "95 % of the weights of a digits network are pruned.",
        "At 90 % the difference",
        "Untuned 90 % intervals",
        "`sksgdprune`, 90 % pruned",
        "`sksgdprune`, 98 % pruned",
        "The larger network, 95 % pruned and sparsified, predicts 4,096 rows",
        "be within 0.01 of a dense network's accuracy?",
    ],
    "docs/coming_from_mlp.md": [
        "scikit-learn 1.9's",
        "0.001 would be far too small",
        "after 12,800, 25,600, … steps",
        "after 800, 1,600, …",
    ],
    "docs/coming_from_notebook.md": [
        "200 of 3,200 steps, by 1,265 training runs",
        "a network with 90 % of its parameters frozen",
        "200 steps, a cut, 3,000 more",
        "leaves 60 % pruned",
        "agreement of all parameters to 1e-9, and to 1e-6",
    ],
    "docs/coming_from_torch.md": [
        "twice 0.5 there is 0.75 here",
        "leaves 60 % pruned",
        "Below 22 % of remaining connections",
    ],
    "docs/comparison.md": [
        "scikit-learn 1.9",
        "default 1e-4",
    ],
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
    "docs/regularisation.md": [
        "At p = 0.95 the log-loss of ten",
        "95 % of the weights cost nothing",
        "with 150 to 1,473 rows",
        "with paired 95 % intervals",
        "among 0, 0.8 and 0.95",
        "*alpha = 1e-4* is the default",
        "At alpha = 1e-4 and p = 0.98",
        "At alpha = 1e-4 a fit",
        "It takes 0.95, the largest",
        "at any p up to 0.98",
        "At precision 2 and p = 0.95",
        "Tables of more than 1,500 rows",
        "with 95 % of the weights pruned",
    ],
    "docs/reproducibility.md": [
        "beyond 12,800 steps",
    ],
    "docs/research.md": [
        "95 % confidence interval",
        "200 of the 1,200 steps",
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
        "start with 0.3, 1 and 3",
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
}
