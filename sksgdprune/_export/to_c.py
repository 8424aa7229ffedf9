"""Export of a network as a self-contained file of C99."""

import re
from itertools import pairwise

import numpy as np

from sksgdprune._data import validation as check
from sksgdprune._export import c_templates as c
from sksgdprune._export.c_stages import C_TYPES, DTYPES, stages_of, without_zeros
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
    stages = stages_of(without_zeros(network), precision)
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
    n_outputs = stages[-1].n_out
    n_stack = sum(_buffers(stages)) + isinstance(targets, SingleLabel) * n_outputs
    return {
        "real": real,
        "f": f,
        "n_features": stages[0].n_in,
        "features": _numbered(feature_names),
        "n_outputs": n_outputs,
        "meaning": _meaning(targets),
        "labels": _numbered(getattr(targets, "classes", None)),
        "n_bytes": f"{sum(stage.n_bytes for stage in stages):,}",
        "n_stack": f"{n_stack * precision.real.itemsize:,}",
    }


def _meaning(targets):
    """Return what the outputs are."""
    if isinstance(targets, SingleLabel):
        return "probabilities of the classes"
    if isinstance(targets, Multilabel):
        return "probabilities of the labels"
    return "predicted targets, on their original scale"


def _numbered(labels):
    """Return lines of a comment, one for each label with its number, which no label can end."""
    if labels is None:
        return ""
    texts = (repr(str(label)) if isinstance(label, str) else str(label) for label in labels)
    texts = (text.encode("unicode_escape").decode("ascii") for text in texts)  # newlines, too
    texts = (re.sub(r"(?<=\*)/|(?<=/)\*|(?<=\?)\?", r"\\\g<0>", text) for text in texts)
    return ":" + "".join(f"\n *     [{i}] {text}" for i, text in enumerate(texts))


def _buffers(stages):
    """Return the lengths of the two arrays that the values of the stages take in turn."""
    sizes = [stage.n_out for stage in stages[:-1]]
    return [max(sizes[k::2], default=0) for k in (0, 1)]


def _file(targets, stages, fields):
    """Return the file's text."""
    is_softmax = targets.out_activation == "softmax"
    fields |= {
        "about": "".join(f" *   {stage.function}: {stage.about}\n" for stage in stages),
        "stages": "\n".join(_function(stage, fields) for stage in stages),
        "calls": _calls(stages, fields),
        "static": "static " if is_softmax else "",
        "function": "outputs" if is_softmax else "predict",
        "of_class": c.OF_CLASS.substitute(fields) if is_softmax else "",
        "declared": c.CLASS_DECLARED.substitute(fields) if is_softmax else "",
    }
    ends = [c.FORWARD, c.SOFTMAX] if is_softmax else [c.FORWARD]
    end = "\n".join(template.substitute(fields) for template in ends)
    return c.FILE.substitute(fields, end=end)


def _function(stage, fields):
    """Return a Stage's function."""
    tables = "".join(_table(name, values) for name, values in stage.tables.items())
    own = {"function": stage.function, "n_in": stage.n_in, "n_out": stage.n_out}
    return stage.template.substitute(fields | own | stage.fields, tables=tables)


def _table(name, values):
    """Return the definition of a constant array."""
    kind, suffix = C_TYPES[values.dtype]
    text = np.format_float_scientific if values.dtype.kind == "f" else str
    texts = [f"{text(value)}{suffix}" for value in values]
    lines = [", ".join(texts[k : k + PER_LINE]) for k in range(0, len(texts), PER_LINE)]
    lines = ",\n".join(" " * 8 + line for line in lines)
    return c.TABLE.substitute(type=kind, name=name, size=values.size, values=lines)


def _calls(stages, fields):
    """Return the lines that take values x through the stages to y."""
    margin, names = " " * 4, "ab"
    sizes = zip(names, _buffers(stages), strict=True)
    lines = [f"{fields['real']} {name}[{size}];" for name, size in sizes if size]
    values = ["x", *(names[k % 2] for k in range(len(stages) - 1)), "y"]
    for stage, (source, target) in zip(stages, pairwise(values), strict=True):
        lines.append(f"{fields['name']}_{stage.function}({source}, {target});")
    return "\n".join(margin + line for line in lines)
