"""The site's pages as a headless Chromium shows them."""

import io
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import urlopen

from glossary import words_to_mend
from PIL import Image

LEAST_TEXT = 9  # pixels, in figures
# How a page looks: the images that failed; by how much the page is wider than the window; the
# longest line of each block of code that is cut off; the figures and their widths; the prose.
LOOK = """
const all = selector => [...document.querySelectorAll(`.bd-article ${selector}`)];
const root = document.documentElement;
const prose = document.querySelector(".bd-article")?.cloneNode(true);
prose?.querySelectorAll("pre, code, .sig, .headerlink, script").forEach(part => part.remove());
return {
  broken: [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src),
  excess: root.scrollWidth - root.clientWidth,
  cut: all("pre").filter(block => block.scrollWidth > block.clientWidth + 1)
    .map(block => block.innerText.trim().split("\\n").sort((a, b) => b.length - a.length)[0]),
  figures: all("img").filter(i => i.naturalWidth).map(i => [i.src, i.width / i.naturalWidth]),
  prose: prose?.textContent ?? "",
};
"""


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


def faults(chromium, address, name, wide):
    """Open a page; yield a line for each fault. Code may be cut off where the window is narrow."""
    chromium.get(f"{address}/{name}")
    page = chromium.execute_script(LOOK)
    for image in page["broken"]:
        yield f"{name}: no image {image}"
    if page["excess"] > 1:
        yield f"{name}: {page['excess']} pixels wider than the window"
    for entry in chromium.get_log("browser"):
        if entry["level"] in ("SEVERE", "WARNING"):
            yield f"{name}: {entry['message']}"
    for source, scale in page["figures"]:
        if fault := illegible(source, scale):
            yield f"{name}: {fault}"
    if wide:
        for line in page["cut"]:
            yield f"{name}: code is cut off: {line}"
        for found, instead in words_to_mend(page["prose"]):
            yield f"{name}: says {found!r}; write {instead}"


def illegible(source, scale):
    """Return what is wrong with the text in a figure that is shown at this scale, or None."""
    if not source.endswith(".png") or source.endswith("_thumb.png"):
        return None
    smallest = text_pixels(source)
    if smallest is None:
        return f"{source} does not say how small its text is"
    if smallest * scale < LEAST_TEXT:
        return f"text of {smallest * scale:.1f} pixels in {source}, {LEAST_TEXT} at least expected"
    return None


def text_pixels(source):
    """Return the height of a PNG's smallest text in its own pixels, as the figure's maker says."""
    with urlopen(source) as answer:
        said = Image.open(io.BytesIO(answer.read())).text.get(
            "Smallest text"
        )
    return said and float(said)


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
