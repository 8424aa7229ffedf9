"""Tables and verdicts of `tables.py`."""

import numpy as np
import pandas as pd

from benchmarks._common.reports import (
    Verdict,
    half_width,
    markdown_table,
    paragraphs,
    verdict_rows,
)

OURS, MLP = "ours", "MLP"
TASKS = {"classification": "accuracy", "regression": "R²"}
TIME_SHARE = 0.7  # of MLP's fit seconds, in sum


def contenders(table):
    """Return the names of those measured, ours first, then MLP."""
    names = table["contender"].unique()
    return sorted(names, key=lambda name: (name != OURS, name != MLP, name.lower()))


def means(table, column):
    """Return a frame of mean values: a row per set that all contenders have, a column for each."""
    values = table.pivot_table(index=["set", "split"], columns="contender", values=column)
    found = values.dropna().groupby("set").mean()
    return found.reindex(columns=[name for name in contenders(table) if name in found])


def against(values, name, peer):
    """Return the mean difference of two contenders over the sets, and its 95 % half width."""
    apart = values[name] - values[peer]
    return apart.mean(), half_width(apart)


def columns_of(table):
    """Return {column: (its name, whether more is better)} of what a task is judged by."""
    task = table["task"].iloc[0]
    score = {"score": (TASKS[task], True)}
    return score if task == "regression" else {"log_loss": ("log-loss", False)} | score


def verdicts(table):
    """Return the parts of the acceptance rule that the rows allow to judge."""
    found, seconds = [], []
    for _, rows in table.groupby("task"):
        names = contenders(rows)
        if OURS not in names or len(names) < 2:
            continue
        for column, (label, more) in columns_of(rows).items():
            values = means(rows, column)
            if column == "log_loss":
                found += [_is_below(values, peer) for peer in values.columns[1:]]
                continue
            averages = values.mean()
            best = averages.idxmax() if more else averages.idxmin()
            text = f"{averages[OURS]:.4f}; best {best} {averages[best]:.4f}"
            found.append(Verdict(f"no peer's mean {label} above", text, best == OURS))
        if MLP in names:
            seconds.append(means(rows, "seconds")[[OURS, MLP]].sum())
    if seconds:
        own, peer = sum(seconds)
        rule = f"fit seconds / MLP's, in sum: at most {TIME_SHARE}"
        found.append(Verdict(rule, f"{own / peer:.2f}", bool(own <= TIME_SHARE * peer)))
    return found


def _is_below(values, peer):
    mean, half = against(values, OURS, peer)
    rule = f"log-loss less that of {peer}: 95 % interval below 0"
    return Verdict(rule, f"{mean:+.4f} ± {half:.4f}", bool(mean + half < 0))


# The tables: header and cells.


def summary_rows(rows):
    """Return a line per contender: means, ranks and differences to ours over the same sets."""
    seconds = means(rows, "seconds")
    header, lines = ["contender", "sets"], {name: [name, str(len(seconds))] for name in seconds}
    for column, (label, more) in columns_of(rows).items():
        values = means(rows, column)
        ranks = values.rank(axis=1, ascending=not more).mean()
        header += [f"mean {label}", "mean rank", "less ours (95 %)"]
        for name, line in lines.items():
            mean, half = against(values, name, OURS) if OURS in values else (np.nan, np.nan)
            apart = "" if name == OURS else f"{mean:+.4f} ± {half:.4f}"
            line += [f"{values[name].mean():.4f}", f"{ranks[name]:.2f}", apart]
    header += ["fit seconds in sum", "geometric mean of time / ours"]
    for name, line in lines.items():
        ratio = np.exp(np.log(seconds[name] / seconds[OURS]).mean()) if OURS in seconds else np.nan
        line += [f"{seconds[name].sum():.1f}", f"{ratio:.2f}"]
    return header, list(lines.values())


def set_rows(rows, column, digits):
    """Return the table of a column's means by set, and who has the best."""
    about = rows.groupby("set")[["n_train", "n_test", "n_features"]].first()
    values = means(rows, column)
    values = values.loc[about.loc[values.index].sum(axis=1).sort_values(kind="stable").index]
    cells = []
    for name, line in values.iterrows():
        n_train, n_test, n_features = about.loc[name]
        size = f"{n_train + n_test:,} × {n_features}"
        cells.append([str(name), size, *(f"{value:.{digits}g}" for value in line)])
    return ["set", "n × d", *values.columns], cells


def rmse_rows(rows):
    """Return the table of RMSE on the sets' own splits."""
    rows = rows[rows["given"].astype(bool)]
    texts = rows.groupby(["set", "contender"])["rmse"].agg(
        lambda group: f"{group.mean():.4g} ± {group.sem():.2g} ({group.size})"
    )
    table = texts.unstack("contender", fill_value="") if len(texts) else pd.DataFrame()
    names = [name for name in contenders(rows) if name in table] if len(texts) else []
    return ["set", *names], [[name, *line[names]] for name, line in table.iterrows()]


def summary(table):
    """Return the verdicts and the means in Markdown."""
    parts = [markdown_table(*verdict_rows(verdicts(table)))]
    parts += [markdown_table(*summary_rows(rows)) for _, rows in table.groupby("task")]
    return "\n\n".join(parts)


def task_parts(rows):
    """Return the parts of the report on classification or on regression."""
    task = rows["task"].iloc[0]
    parts = [f"## {task.capitalize()}", markdown_table(*summary_rows(rows))]
    for column, (label, _) in columns_of(rows).items():
        parts += [f"Mean test {label}:", markdown_table(*set_rows(rows, column, 3))]
    return [*parts, "Mean fit seconds:", markdown_table(*set_rows(rows, "seconds", 2))]


def markdown(table, about, figure):
    """Return the report."""
    rmse = rmse_rows(table[table["task"] == "regression"])
    return paragraphs(
        "# Untuned fits of tables",
        f"Made by `python -m benchmarks.accuracy.tables`, which says how, on {table.set.nunique()} "
        "data sets. Means are over the sets that all contenders were measured on, each with equal "
        "weight; intervals are paired, over the sets.",
        about,
        f"![Differences to ours by set, and fit times]({figure})",
        markdown_table(*verdict_rows(verdicts(table))),
        *(part for _, rows in table.groupby("task") for part in task_parts(rows)),
        "RMSE on the sets' own splits, mean ± standard error (splits):" if rmse[1] else "",
        markdown_table(*rmse) if rmse[1] else "",
    )
