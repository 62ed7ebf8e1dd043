"""How people get in after a start: the first administrator, and the people of the demonstration."""

import json
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import click

from gateway.accounts import FIRST_LOGIN, Accounts, ensure_admin
from shared.config import Settings
from shared.database import open_engine


@dataclass(frozen=True, slots=True)
class First:
    """The administrator's key, and the one-time password with which a browser gets in."""

    key: str
    password: str


def first_sign_in(settings: Settings) -> First | None:
    """Make the administrator's account and return how to get in; None where there are accounts already."""
    engine = open_engine(settings.database_url("gateway"))
    try:
        accounts = Accounts(engine)
        key = ensure_admin(accounts)
        if key is None:
            return None
        return First(key, accounts.passwords.give(UUID(str(accounts.people.all()[0].id)))[0])
    finally:
        engine.dispose()


def say_sign_in(settings: Settings, first: First | None) -> None:
    """Print how to sign in."""
    if first:
        say_first(first)
    elif (people := read_demo_people(settings)) is None:
        click.echo("sign in as before; a lost password: matrix account password LOGIN; a key: matrix key create")
    else:
        say_demo_people(settings, people)


def say_first(first: First) -> None:
    """Print the first administrator's ways in; both are shown this once."""
    click.secho("the administrator, shown this once:", bold=True)
    click.echo(f"  in a browser: {FIRST_LOGIN}, one-time password {first.password}")
    click.echo(f"  for programs: {first.key}")


def demo_people_path(settings: Settings) -> Path:
    """Return the file that holds the demonstration's sign-ins; only its owner may read it."""
    return settings.data / "demo-people.json"


def read_demo_people(settings: Settings) -> dict[str, dict[str, str]] | None:
    """Return login, password and key by what their holders do, or None where the demonstration was not loaded."""
    path = demo_people_path(settings)
    if not path.exists():
        return None
    people: dict[str, dict[str, str]] = json.loads(path.read_text())
    return people


def write_demo_people(settings: Settings, people: dict[str, dict[str, str]]) -> None:
    """Keep the demonstration's sign-ins for the next start."""
    path = demo_people_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(people, indent=1))


def say_demo_people(settings: Settings, people: dict[str, dict[str, str]]) -> None:
    """Print the demonstration's sign-ins and where to use them."""
    click.secho(f"sign in at {settings.public_url}/sign-in as one of:", bold=True)
    for holder, ways in people.items():
        click.echo(f"  {ways['login']:<14} {ways['password']}   {holder}")
    click.echo(f"  (keys for programs: {demo_people_path(settings)})")
