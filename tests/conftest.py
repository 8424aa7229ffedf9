"""A fixture, and the profiles of Hypothesis.

These are `quick` in `make test`, and `nightly` by HYPOTHESIS_PROFILE=nightly.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from sksgdprune._training import trainer as _training

pytest.register_assert_rewrite("tests.sweep_cases")
# Read by mypy, in tests/ecosystem/test_typing.py, and full of mistakes.
collect_ignore = ["typing_user.py"]

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "quick", max_examples=200, deadline=None, derandomize=True, suppress_health_check=SLOW
)
settings.register_profile(
    "nightly", max_examples=2500, deadline=None, print_blob=True, suppress_health_check=SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def trainings(monkeypatch):
    """Steps of each training from here on."""
    steps, train = [], _training.train

    def counted(*arguments, **options):
        steps.append(arguments[5])
        return train(*arguments, **options)

    monkeypatch.setattr(_training, "train", counted)
    return steps
