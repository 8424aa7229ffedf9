"""Results of a sweep: the table `cv_results_` made of its cells, and the choice of a row."""

import re
from numbers import Integral

import numpy as np
from scipy.stats import rankdata


def mean_and_std(scores):
    """Return both over the cells of (n_p, n_cells) scores; nan where infinite ones leave none."""
    with np.errstate(invalid="ignore"):
        return scores.mean(axis=1), scores.std(axis=1)


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


def one_standard_error(scores):
    """Return the best mean of (n_p, n_cells) scores less its standard error, and that mean.

    An infinite mean has no standard error.
    """
    means, stds = mean_and_std(scores)
    best = np.argmin(_rank(means))
    error = stds[best] / np.sqrt(scores.shape[1])
    return means[best] - (0 if np.isinf(means[best]) else error), means[best]


def _best_by(metric, results):
    return int(np.argmin(results[f"rank_test_{metric}"]))


def _best(results):
    (metric,) = metrics_of(results)
    return _best_by(metric, results)


def _shortfalls(scores):
    """Return by how many standard errors each mean is below the best; nan where it failed."""
    floor, best = one_standard_error(scores)
    means, _ = mean_and_std(scores)
    with np.errstate(divide="ignore", invalid="ignore"):  # without spread all less is infinite
        below = np.where(means == best, 0, best - means)
        return np.where(below > 0, below / (best - floor), below)


def _one_standard_error(results):
    """Return the index of the largest p within one standard error of the best in every metric.

    Where there is none, of the p whose worst shortfall, in standard errors, is least. A metric
    that failed at every p, or is -inf there, is left out.
    """
    tables = [scores_of(results, metric) for metric in metrics_of(results)]
    tables = [scores for scores in tables if (mean_and_std(scores)[0] > -np.inf).any()]
    if not tables:
        return 0  # as in GridSearchCV
    good = np.all([mean_and_std(t)[0] >= one_standard_error(t)[0] for t in tables], axis=0)
    if good.any():
        return int(np.flatnonzero(good)[-1])
    worst = np.max([_shortfalls(scores) for scores in tables], axis=0)
    return int(np.argsort(worst, kind="stable")[0])  # nan, a failure, comes last


REFITS = {"best": _best, "one_se": _one_standard_error}


def check_refit(refit, metrics):
    """Refuse a `refit` that cannot choose a row by metrics of these names."""
    words = ["best", "one_se"] if len(metrics) == 1 else ["one_se"]
    if callable(refit) or refit in [*words, *metrics]:
        return
    expected = ", ".join(repr(word) for word in dict.fromkeys([*words, *metrics]))
    raise ValueError(
        f"Got refit={refit!r} with {'one metric' if len(metrics) == 1 else 'several metrics'}; "
        f"expected {expected}, a callable that returns an index of cv_results_, or False."
    )


def choose(refit, results):
    """Return the index of the row that `refit` chooses.

    `refit` is a metric's name, which comes before this package's own words, "best", "one_se", or a
    callable that takes cv_results_.
    """
    metrics = metrics_of(results)
    check_refit(refit, metrics)
    if callable(refit):
        return _checked(refit(results), len(results["p"]))
    return _best_by(refit, results) if refit in metrics else REFITS[refit](results)


def _checked(index, n_rows):
    if not isinstance(index, Integral) or not 0 <= index < n_rows:
        raise ValueError(
            f"refit returned {index!r}; it must return an index from 0 to {n_rows - 1}."
        )
    return int(index)


def edge_warning(refit, results, index):
    """Return what to warn of where the best p is the first or last of several, or None.

    A callable is not judged: it may choose by anything.
    """
    p, metrics = results["p"], metrics_of(results)
    if callable(refit) or p[0] == p[-1]:
        return None
    means = [results[f"mean_test_{m}"] for m in ([refit] if refit in metrics else metrics)]
    if not np.isfinite([mean[index] for mean in means]).all():
        return None
    if p[index] == p[-1] < 1:
        return _EDGE.format(p[index], "largest", "larger")
    is_best = all(not (mean[p > p[index]] >= mean[index]).any() for mean in means)
    if p[index] == p[0] > 0 and is_best:
        return _EDGE.format(p[index], "smallest", "smaller")
    return None


_EDGE = "The best p, {:g}, is the {} of those compared; a {} one may be better: add some to p."
