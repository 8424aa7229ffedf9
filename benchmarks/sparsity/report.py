"""Tables of the comparison of pruned networks."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks._common.datasets import ACCURACY, R2
from benchmarks._common.reports import half_width, markdown_table, paragraphs

NONE = "none"
TORCH_BEST = "torch, best by validation"
TORCH_HINDSIGHT = "torch, best by test score"
KEY = ["set", "recipe", "p"]


class Recipe(NamedTuple):
    """How a network is pruned."""

    library: str  # "ours" or "torch"
    method: str  # score or, of torch, optimiser
    scope: str  # what is ranked together
    schedule: str  # how p is reached

    @property
    def name(self):
        """Its name in tables and on the command line."""
        parts = self[1:] if self.library == "ours" else (self.library, self.method, self.schedule)
        return " ".join(part for part in parts if part != NONE)


DEFAULTS = Recipe("ours", "defaults", NONE, NONE)
UNCUT = Recipe("ours", "dense", NONE, NONE)
PLAIN = Recipe("ours", "magnitude", "layer", "one_shot")
FAMILIES = {
    "ours, defaults": DEFAULTS.name,
    "ours, magnitude layer one_shot": PLAIN.name,
    TORCH_BEST: TORCH_BEST,
}


# What the tables are made of.


def named(table):
    """Return the rows with their recipe's name; a repeated row counts once, the last."""
    names = [Recipe(*row).name for row in table[list(Recipe._fields)].itertuples(index=False)]
    return table.assign(recipe=names).drop_duplicates([*KEY, "seed"], keep="last")


def scores(table):
    """Return the scores, a row per (set, recipe, p), a column per seed.

    Networks without a cut are those of every recipe of their library and optimiser.
    """
    wide = named(table).pivot(index=KEY, columns="seed", values="score")
    uncut = {}
    for name, recipe, p in wide.index:
        if p and recipe != DEFAULTS.name:
            words = recipe.split()
            source = " ".join(words[:2]) if words[0] == "torch" else UNCUT.name
            if (name, source, 0.0) in wide.index:
                uncut[name, recipe, 0.0] = wide.loc[(name, source, 0.0)]
    found = pd.concat([wide, pd.DataFrame(uncut.values(), index=index_of(uncut))])
    return found[~found.index.duplicated()].rename_axis(index=KEY).sort_index()


def index_of(keys):
    """Return an index of (set, recipe, p)."""
    return pd.MultiIndex.from_tuples(list(keys), names=KEY) if keys else None


def best_of_torch(table):
    """Return torch's row with the best inner validation for each (set, p).

    Of equal scores the one with the smaller loss is better.
    """
    torch = named(table[table["library"] == "torch"])
    order = ["validation", "validation_loss", "recipe"]
    torch = torch.sort_values(order, ascending=[False, True, True])
    return torch.drop_duplicates(["set", "p"]).set_index(["set", "p"]).sort_index()


def with_torch_best(wide, table):
    """Return the scores with two more recipes: torch's best by validation and by test score."""
    added = {}
    for (name, p), row in best_of_torch(table).iterrows():
        added[name, TORCH_BEST, p] = wide.loc[(name, row["recipe"], p)]
    torch = wide[[recipe.startswith("torch ") for recipe in wide.index.get_level_values("recipe")]]
    for (name, p), means in torch.mean(axis=1).groupby(level=["set", "p"]):
        added[name, TORCH_HINDSIGHT, p] = wide.loc[means.idxmax()]
    more = pd.DataFrame(added.values(), index=index_of(added)) if added else None
    return pd.concat([wide, more]).rename_axis(index=KEY).sort_index()


def difference(wide, name, p, recipe, of=DEFAULTS.name):
    """Return how far the one recipe's scores are above the other's, seed by seed."""
    if any((name, one, p) not in wide.index for one in (of, recipe)):
        return pd.Series(dtype=float)
    return (wide.loc[(name, of, p)] - wide.loc[(name, recipe, p)]).dropna()


def loss_of_score(wide, name, p, recipe):
    """Return the recipe's scores without a cut less those at p, seed by seed."""
    if any((name, recipe, fraction) not in wide.index for fraction in (0.0, p)):
        return pd.Series(dtype=float)
    return (wide.loc[(name, recipe, 0.0)] - wide.loc[(name, recipe, p)]).dropna()


def within_one_error(wide, name, recipe):
    """Return the largest p whose mean is within a standard error of the mean without a cut."""
    rows = wide.loc[[name]].xs(recipe, level="recipe") if name in wide.index else wide.iloc[:0]
    dense = rows.xs(0.0, level="p").iloc[0].dropna()
    means = rows.droplevel("set").mean(axis=1)
    good = means.index[means >= means[0.0] - dense.sem()]
    return good.max()


def groups(table):
    """Return {title: sets} over which differences are averaged."""
    metric = table.drop_duplicates("set").set_index("set")["metric"]
    digits = metric.index.isin(["digits", "digits-notebook"])
    found = {
        "classification, all but digits": metric.index[(metric == ACCURACY) & ~digits],
        "digits": metric.index[digits],
        "regression (R²)": metric.index[metric == R2],
    }
    return {title: list(sets) for title, sets in found.items() if len(sets)}


# The tables: header and cells.


def mean_text(values, sign=""):
    """Return "mean ± half width" of the values, nothing of none."""
    values = pd.Series(values).dropna()
    if values.empty:
        return ""
    half = half_width(values)
    return f"{values.mean():{sign}.4f}" + (f" ± {half:.4f}" if np.isfinite(half) else "")


def header(first, fractions):
    """Return a header with a column per p."""
    return [first, *(f"p = {p:g}" for p in fractions)]


def fractions(wide, cut=False):
    """Return all p; with cut=True those above 0."""
    return sorted(p for p in wide.index.unique("p") if p or not cut)


def recipes(wide, name=None):
    """Return the names of the recipes: defaults, torch's best, the others."""
    rows = wide if name is None else wide.loc[[name]]
    first = [DEFAULTS.name, TORCH_BEST, TORCH_HINDSIGHT]
    cut = rows.index[rows.index.get_level_values("p") > 0].unique("recipe")
    return [*(r for r in first if r in cut), *(r for r in cut if r not in first)]


def score_rows(wide, name):
    """Return the table of a set's mean scores."""
    p = fractions(wide)
    cells = [
        [r, *(mean_text(wide.loc[(name, r, f)]) if (name, r, f) in wide.index else "" for f in p)]
        for r in recipes(wide, name)
    ]
    return header("recipe", p), cells


def difference_rows(wide, name):
    """Return the table of the defaults' scores less each other recipe's."""
    p = fractions(wide, cut=True)
    cells = [
        [recipe, *(mean_text(difference(wide, name, f, recipe), "+") for f in p)]
        for recipe in recipes(wide, name)
        if recipe != DEFAULTS.name
    ]
    return header("defaults less", p), cells


def summary_rows(wide, sets):
    """Return the table of mean differences over the sets; intervals are those of the seeds."""
    p, cells = fractions(wide, cut=True), []
    for recipe in recipes(wide[wide.index.get_level_values("set").isin(sets)]):
        if recipe == DEFAULTS.name:
            continue
        line = [recipe]
        for f in p:
            by_set = [difference(wide, name, f, recipe) for name in sets]
            whole = all(len(values) for values in by_set)
            line.append(mean_text(pd.concat(by_set, axis=1).dropna().mean(axis=1), "+"))
            line[-1] = line[-1] if whole else ""
        cells.append(line)
    return header("defaults less", p), cells


def reach_rows(wide):
    """Return the table of the largest p that is as good as no cut."""
    there = set(wide.index.droplevel("p")[wide.index.get_level_values("p") == 0])
    cells = [
        [name]
        + [
            f"{within_one_error(wide, name, recipe):g}" if (name, recipe) in there else ""
            for recipe in FAMILIES.values()
        ]
        for name in wide.index.unique("set")
    ]
    return ["set", *FAMILIES], cells


def loss_rows(wide):
    """Return the table of the scores that a cut costs."""
    p = fractions(wide, cut=True)
    cells = [
        [name, title, *(mean_text(loss_of_score(wide, name, f, recipe), "+") for f in p)]
        for name in wide.index.unique("set")
        for title, recipe in FAMILIES.items()
        if (name, recipe) in wide.index.droplevel("p")
    ]
    return ["set", *header("recipe", p)], cells


def choice_rows(table):
    """Return the table of torch's best by validation."""
    cells = [
        [name, f"{p:g}", row["recipe"], row["setting"], f"{row['validation']:.4f}"]
        for (name, p), row in best_of_torch(table).iterrows()
    ]
    return ["set", "p", "recipe", "setting", "validation score"], cells


def second_rows(table):
    """Return the table of the median seconds of a training run."""
    table = table.assign(kind=table["library"] + " " + table["schedule"].replace(NONE, "defaults"))
    table = table[table["p"] > 0]
    medians = table.groupby(["set", "kind"], sort=False)["seconds"].median().unstack("set")
    cells = [[kind, *(f"{s:.2g}" for s in row)] for kind, row in medians.iterrows()]
    return ["training runs", *medians.columns], cells


def summary(table):
    """Return the means over sets, and what each family reaches, in Markdown."""
    wide = with_torch_best(scores(table), table)
    parts = []
    for title, sets in groups(table).items():
        parts += [f"### {title}: {', '.join(sets)}", markdown_table(*summary_rows(wide, sets))]
    parts += [
        "### The largest p within a standard error of no cut",
        markdown_table(*reach_rows(wide)),
        "### What a cut costs: the score without one less that at p",
        markdown_table(*loss_rows(wide)),
    ]
    return "\n\n".join(parts)


TEXT = f"""± is half a 95 % t-interval over the seeds. Splits of one set share rows, so that
intervals are somewhat narrow; on digits-notebook, which has one split, they are those of the
training run alone. Differences are paired by seed: above 0 our defaults are better.

- "{TORCH_BEST}" is the torch recipe with the best score on validation rows.
- "{TORCH_HINDSIGHT}" is the torch recipe with the best mean test score. It cannot be chosen in
  practice, and is harder to beat.

Torch's settings are chosen on the training rows of split 0, some of which are test rows of the
other splits: this can only favour torch. Its minibatches are whole passes in random order, as is
usual with torch; ours are sampled with replacement, our default."""


def set_parts(wide, name):
    """Return the parts of the report on a set."""
    rows = score_rows(wide, name), difference_rows(wide, name)
    return [f"## {name}", *(markdown_table(*part) for part in rows)]


def markdown(table, about, figure, grid):
    """Return the report."""
    hidden, steps = table[["hidden", "steps"]].iloc[0]
    has_torch = (table["library"] == "torch").any()
    torch = f"all torch runs are in `{grid}`" if has_torch else "torch was left out"
    wide = with_torch_best(scores(table), table)
    return paragraphs(
        f"""# Accuracy of pruned networks

Made by `python -m benchmarks.sparsity.comparison`, which says how: {hidden} hidden units, {steps}
steps, {table["seed"].nunique()} seeds; {torch}.
Sets that scikit-learn lacks come from a folder (`--data`).""",
        TEXT,
        about,
        f"![score against remaining weights]({figure})",
        "## In short",
        summary(table),
        *(part for name in wide.index.unique("set") for part in set_parts(wide, name)),
        "## What torch's best are" if has_torch else "",
        markdown_table(*choice_rows(table)) if has_torch else "",
        "## Median seconds of a training run",
        markdown_table(*second_rows(table)),
    )
