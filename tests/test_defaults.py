"""The comparison of defaults: its table, and that it sees a miss."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import defaults
from benchmarks.defaults import Case

CASES = defaults.cases()


def test_every_data_set_is_seen_standardised_and_raw():
    seen = [(case.name, case.raw) for case in CASES]
    assert seen == [(name, raw) for name in dict.fromkeys(n for n, _ in seen) for raw in (0, 1)]
    compared = {case.name for case in CASES if case.margin is not None and not case.raw}
    assert compared == {
        *("iris", "wine", "breast_cancer", "digits"),
        *("diabetes", "friedman1", "make_regression"),
    }
    assert [case.name for case in CASES if case.raw and case.margin is not None] == ["digits"]


def test_hard_inputs_and_targets_have_the_scales_they_are_said_to_have():
    mixed = CASES[-1]
    np.testing.assert_allclose(mixed.X.std(axis=0), np.logspace(-3, 4, 8), rtol=0.1)
    assert mixed.y.std() > 1e4


@pytest.mark.parametrize("case", CASES[:2] + CASES[8:10], ids=lambda c: f"{c.name} {c.raw}")
def test_untuned_fits_are_as_good_as_needed(case):
    assert defaults.measure(case, range(1))["passed"]


def test_a_miss_is_told_and_ends_with_1(monkeypatch, tmp_path, capsys):
    rng = np.random.RandomState(0)
    chance = Case("chance", rng.normal(size=(40, 3)), rng.randint(2, size=40), True, None)
    monkeypatch.setattr(defaults, "cases", lambda: [chance])
    monkeypatch.setattr(defaults, "constant_score", lambda case: 1.0)
    assert defaults.main(["--seeds", "1", "--out", str(tmp_path)]) == 1
    assert "| NO |" in capsys.readouterr().out
    assert "| NO |" in (tmp_path / "defaults.md").read_text()
    row = pd.read_csv(tmp_path / "defaults.csv").iloc[0]
    assert row["ours"] < row["needed"] == 1
    assert not row["passed"]
