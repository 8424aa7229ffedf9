"""Sphinx's configuration: `make docs` builds the site into docs/_build/html.

Pages are Markdown, and read on their own too; links to the benchmarks' results and to the
maintainers' README lead, on the site, to the pages made of these. Nothing comes from the network,
when the site is built or when it is read; INTERSPHINX=1 lets links lead to the documentation of
other packages.
"""

import logging
import os
import shutil
import sys
from importlib.metadata import metadata
from pathlib import Path

DOCS = Path(__file__).parent
REPOSITORY = DOCS.parent
sys.path[:0] = [str(DOCS), str(DOCS / "_extensions"), str(REPOSITORY)]
os.environ.setdefault("MPLBACKEND", "agg")

import api_pages  # noqa: E402
import draw_architecture  # noqa: E402

import sksgdprune  # noqa: E402

project = "sksgdprune"
author = copyright = "The sksgdprune developers"
release = version = sksgdprune.__version__
# Of pyproject's [project.urls], such as "Repository" and "Issues"; where there are none, no links.
urls = dict(
    line.split(", ", 1)
    for line in metadata("sksgdprune").get_all("Project-URL", [])
)

extensions = [
    "api_pages",
    "mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "gallery"]
templates_path = ["_templates"]
default_role = "literal"
smartquotes = False  # strings are to be copied
html_math_renderer = "mathml"
suppress_warnings = ["config.cache"]  # of autosummary_context

if os.environ.get("INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

# Pages

myst_enable_extensions = [
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
    "substitution",
]
myst_heading_anchors = 3
myst_substitutions = {
    "version": release,
    "links": "".join(f"[{name}]({url}) · " for name, url in urls.items()),
}
trim_doctest_flags = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

# Files of the repository that become pages, and what links to the repository lead to on the site.
PAGES = {
    "sksgdprune/README.md": "architecture/folders.md",
    "CONTRIBUTING.md": "architecture/contributing.md",
    "CHANGELOG.md": "architecture/changelog.md",
}
ON_THE_SITE = PAGES | {
    "benchmarks/README.md": "benchmarks.md",
    "benchmarks/results/": "benchmarks/",
}


def make_pages():
    """Copy what the repository has as pages, reports, tables and figures; draw the architecture."""
    (DOCS / "architecture").mkdir(exist_ok=True)
    for there, here in PAGES.items():
        shutil.copy(REPOSITORY / there, DOCS / here)
    reports = DOCS / "benchmarks"
    shutil.rmtree(reports, ignore_errors=True)
    shutil.copytree(REPOSITORY / "benchmarks" / "results", reports)
    draw_architecture.draw(DOCS / "architecture" / "architecture.png")


def lead_to_pages(app, docname, source):
    """Let a page's links to the repository lead to the site's pages."""
    for there, here in ON_THE_SITE.items():
        for link in (f"](../{there}", f"]({there}"):
            source[0] = source[0].replace(link, f"](/{here}")


def setup(app):
    """Prepare what the pages are made of."""
    make_pages()
    app.connect("source-read", lead_to_pages)


# API

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autosummary_context = {"methods_from": api_pages.methods}
autodoc_typehints = "none"  # numpydoc's sections say more
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# Gallery

# What a first fit says of its compilation, and Dask of its connections, would stand in the pages.
logging.getLogger("sksgdprune").setLevel(logging.ERROR)
os.environ["DASK_LOGGING__DISTRIBUTED"] = "error"

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": "plot_",
    "doc_module": ("sksgdprune",),
    "reference_url": {"sksgdprune": None},
    "backreferences_dir": "api/backreferences",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,  # its page loads scripts from elsewhere
    "image_scrapers": ["gallery_figures.scrape"],
    "reset_modules": ["matplotlib", "gallery_figures.set_style"],
    "within_subsection_order": "gallery_order.GalleryOrder",
}

# Theme

html_theme = "pydata_sphinx_theme"
html_title = "sksgdprune"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": f"sksgdprune {release}"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "show_prev_next": True,
    "navigation_with_keys": False,
    "use_edit_page_button": False,
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "theory": []}
