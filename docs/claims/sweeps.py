"""Cores, backends and memory of sweeps (benchmarks/sweeps/scaling.py)."""

from claims import Claim, mean, ratio


def beside_one_core(backend):
    """Return the time of a sweep of 40 cells with two cores over that of one after the other."""
    rows = "what == 'sweep' and cells == 40 and backend == '{}' and cores == {}"
    return ratio(
        mean("sweep_scaling", rows.format(backend, 2), "seconds"),
        mean("sweep_scaling", rows.format("sequential", 1), "seconds"),
    )


CELL = "what == 'cell' and rows == 100000 and hidden == 100"
TAKES = "a sweep over digits takes {} of the time of one core"

CLAIMS = {
    "docs/large_data.md": [
        Claim(TAKES, [beside_one_core("threading")]),
        Claim(TAKES, [beside_one_core("loky")]),
        Claim("Dask cluster it takes {},", [beside_one_core("dask")]),
        Claim("start within the time, {}.", [beside_one_core("ray")]),
        Claim(
            "takes {} MB beside the data",
            [mean("sweep_scaling", CELL, "megabytes")],
        ),
    ],
}
