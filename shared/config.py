"""The platform's settings: variables ``MATRIX_*`` (secrets also from files, ``MATRIX_*_FILE``), read once."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared.disk import sync_path

SECRET_BYTES = 32
DRIVER = "postgresql+psycopg2"  # a bare ``postgresql`` is another driver to SQLAlchemy
WELL_KNOWN_SECRETS = frozenset({"secret", "changeme", "password", "matrix", "guest"})


class BadSetting(ValueError):
    """A setting is missing or cannot be used; the text says which and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``embedded`` needs only ``data``; ``distributed`` the database and broker URLs as well."""

    mode: Literal["embedded", "distributed"]
    data: Path
    secrets: tuple[str, ...]  # the first signs and wraps; each is accepted
    secrets_file: Path | None  # where they are listed, one a line; None: in ``MATRIX_SECRET`` itself
    amqp_url: str
    blobs: str
    s3_access_key: str | None
    s3_secret_key: str | None
    database: str
    database_password: str | None
    database_password_file: str | None  # ``{owner}`` in it is replaced, as in ``database``
    owner_database: str
    host: str
    port: int
    public_url: str  # where people reach the gateway
    monitor: str  # host:port of a process's own /metrics and /healthz; empty for none
    cors_origins: tuple[str, ...]
    trusted_proxies: tuple[str, ...]

    def database_url(self, owner: str) -> str:
        """Return the URL with which a service (or ``gateway``) works: its own file, or its own role and schema."""
        if self.mode == "embedded":
            return f"sqlite:///{self.data / owner}.db"
        return _text(self._postgres_url(owner))

    def owner_url(self, owner: str) -> str:
        """Return the URL with which migrations and operators work; on PostgreSQL with the owner's search path."""
        if self.mode == "embedded":
            return self.database_url(owner)
        given = self.owner_database
        url = _database_url("MATRIX_OWNER_DATABASE", given) if given else self._postgres_url("owner")
        return _text(url.update_query_dict({"options": f"-csearch_path={owner}"}))

    def _postgres_url(self, owner: str) -> URL:
        url = _database_url("MATRIX_DATABASE", self.database.replace("{owner}", owner))
        password = self.database_password
        if self.database_password_file:
            password = _read("MATRIX_DATABASE_PASSWORD_FILE", self.database_password_file.replace("{owner}", owner))
        return url.set(password=password) if password else url


def load_settings(env: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in ``env``.

    Raises:
        BadSetting: a value is missing or cannot be used.
    """
    mode = env.get("MATRIX_MODE", "embedded")
    if mode not in ("embedded", "distributed"):
        raise BadSetting(f"MATRIX_MODE is {mode!r}; it is embedded or distributed")
    data = Path(env.get("MATRIX_DATA") or env.get("DATA") or "var/data").resolve()
    host, port = (
        env.get("MATRIX_HOST") or env.get("HOST") or "127.0.0.1",
        _port(env.get("MATRIX_PORT") or env.get("PORT") or "8000"),
    )
    return Settings(
        mode="embedded" if mode == "embedded" else "distributed",
        data=data,
        secrets=_signing_secrets(env, data, mode),
        secrets_file=_secrets_file(env, data),
        amqp_url=_amqp_url(_secret(env, "MATRIX_AMQP_URL") or "amqp://guest:guest@127.0.0.1:5672/"),
        blobs=env.get("MATRIX_BLOBS", f"file://{data}/blobs"),
        s3_access_key=_secret(env, "MATRIX_S3_ACCESS_KEY"),
        s3_secret_key=_secret(env, "MATRIX_S3_SECRET_KEY"),
        database=env.get("MATRIX_DATABASE", "postgresql+psycopg2://matrix_{owner}@127.0.0.1:5432/matrix"),
        database_password=env.get("MATRIX_DATABASE_PASSWORD") or None,
        database_password_file=env.get("MATRIX_DATABASE_PASSWORD_FILE") or None,
        owner_database=_secret(env, "MATRIX_OWNER_DATABASE") or "",
        host=host,
        port=port,
        monitor=env.get("MATRIX_MONITOR", ""),
        public_url=env.get("MATRIX_PUBLIC_URL") or f"http://{host}:{port}",
        cors_origins=_list(env.get("MATRIX_CORS_ORIGINS", "")),
        trusted_proxies=_list(env.get("MATRIX_TRUSTED_PROXIES", "")),
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (each.strip() for each in text.split(","))))


def _secret(env: Mapping[str, str], name: str) -> str | None:
    if path := env.get(f"{name}_FILE"):
        return _read(f"{name}_FILE", path)
    return env.get(name) or None


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise BadSetting(f"{name}: {error}") from error


def read_secrets(text: str) -> tuple[str, ...]:
    """Return the platform's secrets in a text, one a line.

    Raises:
        BadSetting: there is none, or one can be guessed.
    """
    found = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not found or any(len(each) < SECRET_BYTES or each.lower() in WELL_KNOWN_SECRETS for each in found):
        raise BadSetting(f"MATRIX_SECRET is too easy: each line has at least {SECRET_BYTES} random characters")
    return found


def draw_secret() -> str:
    """Return a new secret from the system's generator."""
    return secrets.token_urlsafe(SECRET_BYTES)


def _secrets_file(env: Mapping[str, str], data: Path) -> Path | None:
    if path := env.get("MATRIX_SECRET_FILE"):
        return Path(path)
    return None if env.get("MATRIX_SECRET") else data / "secret.key"


def _signing_secrets(env: Mapping[str, str], data: Path, mode: str) -> tuple[str, ...]:
    """Return the configured secrets; embedded makes its own on the first start and keeps it beside the data."""
    given = _secret(env, "MATRIX_SECRET")
    if given is not None:
        return read_secrets(given)
    if mode == "distributed":
        raise BadSetting("MATRIX_SECRET_FILE (or MATRIX_SECRET) is required: the key that signs callers and events")
    path = data / "secret.key"
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not path.exists() or not path.stat().st_size:  # empty: the first start was cut
            path.touch(mode=0o600)
            path.write_text(draw_secret())
            for each in (path, data):  # what is sealed under it lasts, and is worth nothing without it
                sync_path(each)
        return read_secrets(path.read_text())
    except OSError as error:
        raise BadSetting(f"data directory {data} cannot be used: {error}; set DATA= to one you may write") from error


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise BadSetting(f"PORT is {text!r}; it is a number from 1 to 65535")
    return int(text)


def _amqp_url(text: str) -> str:
    if not text.startswith(("amqp://", "amqps://")):
        raise BadSetting("MATRIX_AMQP_URL is no address of a broker; one is amqp://USER:PASS@HOST:5672/")
    return text


def _database_url(name: str, text: str) -> URL:
    with suppress(ArgumentError):
        url = make_url(text)
        if url.drivername == DRIVER:
            return url
    raise BadSetting(f"{name} is no address of a PostgreSQL; one is {DRIVER}://role@host:5432/database")


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
