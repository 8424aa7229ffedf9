"""Times of steps, predictions and first fits (benchmarks/speed)."""

from claims import Claim, cell

SMALL, WIDE = "61-32-10, S 32", "784-300-100-10, S 128"
CUT = "sksgdprune, pruned 0.95, sparsified"


def measured(figure, contender, network="61-32-10", times=1.0):
    """Return what was measured of a contender in float64."""
    rows = (
        f"figure == '{figure}' and contender == '{contender}' and against.isna() "
        f"and network == '{network}' and dtype == 'float64'"
    )
    return cell("speed", rows, "value", times)


def pickle():
    """Return the size of a pruned network's pickle as a part of the dense one's."""
    rows = "figure == 'pickle' and network == '784-300-100-10' and ratio.notna()"
    return cell("speed", rows, "ratio")


def ratio(contender, against, network):
    """Return a contender's time of a step in float64 as a multiple of another's."""
    rows = (
        f"figure == 'step' and contender == '{contender}' and against == '{against}' "
        f"and network == '{network}' and dtype == 'float64'"
    )
    return cell("speed", rows, "ratio")


def steps(contender):
    """Return the times of a step of both networks."""
    return [
        measured("step", contender, network) for network in (SMALL, WIDE)
    ]


STEPS = {
    "the step's matrix products alone": "products, compiled loop",
    "`sksgdprune`": "sksgdprune",
    "`sksgdprune`, 90 % pruned": "sksgdprune, pruned 0.9",
    "`sksgdprune`, 98 % pruned": "sksgdprune, pruned 0.98",
    "scikit-learn's MLP, plain SGD": "scikit-learn",
    "torch, plain SGD": "torch",
    "torch, the same preconditioner": "torch, preconditioned",
}
COLD = measured("first fit, cold", "sksgdprune")
WARM = measured("first fit, warm cache", "sksgdprune")

CLAIMS = {
    "docs/benchmarks.md": [
        *(
            Claim(f"| {title} | {{}} | {{}} |", steps(contender))
            for title, contender in STEPS.items()
        ),
        Claim(
            "predicts 4,096 rows in {} ms; scikit-learn's dense network needs {} ms.",
            [
                measured("predict 4,096", name, "784-300-100-10", 1e-3)
                for name in (CUT, "scikit-learn")
            ],
        ),
        Claim("Its pickle has {} % of the size", [pickle()]),
        Claim("compiles for {} s", [COLD]),
    ],
    "docs/deployment.md": [
        Claim("{} % of the dense one, is in float64", [pickle()]),
    ],
    "docs/first_fit.md": [
        Claim("That takes {} s", [COLD]),
        Claim("the first fit in a new process takes {} s", [WARM]),
        Claim(
            "compiles once more, for {} s",
            [
                measured(
                    "first fit after a dense one",
                    "pruned by 0.9, partial_fit",
                )
            ],
        ),
    ],
    "docs/faq.md": [
        Claim("{} s at the first fit on a machine", [COLD]),
        Claim("the first fit in the next process takes {} s", [WARM]),
        Claim(
            "a step is {} times as fast in a small network (61-32-10), "
            "{} times in a large one (784-300-100-10)",
            [
                ratio("sksgdprune", "sksgdprune, float32", network)
                for network in (SMALL, WIDE)
            ],
        ),
        Claim(
            "takes {} of the time at 90 % pruned, and {} at 98 %",
            [
                ratio(f"sksgdprune, pruned {p}", "sksgdprune", WIDE)
                for p in (0.9, 0.98)
            ],
        ),
        Claim(
            "takes {} µs (61-32-10) to {} ms (784-300-100-10)",
            [
                measured("step", "sksgdprune", SMALL),
                measured("step", "sksgdprune", WIDE, 1e-3),
            ],
        ),
    ],
}
