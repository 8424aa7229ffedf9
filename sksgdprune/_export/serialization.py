"""An estimator's state as dicts and tuples, for files that name no classes but the public ones.

A pickle, and a file of skops, names the class of each object in it, and skops has the user say
which of them to trust. A state holds a dozen private records: it is written without.
"""

from sksgdprune._data.moments import Moments, Running, RunningMoments
from sksgdprune._data.sampling import Sampler, Unfinished
from sksgdprune._export.checks import check_generator, check_state, damaged
from sksgdprune._kernels.types import Encoding, State
from sksgdprune._network.layout import Layout
from sksgdprune._network.network import FittedNetwork
from sksgdprune._network.parameters import Parameters
from sksgdprune._network.sparsified import Remaining
from sksgdprune._targets.classification import CLASSIFICATION
from sksgdprune._targets.regression import REGRESSION
from sksgdprune._training.state import History, Selection, TrainingState
from sksgdprune._uncertainty.calibration import Calibration
from sksgdprune._utils.annotations import field_defaults, field_types

_OF_NETWORK = FittedNetwork, Layout, Parameters, Remaining, State, Encoding, Calibration
_OF_MOMENTS = RunningMoments, Running, Moments
_OF_TRAINING = TrainingState, History, Selection, *_OF_MOMENTS, Sampler, Unfinished
RECORDS = {
    kind.__name__: kind for kind in (*_OF_NETWORK, *CLASSIFICATION, *REGRESSION, *_OF_TRAINING)
}
NAME = "__record__"
ATTRIBUTE = "_state"  # of an estimator; it alone holds records


def plain_attributes(attributes):
    """Return an estimator's attributes with its state as dicts and tuples."""
    return _changed(plain, attributes)


def restored_attributes(attributes, targets):
    """Return the attributes of which `plain_attributes` made these, checked.

    `targets` are the kinds that the estimator may have. ValueError where a part of what is stored
    does not go with the others.
    """
    attributes = _changed(restored, attributes)
    check_generator(attributes.get("random_state"), "random_state")
    if ATTRIBUTE in attributes:
        check_state(attributes[ATTRIBUTE], attributes, targets)
    return attributes


def _changed(change, attributes):
    """Return attributes with the state changed; the rest may be the user's."""
    if ATTRIBUTE not in attributes:
        return attributes
    return attributes | {ATTRIBUTE: change(attributes[ATTRIBUTE])}


def plain(value):
    """Return records, and tuples of them, as dicts and tuples; anything else as it is."""
    if type(value) is tuple:
        return tuple(map(plain, value))
    if type(value) not in RECORDS.values():
        return value
    return {NAME: type(value).__name__} | {name: plain(v) for name, v in _fields(value).items()}


def restored(value):
    """Return the value of which `plain` made this."""
    if type(value) is tuple:
        return tuple(map(restored, value))
    if type(value) is not dict or NAME not in value:
        return value
    return _record(value[NAME], {name: restored(v) for name, v in value.items() if name != NAME})


def _record(name, content):
    """Return a record of what was stored; what an older file does not have is the default."""
    kind = RECORDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise damaged("a record", name, "the name of one")
    content, expected = field_defaults(kind) | content, field_types(kind).keys()
    if content.keys() != expected:
        raise damaged(f"the fields of a {name}", sorted(content, key=str), ", ".join(expected))
    if issubclass(kind, tuple):
        return kind(**content)
    record = object.__new__(kind)
    vars(record).update(content)
    return record


def _fields(record):
    """Return what a record holds by name, without what it has computed and can compute again."""
    if isinstance(record, tuple):
        return record._asdict()
    state = record.__getstate__()
    return {name: state[name] for name in field_types(type(record))}
