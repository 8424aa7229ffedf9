"""The built site's files: its pages, their links, what they load, and the texts of links."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

FILE_NAME = re.compile(
    r"[\w./-]+\.(?:md|rst|py|ipynb|csv|json|png|toml|html)"
)


class Page(HTMLParser):
    """What a page links to and by which texts, loads, and can be linked at."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.ids, self.texts = [], [], set(), []
        self._in_link = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Take down what a tag says."""
        attrs = dict(attrs)
        self.ids |= {attrs.get("id"), attrs.get("name")}
        if tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])
            self.texts.append("")
            self._in_link = True
        elif tag in ("script", "img", "source") and attrs.get("src"):
            self.loads.append(attrs["src"])
        elif tag == "link" and "stylesheet" in attrs.get("rel", ""):
            self.loads.append(attrs["href"])

    def handle_endtag(self, tag):
        """End a link's text."""
        self._in_link = self._in_link and tag != "a"

    def handle_data(self, data):
        """Add to a link's text."""
        if self._in_link:
            self.texts[-1] += data


def names_of_pages(site):
    """Return the pages' paths within the site; the theme's templates are none."""
    names = (
        path.relative_to(site).as_posix()
        for path in sorted(site.rglob("*.html"))
    )
    return [name for name in names if not name.startswith("_static/")]


def faults(site):
    """Yield a line for each fault of the files: of links, of their texts, and of what is loaded."""
    pages = {name: Page(site / name) for name in names_of_pages(site)}
    for name, page in pages.items():
        for target in page.loads:
            if urlsplit(target).netloc:
                yield f"{name}: loads {target} from elsewhere"
        for link in page.links:
            if fault := broken(site, pages, name, link):
                yield f"{name}: {fault} the link {link}"
        for text in map(str.strip, page.texts):
            if FILE_NAME.fullmatch(text):
                yield f"{name}: the text of a link is the name of a file, {text}"


def broken(site, pages, name, link):
    """Return what a page's link lacks within the site, or None."""
    if urlsplit(link).scheme:
        return None
    place, fragment = urldefrag(urljoin(f"/{name}", link))
    place = unquote(urlsplit(place).path).lstrip("/") or "index.html"
    if not (site / place).is_file():
        return "no file for"
    if (
        fragment
        and place in pages
        and unquote(fragment) not in pages[place].ids
    ):
        return "no place for"
    return None
