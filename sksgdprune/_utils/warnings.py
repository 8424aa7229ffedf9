"""Warnings that point at the user's line, however deep in libraries they arise."""

import inspect
import traceback
import warnings

# The packages between a user's line and this module.
PYTHON = ("threading", "concurrent", "contextlib", "pickle")
BETWEEN = ("sksgdprune", "sklearn", "joblib", "numba", *PYTHON)


def warn(message, category):
    """Warn at the innermost line that is in none of the packages between."""
    frames = [frame for frame, _ in traceback.walk_stack(inspect.currentframe())]
    packages = [frame.f_globals.get("__name__", "").partition(".")[0] for frame in frames]
    level = next((i for i, name in enumerate(packages, start=1) if name not in BETWEEN), 2)
    warnings.warn(message, category, stacklevel=level)
