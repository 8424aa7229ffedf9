"""What can be told of the site without building it: its links, its names, and its checker."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import sksgdprune
from tests.public import TOP

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
# Here or installed: the rest of the repository is beside the tests.
PACKAGE = Path(sksgdprune.__file__).parent
MADE = ("api/", "architecture/", "examples/")  # by the build


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


@pytest.fixture(autouse=True)
def _docs_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "docs"))


def test_the_checker_finds_links_to_nowhere_and_names_of_files_as_their_texts(tmp_path):
    from site_checks import files

    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="sub/page.html#there">x</a> <a href="sub/page.html#lost">x</a>'
        '<a href="none.html">x</a> <a href="https://example.org">x</a> <a href="#here">x</a>'
        '<p id="here"></p><script src="https://example.org/x.js"></script>'
    )
    (tmp_path / "sub" / "page.html").write_text(
        '<h1 id="there"></h1><a href="../index.html"><code>docs/index.md</code></a>'
        '<a href="../index.html">Read index.md</a>'
    )
    assert list(files.faults(tmp_path)) == [
        "index.html: loads https://example.org/x.js from elsewhere",
        "index.html: no place for the link sub/page.html#lost",
        "index.html: no file for the link none.html",
        "sub/page.html: the text of a link is the name of a file, docs/index.md",
    ]


def test_the_checker_finds_text_that_is_too_small_to_read(tmp_path):
    from matplotlib.figure import Figure
    from site_checks import browser

    from benchmarks._common import figures

    figure = Figure(figsize=(5, 3), dpi=144)  # 720 pixels wide
    figure.text(0.1, 0.5, "text", fontsize=10)
    figures.save(figure, tmp_path / "noted.png")
    figure.savefig(tmp_path / "plain.png")
    noted, plain = ((tmp_path / name).as_uri() for name in ("noted.png", "plain.png"))
    assert browser.illegible(noted, 360 / 720) is None  # 10 pixels
    assert browser.illegible(noted, 300 / 720).startswith("text of 8.3 pixels")
    assert "does not say" in browser.illegible(plain, 1)


@pytest.fixture
def claims_checker():
    return runpy.run_path(str(REPOSITORY / "docs" / "check_claims.py"))


def test_readme_and_pages_state_what_the_results_say(claims_checker, capsys):
    assert claims_checker["main"]() == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("page", "faults"),
    [
        ("We have 0.32 of it, 5 % in all.", []),
        ("We have\n0.324 of it, 5 %\nin all.", []),
        ("We have 0.33 of it, 5 % in all.", ["0.33 should be 0.324"]),
        ("We have 0.32 of it, 4 % in all.", ["4 should be 5.1"]),
        ("We have some of it, 5 % in all.", ["does not say", "no claim for 5"]),
        ("We have 0.32 of it, 5 % in all, in 3 s.", ["no claim for 3"]),
        ("We have 0.32 of it, 5 % in all, less by (-0.5).", ["no claim for 0.5"]),
        ("We have 0.32 of it, 5 % in all; `0.7`, [1.5](1.5.md).", ["no claim for 1.5"]),
    ],
)
def test_a_figure_that_differs_or_has_no_claim_is_found(page, faults, claims_checker, tmp_path):
    from claims import Claim, Value

    path = tmp_path / "page.md"
    path.write_text(f"# Title\n\n{page}\n\n```python\n0.99\n```\n")
    values = [Value("a.csv: rows, column", 0.324), Value("a.csv: rows, other", 0.051)]
    claim = Claim("We have {} of it, {} % in all", values)
    found = list(claims_checker["faults"](str(path), [claim]))
    assert len(found) == len(faults)
    for line, part in zip(found, faults, strict=True):
        assert part in line


@pytest.mark.parametrize("text", ["We have {}", "We have {}, {} and {}"])
def test_a_claim_has_a_value_for_each_number(text, claims_checker):
    from claims import Claim, Value

    claim = Claim(text, [Value("a.csv: rows, column", 1.0)] * 2)
    with pytest.raises(ValueError, match="Got 2 values for 'We have"):
        next(claims_checker["faults_of"](claim, "We have 1, 1 and 1", set()))


CONF = """
import sys
sys.path.insert(0, {folder!r})
extensions = ["api_pages", "numpydoc"]
numpydoc_show_class_members = False
default_role = "literal"
"""


@pytest.fixture
def page_of_a_class(tmp_path):
    """Return the HTML that a class of a new module gets, and what Sphinx says."""

    def build(docstring):
        folder = str(REPOSITORY / "docs" / "_extensions")
        (tmp_path / "conf.py").write_text(CONF.format(folder=folder))
        (tmp_path / "cooking.py").write_text(f'class Oven:\n    """{docstring}"""\n')
        (tmp_path / "index.rst").write_text("Oven\n====\n\n.. autoclass:: cooking.Oven\n")
        made = subprocess.run(
            [sys.executable, "-m", "sphinx", "-q", "-b", "html", ".", "html"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return (tmp_path / "html" / "index.html").read_text(encoding="utf-8"), made.stderr

    return build


OVEN = """Bake.

    The parameters, in two groups:

    - Heat: `degrees`, `fan`.
    - Time: `minutes`.

    Parameters
    ----------
    minutes : int
        How long.
    degrees : float
        How hot.
    fan : bool
        Whether air moves.
    """


def test_a_class_page_has_its_parameters_under_the_headings_of_their_groups(page_of_a_class):
    html, warnings = page_of_a_class(OVEN)
    assert warnings == ""
    shown = re.findall(r"<h[23][^>]*>(\w+)<|<strong>(\w+)</strong>", html)
    assert [first or second for first, second in shown][:6] == [
        *("Parameters", "Heat", "degrees", "fan", "Time", "minutes")
    ]
    assert 'href="#cooking.Oven.fan"' in html
    assert 'id="cooking.Oven.fan"' in html


def test_the_build_says_which_parameter_is_in_no_group(page_of_a_class):
    _, warnings = page_of_a_class(OVEN.replace(", `fan`", ""))
    assert "No group of Parameters has fan" in warnings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("An honest network is dearer.", ["honest", "dearer"]),
        ("On the mean, it\nhangs on the rate.", ["On the mean", "hangs on"]),
        ("a loss of .95, not of 0.95 or v1.95", [".95"]),
        ("the mean over a hundred draws", ["hundred draws"]),
        ("drawn on the mean images; 32 hidden units; the house number; of course", []),
    ],
)
def test_the_glossary_finds_what_pages_avoid_and_nothing_else(text, found):
    from glossary import words_to_mend

    assert sorted(words for words, _ in words_to_mend(text)) == sorted(found)
