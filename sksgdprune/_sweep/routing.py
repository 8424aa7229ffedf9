"""Metadata routing: who gets sample_weight, groups and the like in a sweep."""

from __future__ import annotations

from inspect import signature
from typing import NamedTuple

from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import process_routing

from sksgdprune._sweep.pipelines import without_last
from sksgdprune._utils.sklearn_private import routing_enabled
from sksgdprune._utils.warnings import warn


class Routed(NamedTuple):
    """Keyword arguments by who gets them; arrays have all rows."""

    split: dict
    earlier: dict  # the steps before the last one
    last: dict
    score: dict


def route(sweep, scorer, params):
    """Share out what was passed to `SparsitySweep.fit`.

    By scikit-learn's metadata routing, or, where that is off, as GridSearchCV does: groups to
    the splitter, the rest to the estimator, sample_weight to the scorer, too.
    """
    if routing_enabled():
        routed = process_routing(sweep, "fit", **params)
        split, fit, score = routed.splitter.split, routed.estimator.fit, routed.scorer.score
    else:
        fit = dict(params)
        split = {"groups": fit.pop("groups", None)}
        weighs = fit.get("sample_weight") is not None and _takes_weights(scorer)
        score = {"sample_weight": fit["sample_weight"]} if weighs else {}
    earlier, last = _by_step(sweep.estimator, fit)
    unknown = sorted(last.keys() - {"sample_weight"})
    if unknown:
        raise ValueError(f"Got {unknown} for the last step, which takes sample_weight in a sweep.")
    return Routed(split, earlier, last, score)


def _takes_weights(scorer):
    """Return whether a scorer takes sample_weight; warn where it does not."""
    if hasattr(scorer, "_accept_sample_weight"):
        takes = scorer._accept_sample_weight()
    else:
        takes = "sample_weight" in signature(scorer).parameters
    if not takes:
        message = f"{scorer} does not take sample_weight; it weighs all rows alike."
        warn(message, UserWarning)
    return takes


def _by_step(estimator, params):
    """Divide what an estimator's fit gets into the parts of its earlier steps and its last."""
    if not isinstance(estimator, Pipeline):
        return {}, params
    name, _ = estimator.steps[-1]
    if routing_enabled():
        last = process_routing(estimator, "fit", **params)[name].fit
        if len(estimator.steps) == 1:
            return {}, last
        router = without_last(estimator).get_metadata_routing()
        wanted = router.consumes(method="fit", params=params.keys())
        return {key: params[key] for key in wanted}, last
    bare = sorted(key for key in params if "__" not in key)
    if bare:
        raise ValueError(
            f"A Pipeline does not take {bare}; pass each to a step, as in {name}__sample_weight."
        )
    mine = f"{name}__"
    last = {k.removeprefix(mine): v for k, v in params.items() if k.startswith(mine)}
    return {k: v for k, v in params.items() if not k.startswith(mine)}, last
