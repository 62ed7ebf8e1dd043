"""What a newcomer is told whose Python is too old, who has no venv, or whose packages do not come: how to mend it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9"  # a port where nobody listens: refused at once
# Something that is not installed, so that it has to be fetched.
LOCK = f"no-such-package-of-ours==1.0 --hash=sha256:{'0' * 64}\n"
Make = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a checkout without a virtual environment."""
    for name in ("Makefile", "pyproject.toml", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "requirements.lock").write_text(LOCK)
    return tmp_path


@pytest.fixture
def make(folder: Path) -> Make:
    """Give ``make setup``: what it says when it fails."""

    def run(python: str, **env: str) -> str:
        given = {"PATH": os.environ["PATH"], "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
        asked = ["make", "setup", f"PYTHON={python}"]
        made = subprocess.run(
            asked, cwd=folder, env=given | env, capture_output=True, text=True, check=False, timeout=60
        )
        assert made.returncode != 0, made.stdout
        return made.stdout

    return run


def script(path: Path, text: str) -> str:
    """Write a program of the shell; return where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def old(folder: Path) -> str:
    return script(folder / "python3.8", '[ "$1" = --version ] && echo Python 3.8.10 && exit; exit 1')


def without_venv(folder: Path) -> str:
    return script(folder / "python3.12", '[ "$1" = -m ] && mkdir -p .venv/bin && exit 1; exit 0')


def with_venv(folder: Path) -> str:
    """Return a Python whose virtual environment is there already."""
    return script(folder / ".venv" / "bin" / "python", f'exec {sys.executable} "$@"')


def test_who_has_an_old_python_is_told_which_one_is_needed_and_how_to_name_it(folder: Path, make: Make) -> None:
    said = make(old(folder))
    assert "Python 3.11 or newer is needed" in said and "is Python 3.8.10" in said
    assert "set PYTHON=/path/to/python3.11" in said and not (folder / ".venv").exists()


def test_who_names_a_python_that_is_not_there_is_told_so(folder: Path, make: Make) -> None:
    said = make(str(folder / "nowhere"))
    assert "nowhere is not there" in said and "set PYTHON=" in said


def test_who_lacks_venv_is_told_what_to_install_and_nothing_half_made_is_left(folder: Path, make: Make) -> None:
    assert "apt-get install python3-venv" in make(without_venv(folder))
    assert not (folder / ".venv").exists()


def test_who_has_a_dead_proxy_is_told_which_and_what_to_set(folder: Path, make: Make) -> None:
    said = make(with_venv(folder), https_proxy=NOBODY)
    assert "could not be fetched" in said and f"the proxy is {NOBODY}" in said
    assert "correct https_proxy and http_proxy or unset them" in said and "is there a network" not in said
    assert not list(folder.glob(".venv/run-*"))


def test_who_reaches_no_packages_without_a_proxy_is_asked_about_one(folder: Path, make: Make) -> None:
    said = make(with_venv(folder), PIP_INDEX_URL=f"{NOBODY}/")
    assert "is there a network and does it need https_proxy=?" in said and "unset" not in said


@pytest.mark.parametrize(
    ("without", "python", "mended_by"),
    [
        ("install one, or set PYTHON=/path/to/python3.11", old, "set PYTHON="),
        ("apt-get install python3-venv", without_venv, "apt-get"),
        ("|| { $(NOT_FETCHED); }", with_venv, "https_proxy"),
    ],
)
def test_the_mutant_that_only_fails_is_caught(
    folder: Path, make: Make, without: str, python: Callable[[Path], str], mended_by: str
) -> None:
    text = (folder / "Makefile").read_text()
    assert without in text
    (folder / "Makefile").write_text(text.replace(without, ""))
    assert mended_by not in make(python(folder), https_proxy=NOBODY)
