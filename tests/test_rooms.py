"""The maintainers' picture of the package is true: its rooms, in an order in which all import."""

import ast
import re
from pathlib import Path

import sksgdprune

PACKAGE = Path(sksgdprune.__file__).parent
PICTURE = (PACKAGE / "README.md").read_text(encoding="utf-8").split("```")[1]
ROOMS = [
    room
    for names in re.findall(r"^(?:X, y|    ) ─ ([\w/, ]+?)/? ─*▶", PICTURE, re.MULTILINE)
    for room in names.replace("/", "").split(", ")
]
KERNEL_ROOMS = [
    room
    for line in re.search(r"records →.*?doors", PICTURE, re.DOTALL).group().split("→")
    for room in line.replace("\n", " ").split(",")
]


def imported(path, package):
    """Return the names of the package's modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            names.add(node.module.removeprefix(f"{package}.").partition(".")[0])
    return names


def assert_each_imports_only_rooms_above(folder, package, rooms):
    for i, room in enumerate(rooms):
        path = folder / room
        files = path.glob("*.py") if path.is_dir() else [path.with_suffix(".py")]
        for file in files:
            inside = {room} if path.is_dir() else set()
            assert imported(file, package) <= {*rooms[:i], *inside}, file


def test_the_picture_shows_every_module_once_and_each_imports_only_those_above():
    modules = {p.stem for p in PACKAGE.glob("*.py")} - {"__init__"} | {"_kernels"}
    assert sorted(ROOMS) == sorted(modules)
    assert_each_imports_only_rooms_above(PACKAGE, "sksgdprune", ROOMS)


def test_the_kernels_rooms_import_only_those_before_them():
    rooms = [name.strip() for name in KERNEL_ROOMS]
    modules = {p.stem for p in (PACKAGE / "_kernels").glob("*.py")} - {"__init__", "compilation"}
    assert sorted(rooms) == sorted(modules)
    assert_each_imports_only_rooms_above(PACKAGE / "_kernels", "sksgdprune._kernels", rooms)
