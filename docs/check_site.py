"""Open every page of the built site in a headless Chromium and say what is wrong with it.

    make docs && python docs/check_site.py [--site docs/_build/html] [--out docs/_build/screenshots]

At a desktop's and a phone's width no page may write an error to the console, lack an image, be
wider than the window, have text below 9 pixels in a figure, or ask for anything that is not part
of the site; on a desktop no code may be cut off. Links lead somewhere, and their texts are titles,
not names of files; the prose has no word that docs/glossary.py would replace; the search finds
"prune". Screenshots of some pages are left in --out, to be looked at. Ends with 1 where something
is wrong, with 2 where there is no Chromium.
"""

import argparse
import sys
from pathlib import Path

from site_checks import browser, files

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


def look(chromium, site, out):
    """Yield a line for each fault of the pages as they are seen."""
    address = browser.serve(site)
    pages = files.names_of_pages(site)
    for screen, size in WIDTHS.items():
        browser.set_width(chromium, *size)
        for name in pages:
            for fault in browser.faults(
                chromium, address, name, wide=screen == "desktop"
            ):
                yield f"[{screen}] {fault}"
            if name in LOOKED_AT:
                picture = (
                    out
                    / f"{name.removesuffix('.html').replace('/', '-')}-{screen}.png"
                )
                chromium.save_screenshot(str(picture))
    if not browser.search_finds(chromium, address, "prune"):
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
    chromium = browser.browser()
    if chromium is None:
        print(HOW_TO)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        faults = [
            *files.faults(args.site),
            *look(chromium, args.site, args.out),
        ]
    finally:
        chromium.quit()
    print("\n".join(faults) or "Nothing is wrong.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
