"""Draw the package's folders and which imports which: docs/architecture/architecture.png.

    python docs/draw_architecture.py

Layers come from the contract in pyproject.toml, arrows from the imports; those that a chain of
others implies are left out. It is made with the site.
"""

import ast
import sys
import textwrap
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks._common import figures  # noqa: E402

PACKAGE = REPOSITORY / "sksgdprune"
COLOURS = (
    figures.OURS,
    figures.MLP,
    figures.TORCH,
    figures.TREES,
    figures.FURTHER,
)  # of arrows
LINE, BOX, GAP, LEFT = 0.17, 0.26, 0.19, 0.95  # inches
PUBLIC, PRIVATE = "#fdebd0", "#eef3f8"


def layers():
    """Return the layers from top to bottom, each a list of folders or modules."""
    project = tomllib.loads(
        (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    )
    (contract,) = project["tool"]["importlinter"]["contracts"]
    return [layer.split(" | ") for layer in contract["layers"]]


def imported(name):
    """Return the folders and modules that one imports."""
    path, found = PACKAGE / name, set()
    for file in (
        path.glob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    ):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module == "sksgdprune"
            ):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (
                node.module or ""
            ).startswith("sksgdprune."):
                found.add(node.module.split(".")[1])
    return found - {name}


def arrows(names):
    """Return (importing, imported) pairs without those that others imply; names bottom up."""
    direct, reached = (
        {name: imported(name) & set(names) for name in names},
        {},
    )
    for name in names:
        reached[name] = set().union(
            *(reached[other] | {other} for other in direct[name])
        )
    return [
        (name, other)
        for name in names
        for other in direct[name]
        if not any(other in reached[between] for between in direct[name])
    ]


def modules(name):
    """Return the names of a folder's modules; a module has none."""
    return ", ".join(
        sorted(
            p.stem
            for p in (PACKAGE / name).glob("*.py")
            if p.stem[0] != "_"
        )
    )


def height_of(row):
    """Return the inches of a layer's boxes and of the modules below them, and these in lines."""
    held = textwrap.wrap(modules(row[0]), 44)
    return BOX + LINE * len(held) + GAP, held


def draw_layer(ax, row, y):
    """Draw a layer's boxes side by side, public modules in another colour, and what they hold."""
    for i, name in enumerate(row):
        box = {"boxstyle": "round,pad=0.3", "edgecolor": "0.4"}
        box["facecolor"] = PRIVATE if name.startswith("_") else PUBLIC
        look = {"family": "monospace", "va": "center", "bbox": box}
        ax.text(LEFT + 1.3 * i, y, name, **look)
    _, held = height_of(row)
    look = {"color": "0.3", "va": "top", "linespacing": 1.2}
    ax.text(LEFT, y - BOX / 2 - 0.03, "\n".join(held), **look)


def draw_arrow(ax, upper, lower, places):
    """Draw an arrow beside the boxes, the wider the more layers it passes."""
    style = f"arc3,rad={0.15 if lower - upper == 1 else 0.3}"
    look = {
        "arrowstyle": "-|>",
        "color": COLOURS[upper % len(COLOURS)],
        "connectionstyle": style,
    }
    ends = {
        "xy": (LEFT - 0.1, places[lower] + 0.03),
        "xytext": (LEFT - 0.1, places[upper] - 0.03),
    }
    ax.annotate("", **ends, arrowprops=look)


@figures.styled
def draw(path):
    """Draw the picture into a PNG."""
    rows = layers()
    heights = [height_of(row)[0] for row in rows]
    total = sum(heights)
    figure, (ax,) = figures.stacked(1, total)
    places = [
        total - sum(heights[:i]) - BOX / 2 - GAP / 2
        for i in range(len(rows))
    ]
    for row, y in zip(rows, places, strict=True):
        draw_layer(ax, row, y)
    of = {name: i for i, row in enumerate(rows) for name in row}
    pairs = arrows([name for row in reversed(rows) for name in row])
    for upper, lower in sorted(
        {(of[name], of[other]) for name, other in pairs}
    ):
        draw_arrow(ax, upper, lower, places)
    ax.set(xlim=(0, figures.WIDTH), ylim=(0, total))
    ax.axis("off")
    figures.save(figure, path)


if __name__ == "__main__":
    folder = Path(__file__).with_name("architecture")
    folder.mkdir(exist_ok=True)
    draw(folder / "architecture.png")
