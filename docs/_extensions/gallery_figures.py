"""The examples' figures in the style of all figures, each with a note of its smallest text."""

import matplotlib as mpl
import matplotlib.pyplot as plt
from sphinx_gallery.scrapers import matplotlib_scraper

from benchmarks._common.figures import STYLE, notes


def set_style(gallery_conf, name):
    """Give an example the settings of all figures, so that the script need not."""
    mpl.rcParams.update(STYLE)


def scrape(block, block_vars, gallery_conf):
    """Save the open figures as sphinx-gallery does, with the note for docs/check_site.py."""
    figures = [plt.figure(number) for number in plt.get_fignums()]
    given = {"metadata": notes(*figures)} if figures else {}
    return matplotlib_scraper(block, block_vars, gallery_conf, **given)
