"""Random generators that a failed call leaves as they were."""

from contextlib import contextmanager


@contextmanager
def restored_on_error(rng):
    """Set a generator back to where it was if the block raises."""
    before = rng.get_state()
    try:
        yield rng
    except BaseException:
        rng.set_state(before)
        raise
