"""Boosted trees as C: nodes in tables, and a loop, which is smaller than if and else."""

from string import Template

import numpy as np

LEAF = 128  # a child of this number or above is a leaf
CODE = Template("""\
#include <math.h>
#include <stddef.h>
#include <stdint.h>

$tables
void network_predict(const float *x, float *y)
{
    const uint8_t *feature = features, *left = lefts, *right = rights;
    const float *threshold = thresholds, *value = values;
    float sum = 0;
    for (size_t k = 0; k < $n_outputs; k++)
        y[k] = baseline[k];
    for (size_t tree = 0; tree < $n_trees; tree++) {
        size_t n = counts[tree], at = n ? 0 : $leaf;
        while (at < $leaf)
            at = x[feature[at]] <= threshold[at] ? left[at] : right[at];
        y[tree % $n_outputs] += value[at - $leaf];
        feature += n;
        threshold += n;
        left += n;
        right += n;
        value += n + 1;
    }
$end}
""")
SOFTMAX = """\
    for (size_t k = 0; k < $n; k++)
        sum += y[k] = expf(y[k]);
    for (size_t k = 0; k < $n; k++)
        y[k] /= sum;
""".replace("$n", "$n_outputs")
LOGISTIC = """\
    sum = 1 + expf(y[0]);
    y[0] = 1 / sum;
    y[1] = 1 - y[0];
"""


def boosted_trees_to_c(model, n_iterations):
    """Return the C of the first iterations of a HistGradientBoostingClassifier.

    Its features, at most 256, are numbers; a tree has at most 128 leaves.
    """
    trees = [tree.nodes for group in model._predictors[:n_iterations] for tree in group]
    n_outputs = model._baseline_prediction.size
    found = [_tables(nodes) for nodes in trees]
    tables = {name: np.concatenate([tree[name] for tree in found]) for name in found[0]}
    tables["baseline"] = model._baseline_prediction.ravel().astype(np.float32)
    fields = {"n_outputs": n_outputs, "n_trees": len(trees), "leaf": LEAF}
    end = Template(SOFTMAX if n_outputs > 1 else LOGISTIC).substitute(fields)
    text = "".join(_table(name, values) for name, values in tables.items())
    return CODE.substitute(fields, tables=text, end=end)


def _tables(nodes):
    """Return the tables of a tree: of its nodes, then of its leaves."""
    is_leaf = nodes["is_leaf"].astype(bool)
    number = np.where(is_leaf, LEAF + np.cumsum(is_leaf) - 1, np.cumsum(~is_leaf) - 1)
    inner = nodes[~is_leaf]
    return {
        "counts": np.array([len(inner)], np.uint8),
        "features": inner["feature_idx"].astype(np.uint8),
        "thresholds": _rounded_down(inner["num_threshold"]),
        "lefts": number[inner["left"]].astype(np.uint8),
        "rights": number[inner["right"]].astype(np.uint8),
        "values": nodes["value"][is_leaf].astype(np.float32),
    }


def _rounded_down(thresholds):
    """Return the largest float32 up to each: the same numbers of float32 are up to both."""
    found = thresholds.astype(np.float32)
    return np.where(found > thresholds, np.nextafter(found, np.float32(-np.inf)), found)


def _table(name, values):
    kind = "float" if values.dtype == np.float32 else "uint8_t"
    texts = ", ".join(f"{value!s}f" if kind == "float" else f"{value!s}" for value in values)
    return f"static const {kind} {name}[] = {{{texts or 0}}};\n"
