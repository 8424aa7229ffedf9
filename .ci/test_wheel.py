"""Run the tests against the wheel in dist/, in a fresh environment and away from the checkout.

Tests, benchmarks and documentation come from the sdist, the package from the wheel alone. Further
arguments go to pytest.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MADE = ("PKG-INFO", "setup.cfg", "sksgdprune.egg-info/")


def only(pattern):
    """Return the one file in dist/ that the pattern fits."""
    found = sorted((ROOT / "dist").glob(pattern))
    if len(found) != 1:
        sys.exit(f"dist/ has {len(found)} files {pattern}, not one: run `make dist`.")
    return found[0]


def unpack(sdist, folder):
    """Unpack all of the sdist but the package; it holds what git holds, no more and no less."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (top,) = folder.iterdir()
    names = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}
    names = {name for name in names if not name.startswith(MADE)}
    if (ROOT / ".git").exists():
        listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
        if names != set(listed):
            sys.exit(f"Only one of git and the sdist has {sorted(names ^ set(listed))}.")
    for path in top.glob("sksgdprune*"):
        shutil.rmtree(path)
    return top


def main():
    """Return pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--python", default=sys.executable, help="version or path")
    parser.add_argument("--resolution", default="highest", help="or lowest-direct: the minima")
    parser.add_argument("--sdist", action="store_true", help="install the sdist, not the wheel")
    options, arguments = parser.parse_known_args()
    sdist = only("*.tar.gz")
    file = sdist if options.sdist else only("*.whl")
    uv = [sys.executable, "-m", "uv"]
    with tempfile.TemporaryDirectory(prefix="sksgdprune-", ignore_cleanup_errors=True) as folder:
        top = unpack(sdist, Path(folder))
        subprocess.check_call([*uv, "venv", "--python", options.python], cwd=top)
        python = top / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        # Named by pyproject.toml the requirements are direct ones, of which uv finds the lowest.
        requirements = ["-r", "pyproject.toml", "--extra", "test", f"sksgdprune @ {file.as_uri()}"]
        install = [*uv, "pip", "install", "--python", python, "--resolution", options.resolution]
        subprocess.check_call([*install, *requirements], cwd=top)
        tests = ["-m", "pytest", "-m", "not engines", "tests", "README.md", "docs"]
        command = [python, *tests, "--pyargs", "sksgdprune", *arguments]
        return subprocess.call(command, cwd=top)


if __name__ == "__main__":
    sys.exit(main())
