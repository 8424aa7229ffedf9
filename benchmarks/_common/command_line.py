"""Command line that the benchmarks share: data sets, splits, jobs, folder of the results."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from benchmarks._common import datasets
from benchmarks._common.results import tell

BENCHMARKS = Path(__file__).parents[1]
RESULTS, DOCS = BENCHMARKS / "results", BENCHMARKS.parent / "docs"
OPTIONS = {
    "data": {"type": Path, "metavar": "FOLDER", "help": "more sets; see _common/datasets.py"},
    "sets": {"nargs": "+", "metavar": "NAME", "help": "only these sets"},
    "contenders": {"nargs": "+", "metavar": "NAME", "help": "only these contenders"},
    "splits": {"type": int, "help": "splits of each set (default: %(default)s)"},
    "jobs": {"type": int, "default": 2, "help": "processes side by side (default: %(default)s)"},
    "quick": {"action": "store_true", "help": "little, to see that it runs"},
    "again": {"action": "store_true", "help": "measure also what has its rows"},
    "report": {"action": "store_true", "help": "measure nothing, write report and figure anew"},
    "out": {"type": Path, "default": RESULTS, "metavar": "FOLDER", "help": "for the results"},
}
MOST_ROWS = 25_000  # of a set on which alternatives are compared
ALWAYS = "quick", "again", "report", "out"


def parser(doc, *names, **defaults):
    """Return a parser with these of OPTIONS and with those that all scripts have."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    for name in (*names, *ALWAYS):
        parser.add_argument(f"--{name}", **OPTIONS[name])
    parser.set_defaults(**defaults)
    return parser


def picture_file(doc, path, arguments):
    """Return the file to which a script draws a picture: this one, or that of --out."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--out", type=Path, default=path, help="file of the picture")
    return parser.parse_args(arguments).out


def chosen(parser, options, sets, quick=()):
    """Return the sets that are asked for, those of `--data` among them, small ones first."""
    sets = [*sets, *(datasets.folder(options.data) if getattr(options, "data", None) else [])]
    known = {dataset.name: dataset for dataset in sorted(sets, key=lambda dataset: len(dataset.y))}
    if len(known) < len(sets):
        parser.error("two data sets have the same name")
    return pick(parser, "data set", known, options.sets or (quick if options.quick else known))


def tables(options):
    """Return scikit-learn's own sets, or none where there is a folder of tables."""
    return [] if options.data else datasets.included()


def inner(parser, options, sets, quick):
    """Return the sets that are asked for, large ones left out, and the number of inner splits."""
    sets = [each for each in chosen(parser, options, sets, quick) if len(each.y) <= MOST_ROWS]
    return sets, 1 if options.quick else options.splits


def pick(parser, what, known, names):
    """Return what has these names; end with an error where there is none."""
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no {what} is called {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names]


def installed(names, package, needing):
    """Return the names without those that need a package that is not installed; tell of these."""
    missing = [name for name in names if name in needing and find_spec(package) is None]
    for name in missing:
        tell(f"{name} is left out, as {package} is not installed")
    return [name for name in names if name not in missing]
