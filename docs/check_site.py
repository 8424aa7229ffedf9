"""Open every page of the built site in a headless Chromium and say what is wrong with it.

    make docs && python docs/check_site.py [--site docs/_build/html] [--out docs/_build/screenshots]

At a desktop's and a phone's width no page may write an error to the console, lack an image, be
wider than the window, or ask for anything that is not part of the site; no link may lead nowhere;
the search must find "prune". Screenshots of some pages are left in --out, to be looked at. Ends
with 1 where something is wrong, with 2 where there is no Chromium.
"""

import argparse
import shutil
import sys
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
LOOKED_AT = [
    "index.html",
    "pruning.html",
    "examples/index.html",
    "api/sksgdprune.SparsitySweep.html",
    "theory.html",
]
HOW_TO = """No Chromium to open the site with. On Debian and Ubuntu:

    apt-get install chromium chromium-driver

elsewhere put a Chromium or Chrome and its chromedriver on the PATH; then: pip install '.[docs]'"""

# The images that failed, and by how much the page is wider than the window.
LOOK = """
const broken = [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src);
const root = document.documentElement;
return [broken, root.scrollWidth - root.clientWidth];
"""


class Page(HTMLParser):
    """What a page links to, loads, and can be linked at."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.ids = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Take down what a tag says."""
        attrs = dict(attrs)
        self.ids |= {attrs.get("id"), attrs.get("name")}
        if tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])
        elif tag in ("script", "img", "source") and attrs.get("src"):
            self.loads.append(attrs["src"])
        elif tag == "link" and "stylesheet" in attrs.get("rel", ""):
            self.loads.append(attrs["href"])


def names_of_pages(site):
    """Return the pages' paths within the site; the theme's templates are none."""
    names = (
        path.relative_to(site).as_posix()
        for path in sorted(site.rglob("*.html"))
    )
    return [name for name in names if not name.startswith("_static/")]


def links_to_nowhere(site):
    """Yield a line for each link within the site to no file or no place, and each outside load."""
    pages = {name: Page(site / name) for name in names_of_pages(site)}
    for name, page in pages.items():
        for target in page.loads:
            if urlsplit(target).netloc:
                yield f"{name}: loads {target} from elsewhere"
        for link in page.links:
            if urlsplit(link).scheme:
                continue
            place, fragment = urldefrag(urljoin(f"/{name}", link))
            place = (
                unquote(urlsplit(place).path).lstrip("/") or "index.html"
            )
            if not (site / place).is_file():
                yield f"{name}: no file for the link {link}"
            elif (
                fragment
                and place in pages
                and unquote(fragment) not in pages[place].ids
            ):
                yield f"{name}: no place for the link {link}"


def serve(site):
    """Serve a folder on this machine; return the address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=site)
    )
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def browser():
    """Return a headless Chromium, or None where there is none."""
    found = map(
        shutil.which, ("chromium", "chromium-browser", "google-chrome")
    )
    binary = next(filter(None, found), None)
    driver = shutil.which("chromedriver")
    try:
        from selenium import webdriver
    except ImportError:
        return None
    if not binary or not driver:
        return None
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(driver))


def set_width(chromium, width, height):
    """Give the window the size of a screen."""
    size = {
        "width": width,
        "height": height,
        "deviceScaleFactor": 1,
        "mobile": width < 600,
    }
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def seen(chromium, address, name):
    """Open a page; yield a line for everything that is wrong with it."""
    chromium.get(f"{address}/{name}")
    broken, excess = chromium.execute_script(LOOK)
    for image in broken:
        yield f"{name}: no image {image}"
    if excess > 1:
        yield f"{name}: {excess} pixels wider than the window"
    for entry in chromium.get_log("browser"):
        if entry["level"] in ("SEVERE", "WARNING"):
            yield f"{name}: {entry['message']}"


def search_finds(chromium, address, word):
    """Return whether the site's search has results for a word."""
    from selenium.common.exceptions import TimeoutException
    from selenium.webdriver.support.ui import WebDriverWait

    chromium.get(f"{address}/search.html?q={word}")
    found = (
        "return document.querySelectorAll('#search-results li a').length"
    )
    try:
        return WebDriverWait(chromium, 20).until(
            lambda c: c.execute_script(found)
        )
    except TimeoutException:
        return 0


def look(chromium, site, out):
    """Yield a line for everything wrong with the pages as they are seen."""
    address = serve(site)
    pages = names_of_pages(site)
    for screen, size in WIDTHS.items():
        set_width(chromium, *size)
        for name in pages:
            for problem in seen(chromium, address, name):
                yield f"[{screen}] {problem}"
            if name in LOOKED_AT:
                picture = (
                    out
                    / f"{name.removesuffix('.html').replace('/', '-')}-{screen}.png"
                )
                chromium.save_screenshot(str(picture))
    if not search_finds(chromium, address, "prune"):
        yield 'the search does not find "prune"'
    print(
        f"{len(pages)} pages opened at {len(WIDTHS)} widths; screenshots in {out}"
    )


def main():
    """Check the site that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    build = Path(__file__).resolve().parent / "_build"
    parser.add_argument("--site", type=Path, default=build / "html")
    parser.add_argument("--out", type=Path, default=build / "screenshots")
    args = parser.parse_args()
    if not (args.site / "index.html").is_file():
        sys.exit(f"No site in {args.site}; build it with `make docs`.")
    chromium = browser()
    if chromium is None:
        print(HOW_TO)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        problems = [
            *links_to_nowhere(args.site),
            *look(chromium, args.site, args.out),
        ]
    finally:
        chromium.quit()
    print("\n".join(problems) or "Nothing is wrong.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
