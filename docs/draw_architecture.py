"""Draw the package's folders and which imports which: docs/architecture/architecture.png.

    python docs/draw_architecture.py

Layers come from the contract in pyproject.toml, arrows from the imports; those that a chain of
others implies are left out. It is made with the site.
"""

import ast
import textwrap
import tomllib
from pathlib import Path

from matplotlib.figure import Figure

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "sksgdprune"
COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#8a5a83",
    "#b8860b",
)  # of the arrows from a layer
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


def draw_layer(ax, row, y):
    """Draw a layer's boxes side by side, public modules in another colour, and what they hold."""
    x = 0.0
    for name in row:
        box = {"boxstyle": "round,pad=0.4", "edgecolor": "0.4"}
        box["facecolor"] = PRIVATE if name.startswith("_") else PUBLIC
        look = {
            "family": "monospace",
            "fontsize": 10,
            "va": "center",
            "bbox": box,
        }
        ax.text(x, y, name, **look)
        x += 3.3
    held = textwrap.fill(modules(row[0]), 76)
    ax.text(
        6.6,
        y,
        held,
        color="0.3",
        fontsize=8.5,
        va="center",
        linespacing=1.3,
    )


def draw_arrow(ax, upper, lower):
    """Draw an arrow beside the boxes, the wider the further down it leads."""
    gap = upper - lower
    style = f"arc3,rad={0.2 if gap == 1 else 0.35}"
    look = {
        "arrowstyle": "-|>",
        "color": COLOURS[upper % len(COLOURS)],
        "connectionstyle": style,
    }
    ax.annotate(
        "",
        xy=(-0.3, lower + 0.08),
        xytext=(-0.3, upper - 0.08),
        arrowprops=look,
    )


def draw(path):
    """Draw the picture into a PNG."""
    rows = layers()
    height = {
        name: len(rows) - i for i, row in enumerate(rows) for name in row
    }
    figure = Figure(
        figsize=(9, 0.42 * len(rows) + 0.3), layout="constrained"
    )
    ax = figure.subplots()
    for y, row in zip(range(len(rows), 0, -1), rows, strict=True):
        draw_layer(ax, row, y)
    pairs = arrows([name for row in reversed(rows) for name in row])
    for upper, lower in sorted(
        {(height[name], height[other]) for name, other in pairs}
    ):
        draw_arrow(ax, upper, lower)
    ax.set(xlim=(-1.6, 19), ylim=(0.4, len(rows) + 0.6))
    ax.axis("off")
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    folder = Path(__file__).with_name("architecture")
    folder.mkdir(exist_ok=True)
    draw(folder / "architecture.png")
