"""A pruned network in all forms of export: bytes, accuracy, microseconds a row."""

from contextlib import ExitStack, chdir
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from benchmarks._common.results import tell
from benchmarks._common.timing import Effort, interleave
from benchmarks.deployment import c_code
from sksgdprune import PreconditionedMLPClassifier, prune_gradually

HIDDEN, P = 32, 0.95
SET = f"digits 64-{HIDDEN}-10, {100 * P:.0f} % pruned"
FORMS = "forms"  # in the place of a contender
MANY_ROWS = 4096
MANY = f"microseconds_{MANY_ROWS}"
FULL, QUICK = Effort(15, 0.05, 1, 1), Effort(3, 0.002, 1, 1)
C, EMLEARN, ONNX = "to_c", "emlearn, dense", "ONNX, file"
# Of what to_c writes, and of the features that its functions take.
C_TYPES = {"float32": "float32", "int8": "float32", "float64": "float64"}


class Form(NamedTuple):
    """A form in which a network leaves."""

    name: str
    dtype: str
    outputs: object  # takes rows to probabilities
    sizes: dict
    n_rows: tuple  # of the calls that are timed


def measure(seed, quick):
    """Return the rows of a network, one for each form."""
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X.astype(np.float32), y, stratify=y, random_state=seed)
    X, X_test, y, y_test = parts
    n_steps = 200 if quick else 6000
    network = PreconditionedMLPClassifier((HIDDEN,), max_steps=n_steps, random_state=seed)
    network = prune_gradually(network.fit(X, y), X, y, P, n_steps=n_steps)
    wanted = network.predict_proba(X_test)
    with ExitStack() as open_libraries:
        found = [*in_c(network, X.shape[1], open_libraries), *in_onnx(network, X)]
        times = _times(found, X_test, QUICK if quick else FULL)
        return [
            {
                "size": form.name,
                "dtype": form.dtype,
                "accuracy": np.mean(form.outputs(X_test).argmax(axis=1) == y_test),
                "difference": np.abs(form.outputs(X_test) - wanted).max(),
            }
            | form.sizes
            | times[form[:2]]
            for form in found
        ]


def _times(found, X, effort):
    """Return {(name, dtype): columns}: the medians of interleaved calls, in microseconds a row."""
    many = np.resize(X, (MANY_ROWS, X.shape[1]))
    runs = {
        (form[:2], n): c_code.repeated(form.outputs, many[:n])
        for form in found
        for n in form.n_rows
    }
    times = {key: np.median(taken) / key[1] for key, taken in interleave(runs, effort).items()}
    names = "microseconds", MANY
    return {
        form[:2]: {name: times[form[:2], n] for name, n in zip(names, form.n_rows, strict=False)}
        for form in found
    }


def in_c(network, n_features, open_libraries):
    """Yield the Forms in C; a loop in C calls a function on one row after another."""
    found = {
        (C, dtype): c_code.Code(network.to_c(dtype=dtype), c_type)
        for dtype, c_type in C_TYPES.items()
    }
    if find_spec("emlearn"):
        found[EMLEARN, "float32"] = by_emlearn(network, n_features)
    else:
        tell("emlearn's C is left out, as it is not installed")
    for key, code in found.items():
        running = c_code.running(code, n_features, len(network.classes_))
        outputs = open_libraries.enter_context(running)
        yield Form(*key, outputs, c_code.sizes(code)._asdict(), (MANY_ROWS,))


def by_emlearn(network, n_features):
    """Return emlearn's C of the network; a function of its library gives probabilities."""
    # Importing emlearn changes what NumPy makes of an underflow, and converting leaves a folder.
    with np.errstate(), TemporaryDirectory() as folder, chdir(folder):
        import emlearn

        path = Path(folder, "network.h")
        emlearn.convert(network.to_sklearn(), method="inline").save(file=path, name="network")
        text = path.read_text(encoding="ascii")
    call = f"eml_net_predict_proba(&network, x, {n_features}, y, {len(network.classes_)})"
    return c_code.Code(text, call=call, include=emlearn.includedir)


def in_onnx(network, X):
    """Yield the Forms as ONNX files; each call of a session takes one row, or many."""
    if missing := [name for name in ("skl2onnx", "onnxruntime", "skops") if not find_spec(name)]:
        tell(f"ONNX is left out, as these are not installed: {', '.join(missing)}")
        return
    from skl2onnx import to_onnx

    from benchmarks.deployment.exports import quantized, session

    onnx = to_onnx(network.to_sklearn(), X[:1], options={"zipmap": False})
    contents = {"float32": onnx.SerializeToString(), "int8": quantized(onnx)}
    for dtype, content in contents.items():
        yield Form(ONNX, dtype, session(content), {"constants": len(content)}, (1, MANY_ROWS))
