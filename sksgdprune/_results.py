"""From a sweep's cells to `cv_results_`, and which of its rows is chosen."""

import numpy as np
from scipy.stats import rankdata


def _rank(means):
    """Return ranks from 1, best first; failed ones last."""
    worst = np.nextafter(np.nanmin(means, initial=np.inf), -np.inf)
    return rankdata(-np.nan_to_num(means, nan=worst), method="min").astype(np.int32)


def tabulate(p, cells, error_score, with_train_score):
    """Return cv_results_ from a (n_p, n_cells) table of Cell."""
    results = {"p": p}

    def add(name, values, *, splits, rank=False):
        if splits:
            results.update({f"split{k}_{name}": column for k, column in enumerate(values.T)})
        results[f"mean_{name}"] = values.mean(axis=1)
        results[f"std_{name}"] = values.std(axis=1)
        if rank:
            results[f"rank_{name}"] = _rank(results[f"mean_{name}"])

    def table(get):
        return np.array([[get(cell) for cell in row] for row in cells], dtype=float)

    results["sparsity"] = table(lambda cell: cell.sparsity).mean(axis=1)
    metrics = next(cell.test for row in cells for cell in row if not cell.error)
    for metric in metrics:
        ending = "score" if len(metrics) == 1 and metric == "score" else metric
        test = table(lambda cell, m=metric: cell.test.get(m, error_score))
        add(f"test_{ending}", test, splits=True, rank=True)
        if with_train_score:
            train = table(lambda cell, m=metric: cell.train.get(m, error_score))
            add(f"train_{ending}", train, splits=True)
    add("fit_time", table(lambda cell: cell.fit_time), splits=False)
    add("score_time", table(lambda cell: cell.score_time), splits=False)
    return results


def _best(results):
    return int(np.argmin(results["rank_test_score"]))


def _one_standard_error(results):
    """Return the index of the largest p within one standard error of the best mean score."""
    n_cells = sum(k.startswith("split") and k.endswith("_test_score") for k in results)
    best = _best(results)
    margin = results["std_test_score"][best] / np.sqrt(n_cells)
    good = results["mean_test_score"] >= results["mean_test_score"][best] - margin
    return int(np.flatnonzero(good)[-1]) if good.any() else best


REFITS = {"best": _best, "one_se": _one_standard_error}
