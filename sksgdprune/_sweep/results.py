"""Results of a sweep: the table `cv_results_` made of its cells, and what is read from it."""

import re

import numpy as np
from scipy.stats import rankdata, t


def mean_and_std(scores):
    """Return both over the cells of (n_p, n_cells) scores; nan where infinite ones leave none."""
    with np.errstate(invalid="ignore"):
        return scores.mean(axis=1), scores.std(axis=1)


def half_width(scores, spread, n_splits):
    """Return what lies to either side of the means of (n_p, n_cells) scores.

    Standard errors and intervals are of the means of the splits: repeats on the same rows are not
    independent of each other. Where there is one split, its repeats are what varies.

    Parameters
    ----------
    scores : ndarray of shape (n_p, n_cells)
        The column of repeat r and split s is r · n_splits + s.
    spread : {"std", "se", "ci"}
        The standard deviation of the cells, or of the means a standard error or Student's t times
        it, for 95 %.
    n_splits : int
        Number of splits.
    """
    if spread == "std":
        return mean_and_std(scores)[1]
    n_p, n_cells = scores.shape
    by_split = scores.reshape(n_p, n_cells // n_splits, n_splits)
    means = scores if n_splits == 1 else by_split.mean(axis=1)
    n = means.shape[1]
    if n < 2:
        raise ValueError(
            f"Got spread={spread!r} for a single score at each p; it takes two splits or repeats."
        )
    with np.errstate(invalid="ignore"):
        error = means.std(axis=1, ddof=1) / np.sqrt(n)
    return error * (t.ppf(0.975, n - 1) if spread == "ci" else 1)


def long_table(results, n_splits):
    """Return cv_results_ as columns with a row for each p, repeat, split, metric and part."""
    of_p = [name for name in ("p", "sparsity", "n_parameters", "n_bytes") if name in results]
    parts = [
        _part_of_table(results, of_p, n_splits, metric, part)
        for metric in metrics_of(results)
        for part in ("test", "train")
        if scores_of(results, metric, part) is not None
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _part_of_table(results, of_p, n_splits, metric, part):
    """Return the rows of one metric's test or train scores."""
    scores = scores_of(results, metric, part)
    cells = np.tile(np.arange(scores.shape[1]), len(scores))
    columns = {name: np.repeat(results[name], scores.shape[1]) for name in of_p}
    return {
        "p": columns.pop("p"),
        "repeat": cells // n_splits,
        "split": cells % n_splits,
        "metric": np.full(scores.size, metric, dtype=object),
        "score_type": np.full(scores.size, part, dtype=object),
        "score": scores.ravel(),
        **columns,
    }


def _rank(means):
    """Return ranks from 1, best first; failed ones last."""
    worst = np.nextafter(np.nanmin(means, initial=np.inf), -np.inf)
    return rankdata(-np.nan_to_num(means, nan=worst), method="min").astype(np.int32)


def _metrics(cells):
    """Return the names of the metrics that some cell has, or has failed to have."""
    named = ((*cell.test, *(cell.failed or ())) for row in cells for cell in row)
    return list(dict.fromkeys(name for names in named for name in names))


def tabulate(p, cells, error_score, with_train_score):
    """Return cv_results_ from a (n_p, n_cells) table of Cell."""
    results = {"p": p}

    def add(name, values, *, splits, rank=False):
        if splits:
            results.update({f"split{k}_{name}": column for k, column in enumerate(values.T)})
        results[f"mean_{name}"], results[f"std_{name}"] = mean_and_std(values)
        if rank:
            results[f"rank_{name}"] = _rank(results[f"mean_{name}"])

    def table(get):
        return np.array([[get(cell) for cell in row] for row in cells], dtype=float)

    results["sparsity"] = table(lambda cell: cell.sparsity).mean(axis=1)
    results["n_parameters"] = table(lambda cell: cell.n_parameters).mean(axis=1)
    results["n_bytes"] = table(lambda cell: cell.n_bytes).mean(axis=1)
    for metric in _metrics(cells):
        test = table(lambda cell, m=metric: cell.test.get(m, error_score))
        add(f"test_{metric}", test, splits=True, rank=True)
        if with_train_score:
            train = table(lambda cell, m=metric: cell.train.get(m, error_score))
            add(f"train_{metric}", train, splits=True)
    add("fit_time", table(lambda cell: cell.fit_time), splits=False)
    add("score_time", table(lambda cell: cell.score_time), splits=False)
    add("predict_time", table(lambda cell: cell.predict_time), splits=False)
    return results


def metrics_of(results):
    """Return the names of the metrics in cv_results_; a single one's may be "score"."""
    return [key.removeprefix("mean_test_") for key in results if key.startswith("mean_test_")]


def scores_of(results, metric, part="test"):
    """Return one metric's scores of shape (n_p, n_cells), or None where there are none."""
    wanted = re.compile(rf"split\d+_{part}_{re.escape(metric)}")
    columns = [results[key] for key in results if wanted.fullmatch(key)]
    return np.column_stack(columns) if columns else None


def best_mean(scores):
    """Return the best mean of (n_p, n_cells) scores, and its standard error.

    An infinite mean has no standard error.
    """
    means, stds = mean_and_std(scores)
    best = np.argmin(_rank(means))
    error = stds[best] / np.sqrt(scores.shape[1])
    return means[best], (0.0 if np.isinf(means[best]) else error)


def one_standard_error(scores):
    """Return the best mean of (n_p, n_cells) scores less its standard error, and that mean."""
    best, error = best_mean(scores)
    return best - error, best
