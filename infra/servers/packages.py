"""The programs of PostgreSQL, RabbitMQ and Prometheus on Debian: found, or installed with apt-get."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

INSTALLER = Path(__file__).parent.parent / "install.sh"


class CannotInstall(RuntimeError):
    """A program is missing and this user may not install it; the text says what to do."""


def postgres_programs() -> Path:
    """Return the folder with ``initdb``, ``pg_ctl`` and ``psql``.

    Raises:
        CannotInstall: PostgreSQL is missing and cannot be installed.
    """
    return _found_or_installed("postgresql", find_postgres)


def rabbitmq_server() -> Path:
    """Return the server's start script: the one below Debian's wrapper, which would change user.

    Raises:
        CannotInstall: RabbitMQ is missing and cannot be installed.
    """
    return _found_or_installed("rabbitmq-server", find_rabbitmq)


def chromium() -> Path:
    """Return the browser of the tests.

    Raises:
        CannotInstall: Chromium is missing and cannot be installed.
    """
    return _found_or_installed("chromium", find_chromium)


def promtool() -> Path:
    """Return what checks Prometheus' rules in tests; Prometheus itself is not used.

    Raises:
        CannotInstall: it is missing and cannot be installed.
    """
    return _found_or_installed("prometheus", find_promtool)


def install(*packages: str) -> None:
    """Install Debian packages without starting anything that comes with them.

    Raises:
        CannotInstall: no apt-get here, not allowed to use it, or it failed.
    """
    wanted = " ".join(packages)
    if not shutil.which("apt-get"):
        raise CannotInstall(f"{wanted}: missing, and there is no apt-get here to install it with; install it yourself")
    rise = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if rise and not shutil.which("sudo"):
        raise CannotInstall(f"{wanted}: missing; run as root: apt-get install {wanted}")
    print(f"{wanted}: not on this machine, installing with apt-get (its own services stay off)", file=sys.stderr)
    if subprocess.run([*rise, "sh", str(INSTALLER), *packages], check=False).returncode:
        raise CannotInstall(f"{wanted}: apt-get could not install it; run as root: apt-get install {wanted}")


def _found_or_installed(package: str, find: Callable[[], Path | None]) -> Path:
    if found := find():
        return found
    install(package)
    if found := find():
        return found
    raise CannotInstall(f"{package}: installed, but its programs are not where Debian puts them")


def find_postgres() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs."""
    versions = (path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists())
    if newest := max(versions, key=lambda path: float(path.parent.name), default=None):
        return newest
    beside = shutil.which("initdb")
    return Path(beside).resolve().parent if beside else None


def find_rabbitmq() -> Path | None:
    """Return the broker's start script."""
    debian = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    if debian.exists():
        return debian
    found = shutil.which("rabbitmq-server")
    return Path(found) if found else None


def find_chromium() -> Path | None:
    """Return the browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return Path(found) if found else None


def find_promtool() -> Path | None:
    """Return what checks Prometheus' rules."""
    found = shutil.which("promtool")
    return Path(found) if found else None
