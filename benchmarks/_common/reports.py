"""Parts of the Markdown reports: tables, verdicts, and the machine that was measured on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import t

import sksgdprune


class Verdict(NamedTuple):
    """A line of an acceptance rule, what was measured, and whether it is met."""

    rule: str
    measured: str
    met: bool


def verdict_rows(verdicts):
    """Return header and cells of the table of verdicts."""
    cells = [[v.rule, v.measured, "yes" if v.met else "NO"] for v in verdicts]
    return ["ours", "measured", "met"], cells


def all_met(verdicts):
    """Return a script's exit status: 0 where all verdicts are met."""
    return 0 if all(verdict.met for verdict in verdicts) else 1


def markdown_table(header, cells):
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def paragraphs(*parts):
    """Return a page of these parts, the empty ones left out."""
    return "\n\n".join(filter(None, parts)) + "\n"


def bullets(facts):
    """Return a list in Markdown of {what: text}."""
    return "\n".join(f"- {what}: {text}" for what, text in facts.items())


def half_width(values):
    """Return the half width of the mean's 95 % t-interval; infinite for a single value."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return np.inf
    return t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))


def extremes(values):
    """Return the lowest and the highest of a Series as texts, each with its name."""
    ends = (values.idxmin(), values.min()), (values.idxmax(), values.max())
    return [f"{name} {value:+.3f}" for name, value in ends]


def machine(*packages):
    """Return {what: text} of processor and versions, those of these packages among them."""
    versions = {"python": platform.python_version(), "sksgdprune": sksgdprune.__version__}
    for name in packages:
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
