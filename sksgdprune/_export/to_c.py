"""Export of a network as a self-contained file of C99."""

import re
from itertools import pairwise

import numpy as np

from sksgdprune._data import validation as check
from sksgdprune._export import c_templates as c
from sksgdprune._export.c_stages import C_TYPES, DTYPES, smallest, stages_of
from sksgdprune._export.folding import check_exportable
from sksgdprune._targets.classification import Multilabel, SingleLabel

PER_LINE = 6  # constants of a table


def to_c(network, name, dtype, feature_names=None):
    """Return the text of a C file that predicts as a FittedNetwork does."""
    if not (isinstance(name, str) and re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name)):
        raise ValueError(
            f"Got name={name!r}; expected what the name of a C function may begin with: a letter, "
            "then letters, digits and underscores, none of them accented."
        )
    check.one_of("dtype", dtype, tuple(DTYPES))
    check_exportable(network, "file of C")
    precision = DTYPES[dtype]
    _check_scales(network, precision.real)
    stages = stages_of(smallest(network), precision)
    fields = _fields(network.targets, stages, precision, feature_names)
    fields |= {"name": name, "dtype": dtype}
    return _file(network.targets, stages, fields)


def _check_scales(network, real):
    """Refuse features and targets of a size that a float type does not hold."""
    limits, holders = np.finfo(real), (network.encoding, network.targets)
    scales, means = (
        np.concatenate([np.ravel(getattr(holder, name, ())) for holder in holders])
        for name in ("scale", "mean")
    )
    sizes = np.abs([*scales, *means])
    if sizes.max(initial=0) > limits.max or scales.min(initial=1) < limits.tiny:
        raise ValueError(
            f"Features or targets have scales from {scales.min():.3g} on and reach "
            f"{sizes.max():.3g}, which {real} does not hold; write the network with "
            "dtype='float64'."
        )


def _fields(targets, stages, precision, feature_names):
    """Return what the templates of the file ask for, but for names."""
    real, f = C_TYPES[precision.real]
    sizes = [stage.n_out for stage in stages]
    n_stack = sum(_buffers(sizes)) + isinstance(targets, SingleLabel) * sizes[-1]
    return {
        "real": real,
        "f": f,
        "n_features": stages[0].n_in,
        "features": _numbered(feature_names),
        "n_outputs": sizes[-1],
        "meaning": _meaning(targets),
        "labels": _numbered(getattr(targets, "classes", None)),
        "n_bytes": f"{sum(stage.n_bytes for stage in stages):,}",
        "n_stack": f"{n_stack * precision.real.itemsize:,}",
    }


def _meaning(targets):
    """Return what the outputs are."""
    if isinstance(targets, SingleLabel):
        return "probabilities, of the classes"
    if isinstance(targets, Multilabel):
        return "probabilities, of the labels"
    return "predicted targets, in their own unit"


def _numbered(texts):
    """Return lines of a comment, one for each text with its number, which nothing can end early."""
    if texts is None:
        return ""
    plain = (ascii(text.item() if hasattr(text, "item") else text) for text in texts)
    safe = (re.sub(r"(?<=\*)/|(?<=/)\*|(?<=\?)\?", r"\\\\\g<0>", text) for text in plain)
    return ":" + "".join(f"\n *     [{i}] {text}" for i, text in enumerate(safe))


def _buffers(sizes):
    """Return the lengths of the two arrays that the values of the stages take in turn."""
    return [max(sizes[:-1][k::2], default=0) for k in (0, 1)]


def _file(targets, stages, fields):
    """Return the file's text."""
    end = [c.PREDICT_SOFTMAX if targets.out_activation == "softmax" else c.PREDICT]
    of_class, declared = "", ""
    if isinstance(targets, SingleLabel):
        of_class = c.CLASS_HEAD.substitute(fields)
        declared = c.CLASS_DECLARED.substitute(fields)
        end.append(c.CLASS)
    parts = {
        "of_class": of_class,
        "declared": declared,
        "stages_about": "".join(f" *   {stage.function}: {stage.about}\n" for stage in stages),
        "stages": "\n".join(_function(stage, fields) for stage in stages),
        "calls": _calls(stages, fields),
        "end": "\n".join(template.substitute(fields) for template in end),
    }
    return "".join(part.substitute(fields | parts) for part in (c.HEAD, c.BODY))


def _function(stage, fields):
    """Return a Stage's function."""
    tables = "".join(_table(name, values) for name, values in stage.tables.items())
    own = {"function": stage.function, "n_in": stage.n_in, "n_out": stage.n_out}
    return stage.template.substitute(fields | own | stage.fields, tables=tables)


def _table(name, values):
    """Return the definition of a constant array."""
    kind, suffix = C_TYPES[values.dtype]
    texts = [f"{value!s}{suffix}" for value in values]
    lines = [", ".join(texts[k : k + PER_LINE]) for k in range(0, len(texts), PER_LINE)]
    lines = ",\n".join(" " * 8 + line for line in lines)
    return c.TABLE.substitute(type=kind, name=name, size=values.size, values=lines)


def _calls(stages, fields):
    """Return the lines that take values x through the stages to y."""
    margin, names = " " * 4, "ab"
    sizes = zip(names, _buffers([stage.n_out for stage in stages]), strict=True)
    lines = [f"{fields['real']} {name}[{size}];" for name, size in sizes if size]
    values = ["x", *(names[k % 2] for k in range(len(stages) - 1)), "y"]
    for stage, (source, target) in zip(stages, pairwise(values), strict=True):
        lines.append(f"{fields['name']}_{stage.function}({source}, {target});")
    return "\n".join(margin + line for line in lines)
