"""A user's script for tests/ecosystem/test_typing.py: checkers flag the marked lines and no others.

It is read by them and never run.
"""

from typing import assert_type

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksgdprune import (
    CoverageDisplay,
    NetworkDisplay,
    PreconditionedMLPClassifier,
    PreconditionedMLPRegressor,
    SparsitySweep,
    SparsitySweepDisplay,
    prune_gradually,
    schedules,
    within,
)

Array = NDArray[np.float64]
X, y = load_iris(return_X_y=True)
patients, progress = load_diabetes(return_X_y=True)
rows: Array = np.zeros((6, 2))
labels: list[str] = ["a", "b", "c"] * 2

# Constructors.
clf = PreconditionedMLPClassifier((32,), "tanh", loss="double_softmax", random_state=0)
clf = PreconditionedMLPClassifier(32, learning_rate=0.1, max_steps=500, class_weight={"a": 2})
clf = PreconditionedMLPClassifier([10, 10], n_iter_no_change=np.inf, average=100, n_jobs=-1)
reg = PreconditionedMLPRegressor(loss="poisson", n_draws=50, posterior_size="n_samples")
reg = PreconditionedMLPRegressor(output_activation="relu", random_state=np.random.RandomState(0))
PreconditionedMLPClassifier(activation="swish")  # flagged
PreconditionedMLPClassifier((32,), "swish")  # flagged
PreconditionedMLPClassifier(loss="squared_error")  # flagged
PreconditionedMLPClassifier(max_steps="500")  # flagged
PreconditionedMLPClassifier(max_steps=1.5)  # flagged
PreconditionedMLPClassifier(learning_rate="adaptive")  # flagged
PreconditionedMLPClassifier(hidden_layer_sizes="100")  # flagged
PreconditionedMLPClassifier(class_weight="balance")  # flagged
PreconditionedMLPClassifier(hidden_layers=(32,))  # flagged
PreconditionedMLPClassifier((32,), "tanh", "log_loss")  # flagged
PreconditionedMLPClassifier(random_state="0")  # flagged
PreconditionedMLPRegressor(loss="absolute_error")  # flagged
PreconditionedMLPRegressor(preconditioner="adam")  # flagged
PreconditionedMLPRegressor(class_weight="balanced")  # flagged

# fit and partial_fit return the estimator itself.
assert_type(clf.fit(rows, labels), PreconditionedMLPClassifier)
assert_type(reg.fit(patients, progress).partial_fit(patients, progress), PreconditionedMLPRegressor)
clf.fit([[0.0, 1.0], [1.0, 0.0]], ["a", "b"], sample_weight=[1, 2], X_val=rows, y_val=labels)
clf.fit(csr_array(rows), labels)
clf.partial_fit(rows, labels, classes=["a", "b", "c"], n_steps=100)
reg.partial_fit(rows, rows, n_steps=100)
clf.fit(rows)  # flagged
clf.fit(None, labels)  # flagged
clf.fit(rows, labels, epochs=10)  # flagged
clf.partial_fit(rows, labels, n_steps="100")  # flagged
reg.partial_fit(rows, rows, classes=[0, 1])  # flagged

# Predictions.
assert_type(clf.score(rows, labels), float)
proba: Array = clf.predict_proba(rows)
entropy: Array = clf.predict_uncertainty(rows).entropy
mean: Array = reg.predict(rows)
mean, std = reg.predict(rows, return_std=True)
low, high = reg.predict_interval(rows, coverage=0.8).T
samples: Array = reg.sample_y(rows, 10, random_state=0)
total: float = reg.log_likelihood(rows, rows[:, 0]).sum()
accuracy: str = clf.score(rows, labels)  # flagged
column: tuple[Array, Array] = clf.predict(rows)  # flagged
both: tuple[Array, Array] = reg.predict(rows)  # flagged
single: Array = reg.predict(rows, return_std=True)  # flagged
reg.predict(rows, return_std="yes")  # flagged
reg.predict_interval(rows, coverage="90 %")  # flagged
reg.predict_interval(rows, confidence=0.9)  # flagged
clf.predict(rows, return_std=True)  # flagged


# Cuts.
def score_of_mine(evidence) -> ArrayLike:
    """Return one number per parameter."""
    return evidence.theta**2


assert_type(clf.prune(0.9).sparsify().densify().compact(), PreconditionedMLPClassifier)
assert_type(reg.freeze(0.5, "random").unfreeze(), PreconditionedMLPRegressor)
clf.prune(0.9, "fisher", scope="layer", X=rows, y=labels).prune(0.95, structure="unit")
clf.prune(0.9, score_of_mine).prune(0.95, lambda e: np.abs(e.theta * e.gradient), X=rows, y=labels)
clf.freeze(0.5, scope="global", include_biases=False, X=rows, y=labels)
pruned = prune_gradually(clf, rows, labels, 0.9, schedule="cubic", n_steps=1000)
assert_type(pruned, PreconditionedMLPClassifier)
prune_gradually(reg, rows, rows, 0.9, schedule=schedules.Geometric(n_cuts=10))
clf.prune(0.9, "magnitud")  # flagged
clf.prune("90 %")  # flagged
clf.prune()  # flagged
clf.prune(0.9, scope="local")  # flagged
clf.prune(0.9, structure="layer")  # flagged
clf.prune(0.9, lambda e: np.abs(e.weights))  # flagged
clf.freeze(0.5, "magnitude")  # flagged
clf.freeze(0.5, scope="connected")  # flagged
clf.freeze(0.5, structure="unit")  # flagged
prune_gradually(clf, rows, labels, 0.9, schedule="cosine")  # flagged
prune_gradually(clf, rows, labels, 0.9, n_steps=None)  # flagged
prune_gradually("clf", rows, labels, 0.9)  # flagged

# Exports.
assert_type(clf.to_c(name="clf", dtype="int8"), str)
reg.to_c("reg.c", dtype="float64")
clf.to_c(dtype="float16")  # flagged
n_characters = len(reg.to_c("reg.c"))  # flagged

# Fitted attributes.
assert_type(clf.sparsity_, float)
assert_type(clf.n_layers_, int)
assert_type(clf.loss_curve_, list[float])
n_pruned: int = clf.sparsity_report_[0]["pruned"]
n_bytes: int = clf.sparsity_report_.n_bytes
theta: Array = clf.theta_ + reg.X_mean_ + reg.y_scale_
clf.coefs_ = [W * 2 for W in clf.coefs_]
if reg.noise_std_ is not None:
    widest: float = float(reg.noise_std_.max())
t: int = clf.t_ + clf.out_activation_  # flagged
n_rows: int = clf.sparsity_.shape[0]  # flagged
wide: Array = 2 * reg.noise_std_  # flagged
clf.sparsity_ = 0.5  # flagged


# Schedules.
class Halves:
    """A schedule of one's own."""

    def plan(self, p: float, n_steps: int) -> list[tuple[float, int]]:
        """Return two cuts."""
        return [(p / 2, n_steps // 2), (p, n_steps - n_steps // 2)]


assert_type(schedules.Linear(n_cuts=3).plan(0.9, 1000), list[schedules.Stage])
fraction: float = schedules.resolve("cubic").plan(0.9, 1000).__iter__().__next__()[0]
schedules.Linear(n_cuts="3")  # flagged
schedules.Iterative(3, random_reinit=True)
schedules.Stage(0.9, 100, rewind="random")
schedules.Iterative(share=0.5)  # flagged
schedules.Iterative(random_reinit="random")  # flagged
schedules.Stage(0.9, 100, rewind="start")  # flagged
schedules.OneShot().plan(0.9)  # flagged
schedules.resolve("cosine")  # flagged

# Sweeps.
sweep = SparsitySweep(clf, p=0.8, method="magnitude", schedule=Halves(), random_state=0)
sweep = SparsitySweep(reg, p=[0, 0.5, 0.9], cv=5, scoring=["r2", "max_error"], refit="one_se")
sweep = SparsitySweep(clf, p=np.linspace(0, 1, 5), cv=StratifiedKFold(3), refit=False, memory="d")
sweep = SparsitySweep(clf, p=[0, 0.5], refit=within(0.01, relative=True))
sweep = SparsitySweep(clf, p=[0, 0.5], refit=within({"accuracy": 0.01, "neg_log_loss": 0.05}))
sweep = SparsitySweep(make_pipeline(StandardScaler(), clf), action="freeze", error_score="raise")
assert_type(sweep.fit(rows, labels, sample_weight=[1] * 6), SparsitySweep)
assert_type(sweep.partial_fit(rows, labels, n_steps=100), SparsitySweep)
assert_type(sweep.best_p_, float)
means: Array = sweep.cv_results_["mean_test_score"]
low, high = sweep.best_estimator_.predict_interval(rows, coverage=0.8).T
n_scores: int = len(sweep.to_frame())
good: bool = sweep.score(rows, labels) > 0.9
cross_val_score(sweep, rows, labels)
GridSearchCV(sweep, {"p": [0.5, 0.9]}).fit(rows, labels).best_estimator_.predict(rows)
SparsitySweep()  # flagged
SparsitySweep(clf, 0.8)  # flagged
SparsitySweep(clf, p="0.8")  # flagged
SparsitySweep(clf, action="drop")  # flagged
SparsitySweep(clf, method="magnitud")  # flagged
SparsitySweep(clf, schedule="cosine")  # flagged
SparsitySweep(clf, schedule=Halves)  # flagged
SparsitySweep(clf, refit=True)  # flagged
SparsitySweep(clf, refit=0.01)  # flagged
SparsitySweep(clf, refit=within)  # flagged
within("1 %")  # flagged
within(0.01, True)  # flagged
SparsitySweep(clf, cv=0.5)  # flagged
SparsitySweep(clf, warmup_steps=None)  # flagged
sweep.predict(rows, return_std=True)  # flagged
sweep.partial_fit(rows, labels, n_steps="100")  # flagged
n_rows = sweep.best_p_.shape[0]  # flagged

# Displays.
display = SparsitySweepDisplay.from_estimator(sweep, metric="r2", x="remaining")
assert_type(display.plot(one_se=True, line_kw=[{"color": "red"}]), SparsitySweepDisplay)
assert_type(SparsitySweepDisplay.from_estimators({"a": sweep}, ax=display.ax_).ax_, Axes)
SparsitySweepDisplay.from_cv_results(sweep.cv_results_).plot(score_type="both", spread="ci")
CoverageDisplay.from_estimator(reg, rows, rows[:, 0], coverages=[0.5, 0.9]).plot(ax=display.ax_)
NetworkDisplay.from_estimator(clf, input_shape=(1, 2)).plot(cmap="PiYG").axes_[0].set_title("W")
display.plot(x="sparsity")  # flagged
display.plot(score_type="validation")  # flagged
display.plot(spread="sd")  # flagged
SparsitySweepDisplay.from_estimators([sweep])  # flagged
NetworkDisplay.from_estimator(clf, input_shape="1x2")  # flagged
NetworkDisplay.from_estimator(clf, input_shape=28)  # flagged
