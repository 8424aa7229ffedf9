"""The package's records as dicts and tuples, for files that name no classes but the public ones.

A pickle, and a file of skops, names the class of each object in it, and skops has the user say
which of them to trust. An estimator's state holds a dozen private ones: it is written without.
"""

from dataclasses import fields, is_dataclass

from sksgdprune._data.sampling import Sampler
from sksgdprune._data.standardization import Moments, Seen
from sksgdprune._kernels.types import State, Units
from sksgdprune._network.layout import Layout
from sksgdprune._network.network import FittedNetwork
from sksgdprune._network.parameters import Parameters, Remaining
from sksgdprune._targets.predictive import Calibration
from sksgdprune._targets.targets import Classes, Counts, Labels, Reals

_OF_NETWORK = FittedNetwork, Layout, Parameters, Remaining, State, Units, Calibration
_OF_TRAINING = Seen, Moments, Sampler
RECORDS = {
    kind.__name__: kind for kind in (*_OF_NETWORK, Classes, Labels, Reals, Counts, *_OF_TRAINING)
}
NAME = "__record__"
ATTRIBUTES = "_network", "_seen", "_sampler"  # those of an estimator that hold records


class PlainStateMixin:
    """Stands before BaseEstimator, whose state it writes without records."""

    def __getstate__(self):
        return _changed(plain, super().__getstate__())

    def __setstate__(self, state):
        super().__setstate__(_changed(restored, state))


def _changed(change, state):
    """Return a state with what holds records changed; the rest may be the user's."""
    return state | {name: change(state[name]) for name in ATTRIBUTES if name in state}


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
    kind = RECORDS[value[NAME]]
    content = {name: restored(v) for name, v in value.items() if name != NAME}
    if issubclass(kind, tuple):
        return kind(**content)
    record = object.__new__(kind)
    vars(record).update(content)
    return record


def _fields(record):
    """Return what a record holds by name, without what it has computed and can compute again."""
    if isinstance(record, tuple):
        return record._asdict()
    if is_dataclass(record):
        return {field.name: getattr(record, field.name) for field in fields(record)}
    return vars(record)
