"""Tiers by folder, a fixture, and the profiles of Hypothesis.

The profiles are `quick` in `make test`, and `nightly` by HYPOTHESIS_PROFILE=nightly.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sksgdprune._training import trainer as _training

pytest.register_assert_rewrite("tests.sweep_cases")
# Read by mypy, in tests/ecosystem/test_typing.py, and full of mistakes.
collect_ignore = ["typing_user.py"]

# What `make test-fast` leaves out, by the folder that a test is in; documentation is that of README
# and docs. A single test elsewhere that takes more than half a second is marked `slow`.
TIERS = {"statistical": "statistical", "ecosystem": "ecosystem", "benchmarks": "benchmark"}
TIERS |= {"docs": "ecosystem", "README.md": "ecosystem"}
# Names in tests outside of tests/kernels for which numba compiles variants, some five seconds each.
COMPILED_APART = "float32", "dtype", "csr", "csc", "batch", "sqrt", "scalar"
ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items):
    """Mark each test by its folder, and what takes a compiled variant of its own."""
    for item in items:
        parts = item.path.relative_to(ROOT).parts if item.path.is_relative_to(ROOT) else ()
        folder = parts[1] if parts[:1] == ("tests",) else parts[0] if parts else ""
        if folder in TIERS:
            item.add_marker(TIERS[folder])
        if folder != "kernels" and any(name in item.name for name in COMPILED_APART):
            item.add_marker("slow")


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "quick", max_examples=200, deadline=None, derandomize=True, suppress_health_check=SLOW
)
settings.register_profile(
    "nightly", max_examples=2500, deadline=None, print_blob=True, suppress_health_check=SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def training_runs(monkeypatch):
    """Steps of each training run from here on."""
    steps, train = [], _training.train

    def counted(*arguments, **options):
        steps.append(arguments[5])
        return train(*arguments, **options)

    monkeypatch.setattr(_training, "train", counted)
    return steps
