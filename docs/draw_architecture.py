"""Draw the package's folders and which imports which: docs/architecture/architecture.png.

    python docs/draw_architecture.py

Layers come from the contract in pyproject.toml, arrows from the imports; those that a chain of
others implies are left out. It is made with the site.
"""

import ast
import tomllib
from pathlib import Path

from matplotlib.figure import Figure

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "sksgdprune"
COLOURS = "#0072b2", "#d55e00", "#009e73", "#8a5a83", "#b8860b"


def layers():
    """Return the layers from top to bottom, each a list of folders or modules."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    return [layer.split(" | ") for layer in contract["layers"]]


def imported(name):
    """Return the folders and modules that one imports."""
    path, found = PACKAGE / name, set()
    for file in path.glob("*.py") if path.is_dir() else [path.with_suffix(".py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "sksgdprune":
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sksgdprune."):
                found.add(node.module.split(".")[1])
    return found - {name}


def arrows(names):
    """Return (importing, imported) pairs without those that others imply; names bottom up."""
    direct, reached = {name: imported(name) & set(names) for name in names}, {}
    for name in names:
        reached[name] = set().union(*(reached[other] | {other} for other in direct[name]))
    return [
        (name, other)
        for name in names
        for other in direct[name]
        if not any(other in reached[between] for between in direct[name])
    ]


def modules(name):
    """Return the names of a folder's modules; a module has none."""
    return ", ".join(sorted(p.stem for p in (PACKAGE / name).glob("*.py") if p.stem[0] != "_"))


def draw(path):
    """Draw the picture into a PNG."""
    rows = layers()
    names = [name for row in reversed(rows) for name in row]
    height = {name: len(rows) - i for i, row in enumerate(rows) for name in row}
    colour = {name: COLOURS[height[name] % len(COLOURS)] for name in names}
    figure = Figure(figsize=(9, 0.42 * len(rows) + 0.3), layout="constrained")
    ax = figure.subplots()
    for row in rows:
        label, (first, *_) = "  ".join(row), row
        box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": colour[first]}
        look = {"family": "monospace", "fontsize": 10, "va": "center", "bbox": box}
        ax.text(0, height[first], label, color=colour[first], **look)
        ax.text(6.2, height[first], modules(first), color="#555555", fontsize=8, va="center")
    for upper, lower in arrows(names):
        gap = height[upper] - height[lower]
        style = f"arc3,rad={0.35 if gap > 1 else 0.2}"
        look = {"arrowstyle": "->", "color": colour[upper], "alpha": 0.6, "connectionstyle": style}
        ends = {"xy": (-0.3, height[lower]), "xytext": (-0.3, height[upper])}
        ax.annotate("", **ends, arrowprops=look)
    ax.set(xlim=(-3, 20), ylim=(0.4, len(rows) + 0.6))
    ax.axis("off")
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    folder = Path(__file__).with_name("architecture")
    folder.mkdir(exist_ok=True)
    draw(folder / "architecture.png")
