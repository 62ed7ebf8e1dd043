"""``matrix key``: who may get in."""

from uuid import UUID

import click

from infra.cli.accounts import open_accounts
from infra.sign_in import first_sign_in, say_sign_in
from shared.config import load_settings
from shared.roles import EVERY_UNIT, ROLES


@click.group()
def key() -> None:
    """Make, list and revoke API keys."""


@key.command()
@click.option("--role", type=click.Choice(ROLES), default="admin", show_default=True)
@click.option("--unit", "units", multiple=True, help="Id of a unit the account is bound to; every unit when none.")
@click.option("--name", default="command line", show_default=True, help="Whose account it is.")
@click.option("--days", default=365, show_default=True, help="How long the key holds.")
@click.option("--first", is_flag=True, help="Only where there is no account yet: make the administrator.")
def create(role: str, units: tuple[str, ...], name: str, days: int, first: bool) -> None:
    """Make an account with a key, and print the key: it is shown this once."""
    if first:
        settings = load_settings()
        say_sign_in(settings, first_sign_in(settings))
        return
    with open_accounts() as accounts:
        account = accounts.people.add(name, role, units or [EVERY_UNIT])  # type: ignore[arg-type]
        issued = accounts.keys.issue(UUID(account.body["id"]), name, days)
    click.echo(f"{issued.body['key']}")
    click.echo(f"account {account.body['id']}, role {role}, until {issued.body['expires_at']}", err=True)


@key.command("list")
def list_keys() -> None:
    """List keys: everything but their secrets."""
    with open_accounts() as accounts:
        names = {account.id: account for account in accounts.people.all()}
        for one in accounts.keys.all():
            holder = names[one.account_id]
            state = "revoked" if one.revoked_at else f"until {one.expires_at:%Y-%m-%d}"
            click.echo(f"{one.prefix}  {holder.role:<15} {holder.name:<20} {state:<18} {one.label}")


@key.command()
@click.argument("key")
def revoke(key: str) -> None:
    """Make a key worthless at once: the whole of it, or its prefix as `matrix key list` shows it."""
    prefix = key.removeprefix("mm_").partition("_")[0]
    with open_accounts() as accounts:
        accounts.keys.revoke(accounts.keys.get(prefix).id)
    click.echo(f"{prefix} is revoked")
