"""The passwords and keys of one installation: drawn once, each in a file of its own, never in an argument or image."""

import base64
import hashlib
import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.broker_users import ALL, OPERATOR, PROCESSES, permissions, topic_permissions
from shared.disk import sync_path

OWNERS = ("content", "review", "media", "training", "metrics", "gateway")
KEY_BYTES = 32
SALT_BYTES = 4
DRAWN = (
    "signing_key",
    "postgres_superuser",
    "postgres_owner",
    *(f"postgres_{owner}" for owner in OWNERS),
    "rabbitmq_password",
    *(f"rabbitmq_{process}" for process in PROCESSES),
    "s3_access_key",
    "s3_secret_key",
)


def make_credentials(folder: Path, broker: str = "rabbitmq:5672") -> Path:
    """Draw what is missing in ``folder`` and write what follows from it for a broker at host:port; return ``folder``.

    The folder admits only its owner; the files may be read by all, so that a container's own user can read the ones
    that are mounted into it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in DRAWN:
        if not (folder / name).exists():
            _write(folder / name, secrets.token_urlsafe(KEY_BYTES))
            sync_path(folder / name)  # databases and sealed names last, and nobody gets into them without it
    sync_path(folder)
    passwords = {OPERATOR: (folder / "rabbitmq_password").read_text()}
    _write(folder / "amqp_url", f"amqp://{OPERATOR}:{passwords[OPERATOR]}@{broker}/")
    for process in PROCESSES:
        passwords[process] = (folder / f"rabbitmq_{process}").read_text()
        _write(folder / f"amqp_{process}", f"amqp://{process}:{passwords[process]}@{broker}/")
    _write(folder / "rabbitmq_definitions.json", json.dumps(_definitions(passwords), indent=1))
    access, secret = ((folder / name).read_text() for name in ("s3_access_key", "s3_secret_key"))
    _write(folder / "s3_users.json", json.dumps(_storage_users(access, secret), indent=1))
    return folder


def _storage_users(access_key: str, secret_key: str) -> dict[str, object]:
    """Return what the object store reads at its start: one user who may do everything in it, and nobody else."""
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    return {"identities": [{"name": "matrix", "credentials": credentials, "actions": ["Admin"]}]}


def broker_environment(process: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with which a process comes to the broker as its own user, where there are such files."""
    given = environment.get("MATRIX_AMQP_URL_FILE")
    mine = Path(given).with_name(f"amqp_{process}") if given else None
    return {**environment, "MATRIX_AMQP_URL_FILE": str(mine)} if mine and mine.is_file() else dict(environment)


def _definitions(passwords: Mapping[str, str]) -> dict[str, object]:
    """Return what the broker loads at each start: an operator, a user for each process, and no ``guest``."""
    everything = {"user": OPERATOR, "vhost": "/", "configure": ALL, "write": ALL, "read": ALL}
    return {
        "users": [_user(name, password) for name, password in passwords.items()],
        "vhosts": [{"name": "/"}],
        "permissions": [everything, *permissions()],
        "topic_permissions": topic_permissions(),
    }


def _user(name: str, password: str) -> dict[str, object]:
    # Salted by what it is: the same file at each start, which the broker's container need not be made anew for.
    salt = hashlib.sha256(f"{name} {password}".encode()).digest()[:SALT_BYTES]
    hashed = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    tags = ["administrator"] if name == OPERATOR else []
    return {
        "name": name, "password_hash": hashed, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": tags,
    }  # fmt: skip


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.chmod(0o444)
    fresh.replace(path)


if __name__ == "__main__":
    make_credentials(Path(sys.argv[1]))
