"""Tables of the comparison of pruning and priors."""

import numpy as np

from benchmarks._common.reports import half_width, markdown_table, paragraphs

CHOSEN, EARLIER, WEAK = "chosen prior", "precision 2", "alpha = 1e-4"
P = 0.0, 0.5, 0.8, 0.9, 0.95, 0.98
SEARCHED_P = 0.0, 0.8, 0.95
FRACTIONS = {CHOSEN: P, EARLIER: (0.0, 0.95), WEAK: P}
LIGHTGBM, TREES = "LightGBM", "HistGradientBoosting"
NOISY, OTHERS = "Noisy tables", "Other tables"
EXPLAINED = 0.5  # part of the log-loss; a table of which less is explained is noisy


def label(prior, p=None):
    """Return the name of a network: a fit, or a sweep of one p."""
    return f"{prior}, fit" if p is None else f"{prior}, p = {p:g}"


DEFAULT, SEARCHED = label(CHOSEN), f"{CHOSEN}, p by cross-validation"
FAMILIES = {
    prior: [label(prior, p) for p in (None, *fractions)] for prior, fractions in FRACTIONS.items()
}
NAMES = [*FAMILIES[CHOSEN], SEARCHED, *FAMILIES[EARLIER], *FAMILIES[WEAK], LIGHTGBM, TREES]


# What the tables are made of.


def by_split(table, column="log_loss"):
    """Return a frame of values: a row per set and split, a column per contender."""
    values = table.pivot_table(index=["set", "split"], columns="contender", values=column)
    return values.reindex(columns=[name for name in NAMES if name in values])


def difference(values, name, other):
    """Return a contender's mean values less another's, a Series over the sets that have both."""
    if name == other or not {name, other} <= set(values):
        return values.iloc[:0, 0].groupby("set").mean()
    return (values[name] - values[other]).dropna().groupby("set").mean()


def groups(table):
    """Return {title: rows} of the noisy tables and of the others, those that are there."""
    part = table.groupby("set")["explained"].mean()
    noisy = table["set"].isin(part.index[part < EXPLAINED])
    found = {NOISY: table[noisy], OTHERS: table[~noisy]}
    return {title: rows for title, rows in found.items() if len(rows)}


def uncut(name):
    """Return the name of the sweep of the same prior that prunes nothing; None of trees."""
    prior = name.partition(", ")[0]
    return label(prior, 0.0) if prior in FRACTIONS else None


# The tables: header and cells.


def interval_text(values):
    """Return "mean ± half width" of differences, nothing of none."""
    if not len(values):
        return ""
    half = half_width(values)
    return f"{values.mean():+.4f}" + (f" ± {half:.4f}" if np.isfinite(half) else "")


def summary_rows(table):
    """Return a line per contender: means, and paired differences of the log-loss."""
    losses = by_split(table)
    scores = by_split(table, "score").groupby("set").mean()
    cells = []
    for name, values in losses.groupby("set").mean().items():
        apart = difference(losses, name, LIGHTGBM)
        cells.append(
            [
                name,
                str(values.count()),
                f"{values.mean():.4f}",
                interval_text(difference(losses, name, DEFAULT)),
                interval_text(difference(losses, name, uncut(name))),
                interval_text(apart),
                f"{(apart < 0).sum()} of {len(apart)}" if len(apart) else "",
                f"{scores[name].mean():.4f}",
            ]
        )
    header = ["contender", "tables", "log-loss", f"less “{DEFAULT}”", "less p = 0 of its prior"]
    header += ["less LightGBM", "below LightGBM on", "accuracy"]
    return header, cells


def set_rows(table, names):
    """Return the table of mean log-losses by set, small sets first."""
    values = by_split(table).groupby("set").mean()
    values = values.loc[order(table), [name for name in names if name in values]]
    cells = [
        [name, *("" if np.isnan(value) else f"{value:.3g}" for value in line)]
        for name, line in zip(values.index, values.to_numpy(), strict=True)
    ]
    return ["set", *(name.rpartition(", ")[2] for name in values)], cells


def order(table):
    """Return the sets by their number of rows."""
    rows = table.assign(n=table["n_train"] + table["n_test"]).groupby("set")["n"].first()
    return rows.sort_values(kind="stable").index


def about_rows(table):
    """Return what each table is like, and which p was chosen on its splits."""
    chosen = table[table["contender"] == SEARCHED].sort_values("split").groupby("set")["p"]
    chosen = chosen.agg(lambda values: ", ".join(f"{p:g}" for p in values))
    first = table.groupby("set")[["n_train", "n_test", "n_features"]].first()
    part = table.groupby("set")["explained"].mean()
    cells = []
    for name in order(table):
        n_train, n_test, n_features = first.loc[name].astype(int)
        size = f"{n_train + n_test:,} × {n_features}"
        cells.append([name, size, f"{part[name]:.2f}", chosen.get(name, "")])
    return ["set", "n × d", "explained", "p chosen"], cells


def group_parts(title, table):
    """Return the parts of the report on a group of tables."""
    parts = [f"## {title}", markdown_table(*summary_rows(table)), "What they are:"]
    parts.append(markdown_table(*about_rows(table)))
    families = FAMILIES | {"the others": [SEARCHED, LIGHTGBM, TREES]}
    for family, names in families.items():
        header, cells = set_rows(table, names)
        if len(header) > 1:
            parts += [f"Mean test log-loss, {family}:", markdown_table(header, cells)]
    return parts


def summary(table):
    """Return the means of both groups in Markdown."""
    return "\n\n".join(
        f"### {title}\n\n{markdown_table(*summary_rows(rows))}"
        for title, rows in groups(table).items()
    )


TEXT = f"""A table is noisy where “{DEFAULT}” explains less than {EXPLAINED} of the log-loss of its
class frequencies (D²), in threefold cross-validation within the training rows, on average over the
splits; the limit was set before that part was known of any table. ± is half a paired 95 %
t-interval over the tables, each with equal weight; below 0 the line has the lower log-loss.
Every contender that was tried has its line. Two limits were lowered during the run, to save time:
the tables have at most 1,500 rows, and p is chosen among three values, not six.

- “fit” is the estimator itself, which ends early; “p = …” is `SparsitySweep(estimator, p=…)`, which
  takes all its steps. p = 0 prunes nothing: the difference to it is that of the cut alone.
- “{CHOSEN}” is the default, alpha="auto". “{EARLIER}” was the default before: alpha = 128 / n.
- “{WEAK}” is the default of scikit-learn's MLP. The encoding is chosen in all of them.
- “{SEARCHED}”: one of {", ".join(f"{p:g}" for p in SEARCHED_P)}, by threefold
  cross-validation of the log-loss within the training rows and refit="one_se"."""


def markdown(table, about, figure):
    """Return the report."""
    return paragraphs(
        "# Pruning and priors",
        "Made by `python -m benchmarks.sparsity.regularisation`, which says how, on "
        f"{table['set'].nunique()} tables of classes, {table['split'].nunique()} splits of each.",
        TEXT,
        about,
        f"![Log-loss against the pruned fraction]({figure})",
        *(part for title, rows in groups(table).items() for part in group_parts(title, rows)),
    )
