"""
=============================
Run a sweep on a Dask cluster
=============================

A sweep has many independent training runs, which joblib distributes. With
joblib's Dask backend they can run on several machines, and the code of the
sweep stays the same.
"""

# %%
# This cluster is a small one inside this process: two workers of one
# thread each. For a real cluster write
# ``Client("scheduler-address:8786")``.

from distributed import Client, get_task_stream

client = Client(
    n_workers=2,
    threads_per_worker=1,
    processes=False,
    dashboard_address=":0",
)

# %%
# Six fractions p in three splits make 18 *cells*, each a training run.
# Each split has a warm-up, from which its cells start. (The steps are a
# quarter of the default.)

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
# ``get_task_stream`` records when each worker ran which task. A short
# sweep runs before, because kernels are compiled at their first use on a
# machine.

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
# Each worker takes the next task as soon as it is free. The narrow bars at
# the beginning are the warm-ups. The results equal those of a sweep
# without Dask, to the last bit.

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
    xlabel="time since the first task (s)",
    title=f"{work:.1f} s of training took {seconds:.1f} s",
)
ax.set_yticks(
    range(len(workers)),
    [f"worker {number + 1}" for number in range(len(workers))],
)
plt.show()

# %%
# The gain depends on the number of free cores: workers that share a core
# take longer for each task. On a cluster of processes a script must create
# its client under ``if __name__ == "__main__":``, because the workers
# import the script again. The page about sweeps explains what happens when
# a worker is killed, and how a sweep resumes after an interruption.
