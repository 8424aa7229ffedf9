"""Random generators that a failed call leaves as they were."""

from contextlib import contextmanager


@contextmanager
def restored_on_error(rng):
    """Set a generator back to where it was if the block raises; None is no generator."""
    before = None if rng is None else rng.get_state()
    try:
        yield
    except BaseException:
        if rng is not None:
            rng.set_state(before)
        raise
