"""The Makefile's steps say what they do: nothing goes on in silence for a minute."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize(("target", "extra"), [("test", "test"), ("docs", "docs"), ("lint", "dev")])
def test_an_installation_is_announced_and_pip_says_its_lines(target, extra, tmp_path):
    command = ["make", "--dry-run", target, f"VENV={tmp_path}"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = ran.stdout.splitlines()
    install = next(i for i, line in enumerate(lines) if "pip install" in line)
    assert lines[install - 1].startswith(f'echo "Installing sksgdprune[{extra}]')
    assert "venv" in lines[install - 2]
    assert lines[install - 3].startswith('echo "Making a Python environment')
    assert "--quiet" not in ran.stdout.replace("pytest -q", "")
    assert not any("sphinx" in line and " -q" in line for line in lines)
