"""
=========================
A sweep on a Dask cluster
=========================

A sweep is many trainings that do not wait for each other, and joblib's backends share them out.
With Dask the workers may be machines, and nothing in the sweep changes.
"""

# %%
# Here the cluster is a small one inside this process, with two workers of one thread each. On a
# real one the line would be ``Client("scheduler-address:8786")``.

from distributed import Client, get_task_stream

client = Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0")

# %%
# Six fractions p in three splits are eighteen *cells*, and the three splits have a warm-up each,
# from which all their cells go on. (The steps are a quarter of the default's.) ``get_task_stream``
# writes down which worker did what, and when.

import joblib
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
with get_task_stream(client=client) as stream, joblib.parallel_config("dask"):
    sweep.fit(X, y)
client.close()

# %%
# All warm-ups come first, then each worker takes the next cell as soon as it is free. The results
# are those of a sweep without Dask, to the last bit.

import matplotlib.pyplot as plt
import numpy as np

plt.style.use("seaborn-v0_8-colorblind")
tasks = sorted(
    (part["start"], part["stop"], task["worker"])
    for task in stream.data
    for part in task["startstops"]
    if part["action"] == "compute"
)
start, stop = np.array([task[:2] for task in tasks]).T
workers = sorted({worker for _, _, worker in tasks})
row = np.array([workers.index(worker) for _, _, worker in tasks])

figure, ax = plt.subplots(figsize=(5.2, 3.2), layout="constrained")
is_warmup = np.arange(len(tasks)) < sweep.n_splits_
for some, colour, label in ((is_warmup, "C2", "warm-ups"), (~is_warmup, "C0", "cells")):
    ax.barh(
        row[some],
        (stop - start)[some],
        left=start[some] - start.min(),
        color=colour,
        edgecolor="white",
        label=label,
    )
ax.set(
    xlabel="seconds since the first task",
    title=f"{(stop - start).sum():.1f} s of work, done in {stop.max() - start.min():.1f} s",
)
ax.set_yticks(range(len(workers)), [f"worker {number + 1}" for number in range(len(workers))])
figure.legend(loc="outside lower center", ncols=2)
plt.show()

# %%
# How much time is gained depends on the cores that are free; a worker that shares its core takes
# longer for each task. With worker processes, ``Client()`` in a script has to stand behind ``if
# __name__ == "__main__":``, as they import the script again. What happens when a worker is killed,
# and how a sweep goes on after a power cut, is told on the page about sweeps.
