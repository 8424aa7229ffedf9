"""An estimator's state as dicts and tuples, for files that name no classes but the public ones.

A pickle, and a file of skops, names the class of each object in it, and skops has the user say
which of them to trust. A state holds a dozen private records: it is written without.
"""

from dataclasses import fields, is_dataclass

from sksgdprune._data.moments import Moments, Running, RunningMoments
from sksgdprune._data.sampling import Sampler, Unfinished
from sksgdprune._kernels.types import Encoding, State
from sksgdprune._network.layout import Layout
from sksgdprune._network.network import FittedNetwork
from sksgdprune._network.parameters import Parameters
from sksgdprune._network.sparsified import Remaining
from sksgdprune._targets.classification import CLASSIFICATION
from sksgdprune._targets.regression import REGRESSION
from sksgdprune._training.state import History, Selection, TrainingState
from sksgdprune._uncertainty.calibration import Calibration

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


def restored_attributes(attributes):
    """Return the attributes of which `plain_attributes` made these."""
    return _changed(restored, attributes)


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
    return record.__getstate__()
