"""Claims of README and the first page, drawn by benchmarks/headlines.py."""

from benchmarks import headlines
from benchmarks.deployment import size_at_accuracy_report as sizes
from benchmarks.sparsity import report as sparsity
from claims import Claim, Value, table
from claims.tables import means


def pruned_accuracies(p):
    """Return the mean accuracies of ours and of torch's best over the figure's sets."""
    scores = headlines.pruned_scores(table("sparsity_accuracy"))
    source = "sparsity_accuracy.csv: mean score of"
    return [
        Value(
            f"{source} {recipe} at p = {p}", scores[recipe].loc[p].mean()
        )
        for recipe in (sparsity.DEFAULTS.name, sparsity.TORCH_BEST)
    ]


def n_recipes():
    """Return how many settings of torch were tried for a set and p."""
    grid = table("sparsity_torch_grid").query("p > 0")
    columns = ["optimiser", "schedule", "setting"]
    source = f"sparsity_torch_grid.csv: {', '.join(columns)}"
    return Value(source, len(grid[columns].drop_duplicates()))


def bytes_of_c(name):
    """Return the bytes of the smallest C that is near enough: ours, MLPClassifier's, trees'."""
    rows = table("size_at_accuracy").query("set == @name")
    chosen = sizes.chosen(sizes.means(rows))
    source = f"size_at_accuracy.csv: text + constants, {name}, of"
    return [
        Value(
            f"{source} {contender}", chosen[contender, "float32"]["bytes"]
        )
        for contender in headlines.MODELS
    ]


ACCURATE = pruned_accuracies(0.95)
ours, mlp, trees, lightgbm = means("classification", "log_loss")
CLAIMS = {
    "README.md": [
        Claim(
            "the mean log-loss is {}. scikit-learn's MLP has {}, its boosted "
            "trees {}, LightGBM {}",
            [ours, mlp, trees, lightgbm],
        ),
        Claim(
            "Mean accuracy is {} ({}, {}, {})",
            means("classification", "score"),
        ),
        Claim(
            "Pruned** to 5 % of the weights, the mean accuracy on five sets is {}. "
            "The best of {} recipes of torch, chosen by validation for each set "
            "and sparsity, has {}",
            [ACCURATE[0], n_recipes(), ACCURATE[1]],
        ),
        Claim(
            "takes {} bytes (float32). Within 0.01 of a dense network on validation "
            "rows, as it is, scikit-learn's MLP takes {}, boosted trees {}",
            bytes_of_c("magic"),
        ),
    ],
    "docs/index.md": [
        Claim(
            "the mean log-loss is {}. `MLPClassifier` has {}, "
            "`HistGradientBoosting` {}, LightGBM {}.",
            [ours, mlp, trees, lightgbm],
        ),
        Claim(
            "With 5 % of the weights left, untuned, the mean accuracy on five sets is {}. "
            "The best of {} recipes of torch, chosen by validation for each set "
            "and sparsity, has {}.",
            [ACCURATE[0], n_recipes(), ACCURATE[1]],
        ),
        Claim(
            "takes {} bytes of compiled C (float32). Within 0.01 of a dense network on "
            "validation rows, as it is, scikit-learn's MLP takes {}, boosted trees {}",
            bytes_of_c("magic"),
        ),
    ],
}
