"""Tables of the sizes at which models keep a dense network's accuracy."""

import numpy as np
import pandas as pd

from benchmarks._common.reports import half_width, markdown_table, paragraphs
from benchmarks.deployment import forms

DENSE = "dense network"
WEIGHTS, UNITS = "pruned weights", "pruned units"
SCRATCH, SKLEARN = "small dense, from scratch", "small MLPClassifier"
TREES = "boosted trees"
CONTENDERS = WEIGHTS, UNITS, SCRATCH, SKLEARN, TREES
DTYPES = "float32", "int8"
TOLERANCE = 0.01
MODEL = ["set", "contender", "setting", "size", "dtype"]


def type_of(contender, dtype):
    """Return the type in which a contender is compared with others of this one."""
    return "float32" if contender == TREES else dtype


def means(table):
    """Return the means over the splits: a row per set, contender, setting, size and type.

    Of the microseconds it is the median.
    `bytes` is .text + .rodata, `loss` the list of the splits' accuracies less the dense network's.
    """
    table = table[table["contender"] != forms.FORMS]
    table = table.assign(bytes=table["text"] + table["constants"])
    dense = table[(table["contender"] == DENSE) & (table["dtype"] == "float32")]
    dense = dense.set_index(["set", "split"])["accuracy"]
    own = dense.reindex(pd.MultiIndex.from_frame(table[["set", "split"]])).to_numpy()
    table = table.assign(loss=table["accuracy"] - own)
    groups = table.groupby(MODEL, sort=False, dropna=False)  # a dense network has no setting
    found = groups[["validation", "accuracy", "bytes", "constants"]].mean()
    more = {"losses": groups["loss"].apply(list), "n": groups.size()}
    found = found.assign(microseconds=groups["microseconds"].median(), **more).reset_index()
    n_splits = table.groupby("set")["split"].nunique()
    return found[found["n"] == found["set"].map(n_splits)]


def limits(rows):
    """Return the least accuracies on validation and test rows that are near the dense network's."""
    dense = rows[(rows["contender"] == DENSE) & (rows["dtype"] == "float32")].iloc[0]
    return dense["validation"] - TOLERANCE, dense["accuracy"] - TOLERANCE


def chosen(rows):
    """Return {(contender, dtype): the smallest row of those near enough on validation rows}.

    It is None where none is.
    """
    return smallest(rows, ["contender", "dtype"])


def smallest(rows, by):
    """Return {values of these columns: the smallest row of those near enough, or None}."""
    least, _ = limits(rows)
    found = {}
    for key, own in rows[rows["contender"] != DENSE].groupby(by, sort=False):
        near = own[own["validation"] >= least]
        found[key] = None if near.empty else near.loc[near["bytes"].idxmin()]
    return dict(sorted(found.items(), key=lambda item: CONTENDERS.index(item[0][0])))


def markdown(table, about, figure=None, *, doc):
    """Return the report; `doc` is the script's."""
    rows = means(table)
    return paragraphs(
        "# Size at a dense network's accuracy",
        "Made by `python -m benchmarks.deployment.size_at_accuracy --data FOLDER`.",
        *doc.split("\n\n")[2:5],
        about,
        f"![Test accuracy against bytes, a panel per data set]({figure})" if figure else "",
        *(part for name, own in rows.groupby("set", sort=False) for part in _section(name, own)),
        *_forms_section(table[table["contender"] == forms.FORMS]),
    )


def _section(name, rows):
    """Return the parts on a data set."""
    dense = rows[rows["contender"] == DENSE]
    header = ["", "type", "chosen", "bytes", ".rodata", "row, µs", "validation", "test"]
    header += ["test, less the dense network's"]
    cells = [_cells(row, row["size"]) for _, row in dense.iterrows()]
    for (contender, dtype), row in chosen(rows).items():
        if row is None:
            own = rows[(rows["contender"] == contender) & (rows["dtype"] == dtype)]
            most = f"none, up to {own['bytes'].max():,.0f} bytes"
            cells.append([contender, dtype, most, *[""] * 6])
        else:
            cells.append(_cells(row, ", ".join(filter(None, (row["setting"], row["size"])))))
    tried = "Bytes of the smallest that is near enough, by what was tried:"
    return f"## {name}", markdown_table(header, cells), _ratios(rows), tried, _settings(rows)


def _settings(rows):
    """Return the table of the smallest of each setting."""
    found = smallest(rows, ["contender", "setting", "dtype"])
    cells = [
        [contender, setting, *(_bytes(found, contender, setting, dtype) for dtype in DTYPES)]
        for contender, setting in dict.fromkeys(key[:2] for key in found)
    ]
    return markdown_table(["", "setting", *DTYPES], cells)


def _bytes(found, *key):
    """Return the bytes of a setting's smallest, as text."""
    if key not in found:
        return ""
    return "none" if found[key] is None else f"{found[key]['bytes']:,.0f} ({found[key]['size']})"


def _cells(row, chosen):
    half = half_width(row["losses"])
    return [
        row["contender"],
        row["dtype"],
        chosen,
        *(f"{row[column]:,.0f}" for column in ("bytes", "constants")),
        f"{row['microseconds']:.2f}",
        *(f"{row[column]:.4f}" for column in ("validation", "accuracy")),
        f"{np.mean(row['losses']):+.4f} ± {half:.4f}",
    ]


def _ratios(rows):
    """Return what is said of pruned weights beside small dense networks from scratch."""
    found = chosen(rows)
    said = []
    for dtype in DTYPES:
        ours = found.get((WEIGHTS, dtype))
        peers = [found.get((name, dtype)) for name in (SCRATCH, SKLEARN)]
        peers = [peer for peer in peers if peer is not None]
        if ours is not None and peers:
            best = min(peers, key=lambda peer: peer["bytes"])
            said.append(
                f"{ours['bytes'] / best['bytes']:.2f} of the bytes and "
                f"{ours['constants'] / best['constants']:.2f} of the constants in {dtype}"
            )
    if not said:
        return ""
    return f"Pruned weights take, of the smallest dense network from scratch, {'; '.join(said)}."


def _forms_section(table):
    """Return the parts on the forms of one network."""
    if table.empty:
        return ()
    rows = table.groupby(["size", "dtype"], sort=False).agg(
        text=("text", "mean"),
        constants=("constants", "mean"),
        accuracy=("accuracy", "mean"),
        difference=("difference", "max"),
        microseconds=("microseconds", "median"),
        many=(forms.MANY, "median"),
    )
    header = ["", "type", ".text", ".rodata, or file", "accuracy", "largest difference"]
    header += ["row by row, µs", f"a row of {forms.MANY_ROWS:,}, µs"]
    cells = [
        [
            *key,
            "" if np.isnan(row.text) else f"{row.text:,.0f}",
            f"{row.constants:,.0f}",
            f"{row.accuracy:.4f}",
            f"{row.difference:.1e}",
            f"{row.microseconds:.2f}",
            "" if np.isnan(row.many) else f"{row.many:.2f}",
        ]
        for key, row in rows.iterrows()
    ]
    return (
        f"## One network in all its forms: {forms.SET}",
        f"Over {table['split'].nunique()} networks; the difference is that of probabilities from "
        "`predict_proba`. Row by row is a call a row: of C from a loop in C, of ONNX Runtime from "
        "Python. emlearn's code returns labels; its library's `eml_net_predict_proba`, which is "
        "called here, returns the probabilities. m2cgen has no neural networks.",
        markdown_table(header, cells),
    )
