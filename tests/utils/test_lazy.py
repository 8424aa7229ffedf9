"""Properties that are computed once."""

from sksgdprune._utils.lazy import cached_property
from tests.processes import beside, ends_well_in_a_child, needs_fork


class Slow:
    """Has a property that takes as long as is asked for, and how often it was computed."""

    def __init__(self, wait=lambda: None):
        self.wait, self.times = wait, 0

    @cached_property
    def value(self):
        """The value."""
        self.wait()
        self.times += 1
        return [self.times]


def test_it_is_computed_once_for_each_object():
    one, other = Slow(), Slow()
    assert one.value is one.value
    assert one.value is not other.value
    assert one.times == other.times == 1
    assert Slow.value.__doc__ == "The value."


def test_one_that_is_set_beforehand_is_not_computed():
    one = Slow()
    vars(one)["value"] = 3
    assert one.value == 3
    assert one.times == 0


@needs_fork
def test_a_child_forked_while_another_thread_computes_one_computes_its_own():
    def compute(begun, may_end):
        def wait():
            begun.set()
            may_end.wait(30)

        assert Slow(wait).value == [1]

    with beside(compute):
        assert ends_well_in_a_child(lambda: Slow().value == [1], seconds=5)
