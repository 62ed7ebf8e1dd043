"""Changing the platform's secret under traffic: drawn, made known, used, person keys wrapped anew, the old one dropped.

Several processes sign for each other. A secret that one of them uses must be known to all the others already, so a new
one is first listed behind the old, and put first only when every process was started again.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from shared.config import BadSetting, Settings, draw_secret
from shared.contracts import SERVICES
from shared.database import open_engine
from shared.disk import sync_path
from shared.errors import Conflict
from shared.keys import UNREADABLE, SqlKeyRing

RESTART = "start every process again, one after the other (make roll); then: "


def draw(settings: Settings) -> str:
    """List a new secret behind the others; return what to do next.

    Raises:
        Conflict: ``secret.in_change``, a former change is not at its end.
        BadSetting: the secrets are in a variable and not in a file.
    """
    if len(settings.secrets) > 1:
        raise Conflict("secret.in_change", f"{len(settings.secrets)} are listed: bring that change to its end first")
    _write(_file(settings), [*settings.secrets, draw_secret()])
    return f"a new secret is listed: accepted, not used yet\n{RESTART}matrix secret use"


def use(settings: Settings) -> str:
    """Put the last listed secret first, so that it signs and wraps from the next start on; return what to do next.

    Raises:
        Conflict: ``secret.nothing_drawn``, only one is listed.
        BadSetting: as with ``draw``.
    """
    *older, newest = settings.secrets
    if not older:
        raise Conflict("secret.nothing_drawn", "one secret is listed: matrix secret draw lists another")
    _write(_file(settings), [newest, *older])
    return f"the newest secret is the first now\n{RESTART}matrix secret wrap"


def wrap(settings: Settings) -> Iterator[str]:
    """Wrap the keys of persons in every service with the first secret; yield what was done, and what to do next."""
    for name, keys in _rings(settings):
        yield f"{name}: {keys.wrap_anew()} keys of persons wrapped anew"
    yield from _state(settings)


def drop(settings: Settings) -> str:
    """Keep the first secret only; return what to do next.

    Raises:
        Conflict: ``secret.in_use``, keys of persons would be unreadable for ever.
        BadSetting: as with ``draw``.
        Unavailable: a database did not answer; nothing was dropped.
    """
    found = under(settings)
    if others := found.total() - found[0]:
        raise Conflict("secret.in_use", f"{others} keys of persons are not under the first secret: matrix secret wrap")
    _write(_file(settings), settings.secrets[:1])
    return (
        f"{len(settings.secrets) - 1} dropped; start every process again, one after the other (make roll)\n"
        "messages signed by it that are still under way become dead letters (message.bad_signature); if there are any: "
        "matrix resend"
    )


def under(settings: Settings) -> Counter[int]:
    """Return how many keys of persons each listed secret wraps (0: the first), and none of them (``UNREADABLE``)."""
    return sum((keys.under() for _, keys in _rings(settings)), Counter())


def _state(settings: Settings) -> Iterator[str]:
    found = under(settings)
    for number in range(len(settings.secrets)):
        yield f"secret {number + 1} of {len(settings.secrets)}: wraps {found[number]} keys of persons"
    if found[UNREADABLE]:
        yield f"NO listed secret opens {found[UNREADABLE]} keys of persons: list the former one again"
    elif len(settings.secrets) > 1 and found.total() == found[0]:
        yield "when what was sent before has been handled (6 minutes after the last start): matrix secret drop"


def _rings(settings: Settings) -> Iterator[tuple[str, SqlKeyRing]]:
    for name in SERVICES:
        engine = open_engine(settings.database_url(name))
        try:
            yield name, SqlKeyRing(engine, settings.secrets)
        finally:
            engine.dispose()


def _file(settings: Settings) -> Path:
    if settings.secrets_file is None:
        raise BadSetting("the secrets are in MATRIX_SECRET: change them there, one a line, or use MATRIX_SECRET_FILE")
    return settings.secrets_file


def _write(path: Path, secrets: Sequence[str]) -> None:
    """Replace the file as a whole: half a file of secrets would cost every name in the logs."""
    before, fresh = path.stat(), path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("".join(f"{secret}\n" for secret in secrets))
        file.flush()
        os.fsync(file.fileno())
    with suppress(PermissionError):  # only root may give files away
        os.chown(fresh, before.st_uid, before.st_gid)
    fresh.chmod(before.st_mode & 0o777)
    fresh.replace(path)
    sync_path(path.parent)
