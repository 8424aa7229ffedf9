"""Simulated time of a sweep on many cores, from those of its training runs: list scheduling.

One scheduler hands out one training run after the other, each when a core is free, and is busy with
it for `overhead` seconds. A core gets the data before its first run, from one sender that serves
one core after the other. No cell starts before the last warm-up has ended.
"""

import heapq
from typing import NamedTuple

import numpy as np


class Cluster(NamedTuple):
    """Cores, and what reaching them takes."""

    cores: int  # each takes one training run at a time
    overhead: float = 0.0  # seconds that the scheduler is busy with one training run
    sending: float = 0.0  # seconds in which the data reach one core


class Simulated(NamedTuple):
    """Seconds until the last warm-up and the last cell end, and what was used of the cores."""

    warmups: float
    seconds: float
    efficiency: float


class Clock:
    """The events so far: when each core is free, and scheduler and sender."""

    def __init__(self, cluster):
        self._cluster = cluster
        # A heap from the start: all zeros. Cores that have no data come with False.
        self._free = [(0.0, core, False) for core in range(cluster.cores)]
        self._scheduler = self._sender = 0.0

    def start(self, seconds):
        """Hand out one training run to the core that is free first; return when it ends."""
        free, core, has_data = heapq.heappop(self._free)
        begun = self._scheduler = max(self._scheduler, free) + self._cluster.overhead
        if not has_data:
            begun = self._sender = max(self._sender, begun) + self._cluster.sending
        heapq.heappush(self._free, (begun + seconds, core, True))
        return begun + seconds

    def wait(self, until):
        """Let the scheduler hand out nothing before this time."""
        self._scheduler = max(self._scheduler, until)


def simulate(warmups, cells, cluster):
    """Return what a sweep of these training runs takes.

    Parameters
    ----------
    warmups, cells : sequence of float
        Seconds of the runs, in the order in which they are handed out.
    cluster : Cluster
        Where they run.

    Returns
    -------
    Simulated
        Its efficiency is the sum of all runs ÷ (cores × seconds).
    """
    clock = Clock(cluster)
    warm = max((clock.start(seconds) for seconds in warmups), default=0.0)
    clock.wait(warm)
    end = max((clock.start(seconds) for seconds in cells), default=warm)
    work = float(np.sum(warmups) + np.sum(cells))
    return Simulated(warm, end, work / (cluster.cores * end))


def draw(measured, n, factor=1.0):
    """Return `n` of the measured seconds, drawn with replacement, each so many times as long."""
    return factor * np.random.default_rng(0).choice(measured, n)
