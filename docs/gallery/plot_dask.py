"""
=========================
A sweep on a Dask cluster
=========================

A sweep is many training runs that do not wait for each other, and joblib's backends share them out.
With Dask the workers may be machines, and nothing in the sweep changes.
"""

# %%
# Here the cluster is a small one inside this process, with two workers of one thread each. On a
# real one the line would be ``Client("scheduler-address:8786")``.

from distributed import Client, get_task_stream

client = Client(
    n_workers=2,
    threads_per_worker=1,
    processes=False,
    dashboard_address=":0",
)

# %%
# Six fractions p in three splits are eighteen *cells*, and the three splits have a warm-up each,
# from which all their cells go on. (The steps are a quarter of the default's.)

import joblib
from sklearn.base import clone
from sklearn.datasets import load_digits

from sksgdprune import PreconditionedMLPClassifier, SparsitySweep

X, y = load_digits(return_X_y=True)
sweep = SparsitySweep(
    PreconditionedMLPClassifier((32,)),
    p=[0, 0.5, 0.8, 0.9, 0.95, 0.98],
    cv=3,
    refit=False,
    n_jobs=-1,
    warmup_steps=800,
    finetune_steps=2_400,
    random_state=0,
)

# %%
# ``get_task_stream`` records which worker did what, and when. A short sweep goes before, for
# kernels that have not been compiled yet on this machine are compiled on their first use.

clone(sweep).set_params(
    p=[0, 0.98], n_jobs=1, warmup_steps=10, finetune_steps=100
).fit(X, y)

with (
    get_task_stream(client=client) as stream,
    joblib.parallel_config("dask"),
):
    sweep.fit(X, y)
client.close()

# %%
# Each worker takes the next task as soon as it is free; the slivers at the beginning are the
# warm-ups. The results are those of a sweep without Dask, to the last bit.

import matplotlib.pyplot as plt

tasks = [
    (task["worker"], part["start"], part["stop"] - part["start"])
    for task in stream.data
    for part in task["startstops"]
    if part["action"] == "compute"
]
begin = min(start for _, start, _ in tasks)
seconds = max(start + duration for _, start, duration in tasks) - begin
work = sum(duration for _, _, duration in tasks)
workers = sorted({worker for worker, _, _ in tasks})

figure, ax = plt.subplots(figsize=(5, 2.8), layout="constrained")
for worker, start, duration in tasks:
    row = workers.index(worker)
    ax.barh(
        row,
        duration,
        left=start - begin,
        color=f"C{row}",
        edgecolor="white",
    )
ax.set(
    xlabel="seconds since the first task",
    title=f"{work:.1f} s of training, done in {seconds:.1f} s",
)
ax.set_yticks(
    range(len(workers)),
    [f"worker {number + 1}" for number in range(len(workers))],
)
plt.show()

# %%
# How much time is gained depends on the cores that are free; a worker that shares its core takes
# longer for each task. On a cluster of worker processes nothing changes, but that a script has to
# make its client under ``if __name__ == "__main__":``, as workers import the script again. What
# happens when a worker is killed, and how a sweep goes on after a power cut, is explained on the
# page about sweeps.
