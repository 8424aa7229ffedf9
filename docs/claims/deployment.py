"""Bytes, accuracies and times of exported networks (benchmarks/deployment)."""

import numpy as np

from benchmarks._common.reports import half_width
from benchmarks.deployment import forms
from benchmarks.deployment import size_at_accuracy_report as report
from claims import Claim, Value, cell, rows_of, table

LARGE = "784-300-100-10"
DENSE = "dense"
PRUNED = "95 % of the weights pruned", "80 % of the units pruned"
SCRATCH, TREES = "20-60 units from scratch", "boosted trees of few leaves"
PICKLE, INFERENCE = (
    "pickle, with its training state",
    "pickle, for inference only",
)


def form(name, dtype, *columns):
    """Return a form of one network: means, the largest difference, the median time."""
    rows = f"contender == '{forms.FORMS}' and size == '{name}' and dtype == '{dtype}'"
    ways = {"difference": "max", "microseconds": "median"}
    found = rows_of("size_at_accuracy", rows)
    return [
        Value(
            f"size_at_accuracy.csv: {column} where {rows}",
            found[column].agg(ways.get(column, "mean")),
        )
        for column in columns
    ]


def models(name):
    """Return the means over the splits of all models of a set."""
    rows = report.means(table("size_at_accuracy"))
    return rows[rows["set"] == name]


def smallest(name, contender, dtype, column="bytes"):
    """Return a column of the smallest model that is near enough, or of the dense network."""
    rows = models(name)
    if contender == report.DENSE:
        own = (rows["contender"] == contender) & (rows["dtype"] == dtype)
        found = rows[own].iloc[0]
    else:
        found = report.chosen(rows)[contender, dtype]
    source = f"size_at_accuracy.csv: smallest {contender}, {name}, {dtype}"
    return Value(f"{source}: {column}", found[column])


def sizes(name, *contenders):
    """Return the bytes of a set's smallest models, in float32 and in int8."""
    return [
        smallest(name, contender, dtype)
        for contender in contenders
        for dtype in report.DTYPES
    ]


def most_bytes(name, contender):
    """Return the bytes of the largest float32 model that was tried on a set."""
    rows = models(name).query(
        f"contender == '{contender}' and dtype == 'float32'"
    )
    source = f"size_at_accuracy.csv: most bytes of {contender}, {name}"
    return Value(source, rows["bytes"].max())


def share(name):
    """Return the bytes of pruned weights over those of the smallest small network, in float32."""
    chosen = report.chosen(models(name))
    small = (
        chosen[peer, "float32"]
        for peer in (report.SCRATCH, report.SKLEARN)
    )
    least = min(row["bytes"] for row in small if row is not None)
    source = (
        f"size_at_accuracy.csv: pruned weights / small network, {name}"
    )
    return Value(
        source, chosen[report.WEIGHTS, "float32"]["bytes"] / least
    )


def lost(name, contender):
    """Return how much test accuracy a set's smallest float32 model loses, and its half width."""
    losses = report.chosen(models(name))[contender, "float32"]["losses"]
    source = f"size_at_accuracy.csv: accuracy lost by {contender}, {name}"
    return [
        Value(source, -np.mean(losses)),
        Value(f"{source}, 95 % half width", half_width(losses)),
    ]


def exported(stage, form, column="bytes"):
    """Return a column of the larger network in a form, bytes as kB."""
    rows = (
        f"network == '{LARGE}' and stage == '{stage}' and form == '{form}'"
    )
    times = 1e-3 if column.endswith("bytes") else 1.0
    return cell("deployment", rows, column, times)


def kilobytes(form, zipped=False):
    """Return the kB of a form: dense, pruned weights (and zipped), pruned units, from scratch."""
    found = [exported(stage, form) for stage in (DENSE, *PRUNED, SCRATCH)]
    if zipped:
        found.insert(2, exported(PRUNED[0], form, "zipped_bytes"))
    return found


def times_smaller():
    """Return how many times smaller the smaller pruned network is, at least and at most."""
    kept = rows_of("deployment", f"network == '{LARGE}'")
    kept = kept.pivot_table(index="form", columns="stage", values="bytes")
    ratios = kept[DENSE] / kept[list(PRUNED)].min(axis=1)
    source = "deployment.csv: dense / smaller pruned network, by form"
    return [Value(source, ratios.min()), Value(source, ratios.max())]


FILE = "constants", "accuracy", "difference", "microseconds"
CODE = "constants", "text", *FILE[1:]
NETWORKS = report.DENSE, report.WEIGHTS, report.UNITS, report.SCRATCH

DEPLOYMENT = [
    *(
        Claim(f"| {title} | {{}} | {{}} | {{}} | {{}} | {{}} |", values)
        for title, values in {
            "`to_c`, float32": form("to_c", "float32", *CODE),
            "`to_c`, int8": form("to_c", "int8", *CODE),
            "emlearn, dense": form("emlearn, dense", "float32", *CODE),
        }.items()
    ),
    *(
        Claim(
            f"| {title} | {{}} (the file) | | {{}} | {{}} | {{}} |", values
        )
        for title, values in {
            "ONNX": form("ONNX, file", "float32", *FILE),
            "ONNX, int8": form("ONNX, file", "int8", *FILE),
        }.items()
    ),
    *(
        Claim(
            f"| {name} {'| {} / {} ' * 5}| {{}} |",
            [
                *sizes(name, *NETWORKS, report.SKLEARN),
                smallest(name, report.TREES, "float32"),
            ],
        )
        for name in ("digits", "pendigits", "magic")
    ),
    Claim(
        f"| letter {'| {} / {} ' * 4}| none up to {{}} | none up to {{}} |",
        [
            *sizes("letter", *NETWORKS),
            most_bytes("letter", report.SKLEARN),
            most_bytes("letter", report.TREES),
        ],
    ),
    Claim(
        "take {} of the bytes of the best small network on digits, {} on "
        "magic, {} on letter and {} on pendigits",
        [
            share(name)
            for name in ("digits", "magic", "letter", "pendigits")
        ],
    ),
    Claim(
        "on digits the small network loses {} ± {}.",
        lost("digits", report.SCRATCH),
    ),
    Claim(
        "| accuracy | {} | {} | {} | {} |",
        [
            exported(stage, INFERENCE, "accuracy")
            for stage in (DENSE, *PRUNED, SCRATCH)
        ],
    ),
    Claim(
        "| pickle, with its training state | {} | {}, sparsified | {} | {} |",
        kilobytes(PICKLE),
    ),
    Claim(
        "| pickle, for inference only (`to_sklearn`) | {} | {}, zipped {} | {} | {} |",
        kilobytes(INFERENCE, zipped=True),
    ),
    *(
        Claim(
            f"| {form} | {{}} | {{}}, zipped {{}} | {{}} | {{}} |",
            kilobytes(form, zipped=True),
        )
        for form in ("ONNX", "ONNX, int8")
    ),
    *(
        Claim(f"| {form} | {{}} | {{}} | {{}} | {{}} |", kilobytes(form))
        for form in ("C", "C, int8")
    ),
    Claim("takes {} to {} times fewer bytes", times_smaller()),
    Claim(
        "(accuracy {}) have a pickle of {} kB",
        [
            exported(TREES, INFERENCE, "accuracy"),
            exported(TREES, INFERENCE),
        ],
    ),
]

CLAIMS = {"docs/deployment.md": DEPLOYMENT}
