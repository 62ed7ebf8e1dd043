"""``matrix account``: people who sign in with a login and a password."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import click

from gateway.accounts import Account, Accounts
from gateway.accounts.passwords import login_of
from shared.config import load_settings
from shared.database import open_engine
from shared.errors import NotFound
from shared.roles import EVERY_UNIT, ROLES


@click.group()
def account() -> None:
    """Make accounts of people, reset their passwords, sign them out, close them."""


@account.command()
@click.argument("login")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--unit", "units", multiple=True, help="Id of a unit the account is bound to; every unit when none.")
@click.option("--name", help="The person's name; the login when none.")
def create(login: str, role: str, units: tuple[str, ...], name: str | None) -> None:
    """Make an account, and print the one-time password with which LOGIN comes in."""
    with open_accounts() as accounts:
        made = accounts.people.add(name or login, role, units or [EVERY_UNIT], login=login)  # type: ignore[arg-type]
        _say_password(accounts, UUID(made.body["id"]), login)


@account.command("list")
def list_accounts() -> None:
    """List accounts: id, login, role, whether they are open, name, units."""
    with open_accounts() as accounts:
        for one in accounts.people.all():
            who = f"{one.id} {one.login or '-':<20} {one.role:<15} {'closed' if one.disabled else 'open':<7}"
            click.echo(f"{who} {one.name:<28} {' '.join(sorted(one.units))}")


@account.command()
@click.argument("login")
def password(login: str) -> None:
    """Give LOGIN a new one-time password; the former one and every session end at once."""
    with open_accounts() as accounts:
        _say_password(accounts, _found(accounts, login).id, login)


@account.command("sign-out")
@click.argument("login")
def sign_out(login: str) -> None:
    """End every session of LOGIN."""
    with open_accounts() as accounts:
        accounts.sessions.close_all(_found(accounts, login).id)
    click.echo(f"{login} is signed out everywhere")


@account.command()
@click.argument("login")
@click.option("--open", "opened", is_flag=True, help="Open it again.")
def close(login: str, opened: bool) -> None:
    """Close the account of LOGIN: no password, key or session of theirs holds any more."""
    with open_accounts() as accounts:
        accounts.people.change(_found(accounts, login).id, {"disabled": not opened})
    click.echo(f"{login} is {'open; give a password: matrix account password ' + login if opened else 'closed'}")


@contextmanager
def open_accounts() -> Iterator[Accounts]:
    """Give the accounts in the gateway's database."""
    engine = open_engine(load_settings().database_url("gateway"))
    try:
        yield Accounts(engine)
    finally:
        engine.dispose()


def _found(accounts: Accounts, login: str) -> Account:
    for one in accounts.people.all():
        if one.login == login_of(login):
            return one
    raise NotFound("accounts.not_found", f"nobody signs in as {login}; `matrix account list` lists who does")


def _say_password(accounts: Accounts, account_id: UUID, login: str) -> None:
    text, ends = accounts.passwords.give(account_id)
    click.echo(text)
    click.echo(f"{login} signs in with it once, until {ends:%Y-%m-%d %H:%M} UTC, and chooses another", err=True)
