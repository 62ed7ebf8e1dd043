"""What is wrong with this machine, and how to mend it."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from infra import healthcheck
from infra.advice import advice
from infra.credentials import OWNERS
from infra.secret import under
from infra.servers.packages import find_chromium, find_postgres, find_promtool, find_rabbitmq
from infra.servers.ports import answers
from infra.start import tables
from shared.config import BadSetting, Settings, load_settings
from shared.keys import UNREADABLE
from shared.topology import connect

OLDEST_PYTHON = (3, 11)
LEAST_DISK = 2 * 1024**3  # bytes: the golden year with its photographs, its read models and room to work
CALENDAR = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; ``optional`` things only tests need."""

    ok: bool
    what: str
    how_to_mend: str = ""
    optional: bool = False


def check_machine(env: Mapping[str, str] = os.environ) -> list[Finding]:
    """Return what was found, in the order in which to mend it."""
    findings = [_python(), _calendar()]
    try:
        settings = load_settings(env)
    except BadSetting as error:
        return [*findings, Finding(ok=False, what=f"settings: {error}", how_to_mend="correct it and run this again")]
    findings += [*_data(settings.data), _disk(settings.data), _port(settings)]
    if settings.mode == "distributed":
        findings += [*_databases(settings), _broker(settings)]
    findings += _person_keys(settings)
    return [*findings, *_programs_of_tests()]


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        ok=sys.version_info >= OLDEST_PYTHON,
        what=f"Python {found}",
        how_to_mend="install Python 3.11 or newer, then: make clean setup PYTHON=/path/to/it",
    )


def _calendar() -> Finding:
    with suppress(ZoneInfoNotFoundError):
        ZoneInfo(CALENDAR)
        return Finding(ok=True, what=f"the calendar of {CALENDAR}")
    return Finding(ok=False, what=f"no calendar of {CALENDAR}", how_to_mend="as root: apt-get install tzdata")


def _data(folder: Path) -> Iterator[Finding]:
    place = _existing(folder)
    yield Finding(
        ok=os.access(place, os.W_OK | os.X_OK) and place.is_dir(),
        what=f"data directory {folder}",
        how_to_mend=f"it cannot be written: chown {os.geteuid()} {place}, or choose another with DATA=",
    )
    secret = folder / "secret.key"
    if secret.exists():
        yield Finding(
            ok=secret.stat().st_mode & 0o077 == 0,
            what=f"only its owner may read {secret}",
            how_to_mend=f"chmod 600 {secret}",
        )


def _person_keys(settings: Settings) -> Iterator[Finding]:
    if settings.mode == "embedded" and not (settings.data / "content.db").exists():
        return
    with suppress(Exception):  # a database that does not answer is a finding of its own
        wrapped = under(settings)
        yield Finding(
            ok=not wrapped[UNREADABLE],
            what=f"{wrapped[UNREADABLE]} keys of persons that no listed secret opens",
            how_to_mend="list the secret that was in use before, as another line of the file with the secret",
        )
        older = wrapped.total() - wrapped[UNREADABLE] - wrapped[0]
        yield Finding(
            ok=not older,
            what=f"{older} keys of persons under an older secret",
            how_to_mend="matrix secret wrap; until then the older one must stay listed",
            optional=True,
        )


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free
    return Finding(
        ok=free >= LEAST_DISK,
        what=f"{free / 1024**3:.1f} GiB free for {folder}",
        how_to_mend=f"make room for {LEAST_DISK // 1024**3} GiB, or choose another disk with DATA=",
    )


def _port(settings: Settings) -> Finding:
    where = f"127.0.0.1:{settings.port}"
    if not answers(settings.port):
        return Finding(ok=True, what=f"port {where} is free")
    if healthcheck.main(f"http://{where}/livez") is None:
        return Finding(ok=True, what=f"the platform answers on {where}")
    return Finding(
        ok=False, what=f"another program has port {where}", how_to_mend="end it, or choose another with PORT="
    )


def _databases(settings: Settings) -> Iterator[Finding]:
    for owner in OWNERS:
        wrong = _failure(tables(owner, settings.database_url(owner)))
        yield Finding(
            ok=wrong is None,
            what=f"database of {owner}",
            how_to_mend=wrong or "",
        )


def _broker(settings: Settings) -> Finding:
    wrong = _failure(lambda: connect(settings.amqp_url).close())
    return Finding(
        ok=wrong is None,
        what="RabbitMQ",
        how_to_mend=wrong or "",
    )


def _programs_of_tests() -> Iterator[Finding]:
    programs = {
        "chromium": (find_chromium, "make test"),
        "prometheus": (find_promtool, "make test"),
        "rabbitmq-server": (find_rabbitmq, "make test and make up"),
        "postgresql": (find_postgres, "make test and make up"),
    }
    for package, (find, words) in programs.items():
        yield Finding(
            ok=find() is not None,
            what=f"{package} for {words}",
            how_to_mend=f"installed when it is needed, or as root: apt-get install {package}",
            optional=True,
        )


def _failure(attempt: Callable[[], None]) -> str | None:
    """Return what to do about its failure."""
    try:
        attempt()
    except Exception as error:  # whatever it is, it is the finding
        return advice(error) or repr(error).splitlines()[0]
    return None


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return folder if folder.exists() else _existing(folder.parent)
