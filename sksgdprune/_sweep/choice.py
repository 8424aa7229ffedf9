"""The choice of a row of `cv_results_`: what `refit` means."""

from numbers import Integral

import numpy as np

from sksgdprune._sweep.results import best_mean, mean_and_std, metrics_of, scores_of


class NearBest:
    """A rule that takes the largest p of which no metric is further below its best than a margin.

    Where there is none, the p whose worst shortfall, in margins, is least. A metric that failed at
    every p, or is -inf there, is left out.
    """

    def _metrics(self, names):
        """Return the names of the metrics that count, of all there are."""
        return names

    def _margin(self, metric, best, error):
        """Return the margin below a metric's best mean, which has a standard error."""
        raise NotImplementedError

    def _row(self, results):
        """Return the index of the row that the rule takes."""
        tables = {m: scores_of(results, m) for m in self._metrics(metrics_of(results))}
        worst = [
            self._shortfalls(metric, scores)
            for metric, scores in tables.items()
            if (mean_and_std(scores)[0] > -np.inf).any()
        ]
        if not worst:
            return 0  # as in GridSearchCV
        worst = np.max(worst, axis=0)
        good = np.flatnonzero(worst <= 1)
        # nan, a failure, comes last
        return int(good[-1] if good.size else np.argsort(worst, kind="stable")[0])

    def _shortfalls(self, metric, scores):
        """Return by how many margins each mean is below the best; nan where it failed.

        Where there is no margin, as below an infinite mean, all that is less is infinitely far.
        """
        means, (best, error) = mean_and_std(scores)[0], best_mean(scores)
        margin = 0.0 if np.isinf(best) else self._margin(metric, best, error)
        with np.errstate(divide="ignore", invalid="ignore"):
            below = np.where(means == best, 0, best - means)
            return np.where(below > 0, below / margin, below)


class _OneStandardError(NearBest):
    def _margin(self, metric, best, error):
        return error


def check_refit(refit, metrics):
    """Refuse a `refit` that cannot choose a row by metrics of these names."""
    if isinstance(refit, NearBest):
        _check_names(refit, metrics)
        return
    words = ["best", "one_se"] if len(metrics) == 1 else ["one_se"]
    is_function = callable(refit) and not isinstance(refit, type)
    if is_function or refit in [*words, *metrics]:
        return
    raise ValueError(
        f"Got refit={refit!r} with {'one metric' if len(metrics) == 1 else 'several metrics'}; "
        f"expected {_listed([*words, *metrics])}, within(tolerance), a callable that returns an "
        "index of cv_results_, or False."
    )


def _check_names(refit, metrics):
    unknown = [name for name in refit._metrics(metrics) if name not in metrics]
    if unknown:
        raise ValueError(
            f"Got refit={refit!r}, but {_listed(unknown)} is no metric of this sweep; give "
            f"tolerances by the names {_listed(metrics)}, or one number for all."
        )


def _listed(words):
    return ", ".join(repr(word) for word in dict.fromkeys(words))


def choose(refit, results):
    """Return the index of the row that `refit` chooses.

    `refit` is a metric's name, which comes before this package's own words, "best", "one_se", a
    rule, or a callable that takes cv_results_.
    """
    metrics = metrics_of(results)
    check_refit(refit, metrics)
    if callable(refit):
        return _checked(refit(results), len(results["p"]))
    if refit == "best" or refit in metrics:
        (metric,) = chosen_by(refit, results)
        return int(np.argmin(results[f"rank_test_{metric}"]))
    rule = _OneStandardError() if refit == "one_se" else refit
    return rule._row(results)


def chosen_by(refit, results):
    """Return the names of the metrics by which `refit` chooses; of a callable that may be any."""
    metrics = metrics_of(results)
    if isinstance(refit, NearBest):
        return list(refit._metrics(metrics))
    return [refit] if refit in metrics else metrics


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
    p = results["p"]
    if callable(refit) or p[0] == p[-1]:
        return None
    means = [results[f"mean_test_{metric}"] for metric in chosen_by(refit, results)]
    if not np.isfinite([mean[index] for mean in means]).all():
        return None
    if p[index] == p[-1] < 1:
        return _EDGE.format(p[index], "largest", "larger")
    is_best = all(not (mean[p > p[index]] >= mean[index]).any() for mean in means)
    if p[index] == p[0] > 0 and is_best:
        return _EDGE.format(p[index], "smallest", "smaller")
    return None


_EDGE = "The best p, {:g}, is the {} of those compared; a {} one may be better: add some to p."
