"""What can be told of the site without building it: its links, its names, and its checker."""

import re
import runpy
from pathlib import Path

import pytest

import sksgdprune
from tests.public import TOP

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
# Here or installed: the rest of the repository is beside the tests.
PACKAGE = Path(sksgdprune.__file__).parent
MADE = ("examples/", "architecture/architecture.png")  # by the build


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    for link in links:
        if "sksgdprune/" in link:
            assert (PACKAGE / link.partition("sksgdprune/")[2]).exists(), link
        elif not link.startswith(("http", *MADE)):
            assert (page.parent / link).exists(), link


def test_the_api_reference_lists_every_public_name_once():
    text = (REPOSITORY / "docs" / "api.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^   ([A-Za-z_]\w*)$", text, re.MULTILINE)
    assert sorted(listed) == sorted(name.value.__name__ for name in TOP)


def test_every_page_is_in_a_toctree():
    sources = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    trees = "\n".join(re.findall(r"```\{toctree\}\n(.*?)```", sources, re.DOTALL))
    listed = re.findall(r"^(?:.*<)?([\w/]+)>?$", trees, re.MULTILINE)
    assert {page.stem for page in PAGES[1:]} - {*listed} == {"index"}


@pytest.fixture
def links_to_nowhere():
    return runpy.run_path(str(REPOSITORY / "docs" / "check_site.py"))["links_to_nowhere"]


def test_the_checker_finds_links_that_lead_nowhere(tmp_path, links_to_nowhere):
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="sub/page.html#there">x</a> <a href="sub/page.html#lost">x</a>'
        '<a href="none.html">x</a> <a href="https://example.org">x</a> <a href="#here">x</a>'
        '<p id="here"></p><script src="https://example.org/x.js"></script>'
    )
    (tmp_path / "sub" / "page.html").write_text('<h1 id="there"></h1><a href="../index.html">x</a>')
    assert list(links_to_nowhere(tmp_path)) == [
        "index.html: loads https://example.org/x.js from elsewhere",
        "index.html: no place for the link sub/page.html#lost",
        "index.html: no file for the link none.html",
    ]
