"""Times of one row in a service (benchmarks/deployment/latency.py)."""

from claims import Claim, cell

LARGE, SMALL = "784-300-100-10", "64-32-10"
STAGES = (
    "dense",
    "95 % of the weights pruned",
    "80 % of the units pruned",
)
OURS, ONNX = "sksgdprune", "ONNX Runtime"


def latency(form, column, stage=STAGES[0], network=SMALL, scale=1.0):
    """Return a column of latency.csv, times `scale`."""
    rows = f'network == "{network}" and stage == "{stage}" and form == "{form}"'
    return cell("latency", rows, column, scale)


def row_times(form):
    """Return the median and the 99th percentile of a form's times, network by network."""
    columns = "median_microseconds", "p99_microseconds"
    return [
        latency(form, column, stage, LARGE)
        for stage in STAGES
        for column in columns
    ]


SERVICE = [
    Claim(
        "needs {} s of CPU time to import the package and load the estimator",
        [latency(OURS, "load_milliseconds", scale=1e-3)],
    ),
    Claim(
        "and {} s to import ONNX Runtime and load",
        [latency(ONNX, "load_milliseconds", scale=1e-3)],
    ),
    Claim(
        "the following rows is {} ms for the dense estimator, where the "
        "first row takes {} ms",
        [
            latency(OURS, "median_microseconds", scale=1e-3),
            latency(OURS, "first_row_milliseconds"),
        ],
    ),
    Claim("medians of {} calls", [latency(OURS, "n_calls")]),
    Claim(
        "| the estimator | {} ({}) | {} ({}), sparsified | {} ({}) |",
        row_times(OURS),
    ),
    *(
        Claim(f"| {name} {'| {} ({}) ' * 3}|", row_times(form))
        for name, form in {
            "scikit-learn's MLP, by `to_sklearn`": "scikit-learn's MLP",
            "ONNX Runtime": ONNX,
            "C by ctypes": "C by ctypes",
        }.items()
    ),
]

CLAIMS = {"docs/service.md": SERVICE}
