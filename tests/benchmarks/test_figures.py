"""The style of the figures: what a figure says of its smallest text, and how wide it is."""

import matplotlib as mpl
import pytest
from PIL import Image

from benchmarks._common import figures


def drawn(**sizes):
    """Return a figure of a panel with a label, a title and a legend of these sizes in points."""
    figure, (ax,) = figures.stacked(1, 2.0)
    ax.plot([1, 2], [3, 4], label="line")
    ax.set_xlabel("x", fontsize=sizes.get("label", 12))
    ax.set_title("title", fontsize=sizes.get("title", 12))
    ax.tick_params(labelsize=sizes.get("ticks", 12))
    ax.legend(fontsize=sizes.get("legend", 12))
    return figure


@pytest.mark.parametrize("part", ["label", "title", "ticks", "legend"])
def test_the_smallest_text_is_found_wherever_it_is(part):
    assert figures.smallest_text(drawn()) == pytest.approx(12 * 144 / 72)
    assert figures.smallest_text(drawn(**{part: 7})) == pytest.approx(7 * 144 / 72)


def test_what_is_not_shown_does_not_count():
    figure = drawn()
    figure.axes[0].text(1, 3, "unseen", fontsize=4, visible=False)
    figure.axes[0].text(1, 3, " ", fontsize=4)
    assert figures.smallest_text(figure) == pytest.approx(24)


def test_an_exponent_counts_as_the_smaller_text_that_it_is():
    figure = drawn()
    figure.axes[0].text(1, 3, "$10^{-3}$", fontsize=12)
    assert figures.smallest_text(figure) == pytest.approx(0.7 * 24)


def test_a_file_names_its_smallest_text_and_is_five_inches_wide(tmp_path):
    figures.save(drawn(label=10), tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image:
        assert float(image.info["Smallest text"]) == 20
        assert image.width == 720


def test_two_columns_leave_no_empty_axes():
    figure, axes = figures.stacked(3, 1.5, n_columns=2, more=0.5)
    assert axes == figure.axes
    assert len(axes) == 3
    assert figure.get_size_inches().tolist() == [5, 3.5]


def test_the_style_ends_with_the_drawing():
    before = mpl.rcParams["axes.titlelocation"]

    @figures.styled
    def inside():
        return mpl.rcParams["axes.titlelocation"]

    assert (inside(), mpl.rcParams["axes.titlelocation"]) == ("left", before)
