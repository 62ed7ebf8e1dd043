"""How people get in after a start: the administrator's first key, and where the demonstration's keys are."""

import json
from pathlib import Path

import click

from gateway.accounts import Accounts, ensure_admin
from shared.config import Settings
from shared.database import open_engine


def first_key(settings: Settings) -> str | None:
    """Make the administrator's account and return its key; None where there are accounts already."""
    engine = open_engine(settings.database_url("gateway"))
    try:
        return ensure_admin(Accounts(engine))
    finally:
        engine.dispose()


def say_sign_in(settings: Settings, key: str | None) -> None:
    """Print how to sign in."""
    if key:
        click.secho("the administrator's key, shown this once:", bold=True)
        click.echo(f"  {key}")
    elif (keys := read_demo_keys(settings)) is None:
        click.echo("sign in with a key you have, or make one: matrix key create --role admin")
    else:
        say_demo_keys(settings, keys)


def demo_keys_path(settings: Settings) -> Path:
    """Return the file that holds the demonstration's keys; only its owner may read it."""
    return settings.data / "demo-keys.json"


def read_demo_keys(settings: Settings) -> dict[str, str] | None:
    """Return the demonstration's keys by what their holders do, or None where it was not loaded."""
    path = demo_keys_path(settings)
    if not path.exists():
        return None
    keys: dict[str, str] = json.loads(path.read_text())
    return keys


def write_demo_keys(settings: Settings, keys: dict[str, str]) -> None:
    """Keep the demonstration's keys for the next start."""
    path = demo_keys_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(keys, indent=1))


def say_demo_keys(settings: Settings, keys: dict[str, str]) -> None:
    """Print the demonstration's keys and where to use them."""
    click.secho(f"sign in at {settings.public_url}/sign-in with one of:", bold=True)
    for holder, key in keys.items():
        click.echo(f"  {holder:<34} {key}")
