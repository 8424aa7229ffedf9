"""What the Markdown reports share: tables, and what was measured on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

import sksgdprune


def markdown_table(header, cells):
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def half_width(values):
    """Return the half width of the mean's 95 % t-interval; infinite for a single value."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return np.inf
    return t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))


def append_row(path, row, columns):
    """Add a row to a CSV with these columns."""
    frame = pd.DataFrame([row], columns=list(columns))
    frame.to_csv(path, mode="a", header=False, index=False, float_format="%.6g")


def machine(names):
    """Return what was measured on, {what: text}, with the versions of these packages."""
    versions = {"python": platform.python_version(), "sksgdprune": sksgdprune.__version__}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "CPU": f"{cpu_model()}, {os.cpu_count()} cores, one thread used",
        "versions": ", ".join(f"{name} {text}" for name, text in versions.items()),
    }


def cpu_model():
    """Return the processor's name as far as the system tells."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
