"""Tables and verdicts of `untuned.py`."""

import pandas as pd

from benchmarks._common.datasets import ACCURACY, R2
from benchmarks._common.reports import (
    Verdict,
    half_width,
    markdown_table,
    paragraphs,
    verdict_rows,
)

OURS, MLP = "ours", "MLP"
# The acceptance rule: how far below MLP's an interval may end, and the share of its fit time.
MARGINS = {ACCURACY: 0.003, R2: 0.01}
TIME_SHARE = 1 / 3
KINDS = {ACCURACY: "Classification", R2: "Regression"}


def of_metric(table, metric):
    """Return the rows of one metric, small sets first."""
    return table[table["metric"] == metric].sort_values(["n_train", "set", "split"])


def contenders(table):
    """Return the names of those measured, ours and MLP first."""
    names = table["contender"].unique()
    return sorted(names, key=lambda name: (name != OURS, name != MLP, name.lower()))


def against_mlp(table, contender):
    """Return a row per set, over the splits on which both were measured.

    These are the mean difference of scores, the half width of its 95 % t-interval (infinite for
    a single split), both median fit times in seconds and both losses: numbers of errors, with half
    a one more so that their ratio is finite, or means of RMSE.
    """
    table = table.assign(errors=((1 - table["score"]) * table["n_test"]).round())
    cells = table.set_index(["set", "split"])
    own, peer = (cells[cells["contender"] == name] for name in (contender, MLP))
    own = own.loc[own.index.isin(peer.index)]
    peer = peer.loc[own.index]

    def sets(column):
        return column.groupby(level="set", sort=False)

    def loss(rows):
        if (rows["metric"] == ACCURACY).all():
            return sets(rows["errors"]).sum() + 0.5
        return sets(rows["rmse"]).mean()

    score = sets(own["score"] - peer["score"])
    return pd.DataFrame(
        {
            "difference": score.mean(),
            "half": score.agg(half_width),
            "seconds": sets(own["seconds"]).median(),
            "peer_seconds": sets(peer["seconds"]).median(),
            "loss": loss(own),
            "peer_loss": loss(peer),
        }
    )


def verdicts(table):
    """Return the parts of the acceptance rule that the rows allow to judge."""
    found, times = [], []
    for metric, margin in MARGINS.items():
        sets = against_mlp(of_metric(table, metric), OURS)
        times.append(sets[["seconds", "peer_seconds"]].sum())
        if sets.empty:
            continue
        upper = sets["difference"] + sets["half"]
        low = upper[upper < -margin].sort_values()
        text = f"on {len(sets) - len(low)} of {len(sets)}"
        text += "".join(f"; {name} {end:+.4f}" for name, end in low.items())
        rule = f"{metric} less MLP's: 95 % interval reaches −{margin:g} on each set"
        mean = sets["difference"].mean()
        found += [
            Verdict(rule, text, low.empty),
            Verdict(f"{metric} less MLP's: above 0 on average", f"{mean:+.4f}", bool(mean > 0)),
        ]
    if found:
        own, peer = sum(times)
        rule = f"fit seconds / MLP's, in sum: at most {TIME_SHARE:.2f}"
        found.append(Verdict(rule, f"{own / peer:.3f}", bool(own <= TIME_SHARE * peer)))
    return found


# The tables: header and cells.


def summary_rows(table):
    """Return the table of means and sums over the sets, each beside MLP's on the same sets."""
    header = ["metric", "contender", "sets", "mean difference to MLP", "worst set"]
    header += ["fit seconds in sum", "/ MLP's", "fits that warned"]
    cells = []
    for metric in MARGINS:
        rows = of_metric(table, metric)
        for name in contenders(rows):
            sets = against_mlp(rows, name)
            if sets.empty:
                continue
            worst, total = sets["difference"].idxmin(), sets["seconds"].sum()
            warned = rows.loc[rows["contender"] == name, "warnings"] > 0
            others = name != MLP
            cells.append(
                [
                    metric,
                    name,
                    str(len(sets)),
                    f"{sets['difference'].mean():+.4f}" if others else "",
                    f"{worst} {sets['difference'][worst]:+.4f}" if others else "",
                    f"{total:.2f}",
                    f"{total / sets['peer_seconds'].sum():.3f}" if others else "",
                    f"{warned.sum()} of {warned.size}",
                ]
            )
    return header, cells


def by_set(rows, column, show):
    """Return {set: a cell per contender}: what `show` makes of its splits' values."""
    values = rows.groupby(["set", "contender"], sort=False)[column]
    texts = {key: show(group) for key, group in values}
    names = contenders(rows)
    return {s: [texts.get((s, name), "") for name in names] for s in rows["set"].unique()}


def score_rows(rows):
    """Return the table of mean scores and of ours less MLP's."""
    sets, margin = against_mlp(rows, OURS), MARGINS[rows["metric"].iloc[0]]
    about = rows.groupby("set").agg(
        {"n_train": "first", "n_test": "first", "n_features": "first", "split": "nunique"}
    )
    cells = []
    for name, scores in by_set(rows, "score", lambda group: f"{group.mean():.4f}").items():
        n_train, n_test, n_features, n_splits = about.loc[name]
        size = f"{n_train + n_test:,} × {n_features}"
        paired = ["", ""]
        if name in sets.index:
            mean, half = sets.loc[name, ["difference", "half"]]
            paired = [f"{mean:+.4f} ± {half:.4f}", "yes" if mean + half >= -margin else "NO"]
        cells.append([name, size, str(n_splits), *scores, *paired])
    paired = ["ours − MLP, 95 %", f"reaches −{margin:g}"]
    return ["set", "n × d", "splits", *contenders(rows), *paired], cells


def second_rows(rows):
    """Return the table of median fit seconds."""
    cells = by_set(rows, "seconds", lambda group: f"{group.median():.3g}")
    return ["set", *contenders(rows)], [[name, *texts] for name, texts in cells.items()]


def rmse_rows(rows):
    """Return the table of RMSE on the sets' own splits."""
    rows = rows[rows["given"].astype(bool)]
    cells = by_set(rows, "rmse", lambda g: f"{g.mean():.4g} ± {g.sem():.2g} ({g.size})")
    return ["set", *contenders(rows)], [[name, *texts] for name, texts in cells.items()]


def summary(table):
    """Return the verdicts and means in Markdown."""
    tables = verdict_rows(verdicts(table)), summary_rows(table)
    return "\n\n".join(markdown_table(*rows) for rows in tables)


def kind_parts(table, metric):
    """Return the parts of the report on classification or on regression."""
    rows = of_metric(table, metric)
    if rows.empty:
        return []
    return [
        f"## {KINDS[metric]}\n\nMean test {metric}:",
        markdown_table(*score_rows(rows)),
        "Median fit seconds:",
        markdown_table(*second_rows(rows)),
    ]


def markdown(table, about, figure):
    """Return the report."""
    rmse, hidden = rmse_rows(of_metric(table, R2)), ", ".join(table["hidden"].unique())
    return paragraphs(
        f"""# Untuned fits

Made by `python -m benchmarks.accuracy.untuned`, which says how. Sets that scikit-learn lacks come
from a folder (`--data`). Hidden layers of ours and of MLP: {hidden}.""",
        about,
        f"![error against fit time]({figure})",
        summary(table),
        *(part for metric in KINDS for part in kind_parts(table, metric)),
        "RMSE on the sets' own splits, mean ± standard error (splits):" if rmse[1] else "",
        markdown_table(*rmse) if rmse[1] else "",
    )
