"""The passwords and keys of one installation: drawn once, each in a file of its own, never in an argument or image."""

import base64
import hashlib
import json
import os
import secrets
import sys
from pathlib import Path

OWNERS = ("content", "review", "media", "training", "metrics", "gateway")
KEY_BYTES = 32
SALT_BYTES = 4
BROKER_USER = "matrix"
DRAWN = (
    "signing_key",
    "postgres_superuser",
    "postgres_owner",
    *(f"postgres_{owner}" for owner in OWNERS),
    "rabbitmq_password",
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
    password = (folder / "rabbitmq_password").read_text()
    _write(folder / "amqp_url", f"amqp://{BROKER_USER}:{password}@{broker}/")
    if not (folder / "rabbitmq_definitions.json").exists():
        _write(folder / "rabbitmq_definitions.json", json.dumps(_definitions(password), indent=1))
    access, secret = ((folder / name).read_text() for name in ("s3_access_key", "s3_secret_key"))
    _write(folder / "s3_users.json", json.dumps(_storage_users(access, secret), indent=1))
    return folder


def _storage_users(access_key: str, secret_key: str) -> dict[str, object]:
    """Return what the object store reads at its start: one user who may do everything in it, and nobody else."""
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    return {"identities": [{"name": "matrix", "credentials": credentials, "actions": ["Admin"]}]}


def _definitions(password: str) -> dict[str, object]:
    """Return what the broker loads at its start: one user, and no ``guest``."""
    salt = os.urandom(SALT_BYTES)
    hashed = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    user = {
        "name": BROKER_USER,
        "password_hash": hashed,
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": ["administrator"],
    }
    right = {"user": BROKER_USER, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
    return {"users": [user], "vhosts": [{"name": "/"}], "permissions": [right]}


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.chmod(0o444)
    fresh.replace(path)


if __name__ == "__main__":
    make_credentials(Path(sys.argv[1]))
