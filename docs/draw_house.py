"""Draw the package's rooms and who imports whom: docs/house/house.png, made with the site.

    python docs/draw_house.py

Names and their order come from the picture in sksgdprune/README.md, arrows from the imports; those
that a chain of others implies are left out.
"""

import ast
import re
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Arc

PACKAGE = Path(__file__).resolve().parent.parent / "sksgdprune"
# Each floor from the room where it begins: its name and colour.
FLOORS = {
    "_typing": ("doors and checks", "#0072b2"),
    "_kernels": ("compiled steps", "#d55e00"),
    "_threads": ("data and targets", "#009e73"),
    "_storage": ("the network", "#8a5a83"),
    "_stopping": ("training", "#b8860b"),
    "_scores": ("cuts", "#56799e"),
    "_fitted": ("estimators", "#0072b2"),
    "schedules": ("sweeps", "#d55e00"),
    "_pyplot": ("displays", "#009e73"),
}


def rooms():
    """Return the rooms in order, each with what it does."""
    picture = (PACKAGE / "README.md").read_text(encoding="utf-8").split("```")[1]
    found = {}
    for names, text in re.findall(r"─ ([\w/, ]+?) ─*▶ (.*)", picture):
        found |= {name.strip("/ "): text for name in names.split(",")}
    return found


def imported(room):
    """Return the rooms that a room's code imports."""
    path, names = PACKAGE / room, set()
    for file in path.glob("*.py") if path.is_dir() else [path.with_suffix(".py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "sksgdprune":
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sksgdprune."):
                names.add(node.module.split(".")[1])
    return names - {room}


def arrows(names):
    """Return (importing, imported) pairs without those that others imply."""
    direct = {room: imported(room) for room in names}
    reached = {}
    for room in names:  # each imports only those before it
        reached[room] = set().union(*(reached[other] | {other} for other in direct[room]))
    return [
        (room, other)
        for room in names
        for other in direct[room]
        if not any(other in reached[between] for between in direct[room])
    ]


def write_rooms(ax, house, row):
    """Write floors and rooms; return each room's colour."""
    colours, colour = {}, None
    for room, text in house.items():
        if room in FLOORS:
            floor, colour = FLOORS[room]
            ax.axhline(row[room] + 0.5, color="#dddddd", linewidth=0.8, zorder=0)
            ax.text(-10.5, row[room], floor, color=colour, fontsize=10, va="center", weight="bold")
        colours[room] = colour
        ax.text(0.3, row[room], room, color=colour, family="monospace", fontsize=9, va="center")
        ax.text(7.2, row[room], text, color="#555555", fontsize=7.5, va="center")
    return colours


def draw(path):
    """Draw the house into a PNG."""
    house = rooms()
    row = {room: -i for i, room in enumerate(house)}
    figure = Figure(figsize=(9, 0.26 * len(house) + 0.4), layout="constrained")
    ax = figure.subplots()
    colours = write_rooms(ax, house, row)
    for upper, lower in arrows(list(house)):
        height, centre = row[lower] - row[upper], (row[lower] + row[upper]) / 2
        width = min(1 + 0.45 * height, 13)
        look = {"color": colours[upper], "alpha": 0.55}
        ax.add_patch(Arc((0, centre), width, height, theta1=90, theta2=270, **look))
    ax.set(xlim=(-10.8, 27), ylim=(-len(house), 1))
    ax.axis("off")
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    folder = Path(__file__).with_name("house")
    folder.mkdir(exist_ok=True)
    draw(folder / "house.png")
