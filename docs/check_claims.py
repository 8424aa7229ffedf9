"""Compare the figures that README and pages state with benchmarks/results: `make docs` runs it.

    python docs/check_claims.py

A claim (docs/claims) that its page does not state, or states with another number than its CSV
gives at the page's own precision, is a fault, and so is a figure on a page that belongs to no
claim and is not named in docs/claims/settings.py. Ends with 1 where there is one.
"""

import importlib
import pkgutil
import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
REPOSITORY = DOCS.parent
sys.path[:0] = [str(DOCS), str(REPOSITORY)]

import claims  # noqa: E402
from claims import settings  # noqa: E402

NUMBER = r"[-+]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"
UNITS = "%|times|µs|ms|kB|MB|GB|bytes|B|s|seconds|minutes|hours"
# What has to be a claim's: a decimal, a number with thousands, or one with a unit.
FIGURE = re.compile(
    r"(?<![\w.,])(?<!\w-)"  # a minus may stand before it, a range may not
    rf"(?:\d[\d,]*\.\d+|\d+e-\d+|\d{{1,3}}(?:,\d{{3}})+|\d+(?= ?(?:{UNITS})(?!\w)))"
    r"(?![\w.]\d)"
)
CODE = re.compile(r"^(`{3,}).*?^\1$", re.DOTALL | re.MULTILINE)
NO_PROSE = re.compile(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|https?://\S+")


def prose(path):
    """Return a page's text in one line, without blocks of code and digits in spans of code."""
    text = CODE.sub("", path.read_text(encoding="utf-8"))
    text = NO_PROSE.sub(lambda found: re.sub(r"\d", "#", found[0]), text)
    return " ".join(text.split())


def gathered():
    """Return {page: [Claim]} of all modules of docs/claims."""
    found = {}
    for module in pkgutil.iter_modules(claims.__path__):
        stated = getattr(
            importlib.import_module(f"claims.{module.name}"), "CLAIMS", {}
        )
        for page, there in stated.items():
            found.setdefault(page, []).extend(there)
    return found


def agrees(printed, number):
    """Return whether a printed number is this one, rounded to as many digits as are printed."""
    mantissa, _, exponent = printed.replace(",", "").partition("e")
    digits = len(mantissa.partition(".")[2])
    unit = 10.0 ** (int(exponent or 0) - digits)
    return abs(float(printed.replace(",", "")) - number) <= unit * (
        0.5 + 1e-9
    )


def faults_of(claim, text, stated):
    """Yield what is wrong with a claim on a page; add the places of its numbers to `stated`."""
    if claim.text.count("{}") != len(claim.values):
        raise ValueError(
            f"Got {len(claim.values)} values for {claim.text!r}; expected one for each {{}}."
        )
    parts = [
        re.escape(" ".join(f"|{part}|".split()))[2:-2]
        for part in claim.text.split("{}")
    ]
    found = list(re.finditer(f"({NUMBER})".join(parts), text))
    if not found:
        yield f"does not say {claim.text!r}"
    for place in found:
        stated.update(range(*place.span()))
        for i, value in enumerate(claim.values, start=1):
            after = text[place.end(i) : place.end(i) + 2]
            number = value.number * (100 if after == " %" else 1)
            if not agrees(place[i], number):
                yield f"{place[0]!r}: {place[i]} should be {number:.6g} ({value.source})"


def faults(page, stated_claims):
    """Yield a line for each fault of a page."""
    text, stated = prose(REPOSITORY / page), set()
    for claim in stated_claims:
        for fault in faults_of(claim, text, stated):
            yield f"{page}: {fault}"
    for phrase in settings.NOT_MEASURED.get(page, []):
        places = [
            found.span() for found in re.finditer(re.escape(phrase), text)
        ]
        if not places:
            yield f"{page}: docs/claims/settings.py names {phrase!r}, which is not there"
        stated.update(*(range(*place) for place in places))
    for found in FIGURE.finditer(text):
        if found.start() not in stated:
            around = text[max(0, found.start() - 40) : found.end() + 20]
            yield f"{page}: no claim for {found[0]} in {around!r}"


def main():
    """Check README and all pages."""
    claimed = gathered()
    pages = [
        "README.md",
        *(f"docs/{path.name}" for path in sorted(DOCS.glob("*.md"))),
    ]
    found = [
        fault
        for page in pages
        for fault in faults(page, claimed.get(page, []))
    ]
    found += [
        f"{page}: there is no such page"
        for page in claimed
        if page not in pages
    ]
    n_values = sum(
        len(claim.values) for there in claimed.values() for claim in there
    )
    print(
        "\n".join(found)
        or f"{n_values} figures agree with benchmarks/results."
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
