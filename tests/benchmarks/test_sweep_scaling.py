"""The benchmark of sweeps: simulated schedules, runs by hand, tables; no times asserted."""

import json

import numpy as np
import pandas as pd

from benchmarks.sweeps import engines, scaling, simulation
from benchmarks.sweeps import job as jobs

# The simulation, beside schedules drawn by hand.


def test_one_core_takes_all_trainings_and_what_the_scheduler_takes():
    found = simulation.simulate([1, 2], [3, 4, 5], simulation.Cluster(1, 0.5))
    assert found == (4.0, 17.5, 15 / 17.5)


def test_no_cell_starts_before_the_last_warm_up_has_ended():
    # Warm-ups end at 1 and 4; then 2 and 3 end at 6 and 7, and the last 2 at 8.
    found = simulation.simulate([1, 4], [2, 3, 2], simulation.Cluster(2))
    assert found == (4.0, 8.0, 12 / 16)


def test_the_scheduler_hands_out_one_training_after_the_other():
    # Three cores, a run each: they start at 1, 2 and 3.
    found = simulation.simulate([], [10, 10, 10], simulation.Cluster(3, 1))
    assert found == (0.0, 13.0, 30 / 39)
    # No core may help where the scheduler is the slower one: the last starts at 100.
    assert simulation.simulate([], [1] * 100, simulation.Cluster(50, 1)).seconds == 101


def test_each_core_gets_the_data_once_from_one_sender():
    # Data are there at 2 and 4; the first core ends at 3, 4 and 5, the second at 5.
    found = simulation.simulate([], [1] * 4, simulation.Cluster(2, 0, 2))
    assert found.seconds == 5
    # The warm-up's core has its data; the other one waits for them from 3 to 5.
    found = simulation.simulate([1], [1, 1], simulation.Cluster(2, 0, 2))
    assert found == (3.0, 6.0, 3 / 12)


def test_drawn_times_are_measured_ones():
    drawn = simulation.draw(np.array([1.0, 2.0]), 100, 10)
    assert set(drawn) == {10.0, 20.0}
    np.testing.assert_array_equal(drawn, simulation.draw(np.array([1.0, 2.0]), 100, 10))


# What is measured.


def test_trainings_by_hand_are_the_sweeps():
    job = jobs.Job(n_p=2, splits=3, repeats=2, steps=40)
    X, y = jobs.digits()
    X, y = X[:300], y[:300]
    hand = jobs.by_hand(job, X, y)
    results = jobs.sweep_of(job).fit(X, y).cv_results_
    table = np.array([results[f"split{k}_test_score"] for k in range(job.warmups)])
    by_split = hand.scores.reshape(job.splits, job.repeats, job.n_p)
    np.testing.assert_array_equal(by_split.transpose(1, 0, 2).reshape(table.shape), table)
    assert (hand.warmups.size, hand.cells.size) == (job.warmups, job.cells) == (6, 12)


def test_all_steps_of_a_job_are_taken_before_or_after_the_cut():
    job = jobs.Job(1, 1, 1, 3_200)
    assert (job.warmup_steps, job.finetune_steps) == (200, 3_000)


def test_cores_double_up_to_those_of_the_machine(monkeypatch):
    monkeypatch.setattr(engines.os, "cpu_count", lambda: 6)
    assert engines.core_counts() == [1, 2, 4, 6]
    assert engines.cases(["sequential", "loky"], [1, 2]) == [
        ("sequential", 1),
        ("loky", 1),
        ("loky", 2),
    ]


def test_efficiency_is_of_the_same_round_and_sweep():
    columns = ["round", "backend", "cores", "cells", "seconds"]
    rows = [
        [0, "sequential", 1, 8, 10.0],
        [0, "loky", 2, 8, 5.0],
        [1, "sequential", 1, 8, 12.0],
        [1, "loky", 2, 8, 12.0],
        [2, "sequential", 1, 8, 12.0],
        [2, "loky", 2, 8, 8.0],
        [0, "sequential", 1, 16, 40.0],
    ]
    table = pd.DataFrame(rows, columns=columns).assign(what="sweep", data_mb=np.nan)
    found = scaling.medians(table).set_index(["backend", "cells"])
    assert list(found.loc[("loky", 8), ["seconds", "ratio"]]) == [8.0, 0.75]
    assert list(found.loc[("sequential", 16), ["seconds", "ratio"]]) == [40.0, 1.0]


def test_the_overhead_is_a_sweeps_time_over_that_by_hand():
    rows = [
        {"what": "sweep", "backend": "sequential", "cells": 2, "round": r, "seconds": seconds}
        for r, seconds in enumerate([11.0, 15.0, 30.0])
    ]
    rows.append(rows[0] | {"cells": 4, "seconds": 99.0})
    hands = [jobs.ByHand(np.ones(1), np.ones(2), seconds, None) for seconds in (10.0, 10.0, 20.0)]
    hand, sweep = scaling.overhead(pd.DataFrame(rows), hands)
    assert (hand["seconds"], sweep["seconds"], sweep["ratio"]) == (10.0, 15.0, 1.5)


# All of it.


def test_a_quick_run_writes_all(tmp_path, monkeypatch, capsys):
    def here(source, cache):
        exec(source, {"__name__": "script"})
        return json.loads(capsys.readouterr().out)

    monkeypatch.setattr(scaling.processes, "new_process", here)
    scaling.main(["--quick", "--out", str(tmp_path)])
    names = [f"sweep_scaling_quick.{ending}" for ending in ("csv", "json", "md", "png")]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    table = pd.read_csv(tmp_path / names[0])
    assert list(table.columns) == list(scaling.COLUMNS)
    whats = {"sweep", "two steps", "data", "overhead", "replay", "memory", "cell", "task"}
    assert set(table["what"]) == whats | {"simulated"}
    assert "nan" not in (tmp_path / names[2]).read_text(encoding="utf-8")
