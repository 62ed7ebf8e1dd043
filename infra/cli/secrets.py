"""``matrix secret``: the platform's secret, changed under traffic."""

import click

from infra import secret as secrets
from shared.config import load_settings


@click.group()
def secret() -> None:
    """Change the platform's secret: draw, use, wrap, drop, in this order; each says what to do next.

    The secrets are the lines of MATRIX_SECRET_FILE (embedded: secret.key in the data directory): the first signs and
    wraps, each is accepted.
    """


@secret.command()
def draw() -> None:
    """List a new secret behind the one in use."""
    click.echo(secrets.draw(load_settings()))


@secret.command()
def use() -> None:
    """Put the new secret first."""
    click.echo(secrets.use(load_settings()))


@secret.command()
def wrap() -> None:
    """Wrap the keys of persons with the first secret, and say what each wraps. May be repeated."""
    for line in secrets.wrap(load_settings()):
        click.echo(line)


@secret.command()
def drop() -> None:
    """Keep the first secret only; refused while a key of a person is wrapped by another."""
    click.echo(secrets.drop(load_settings()))
