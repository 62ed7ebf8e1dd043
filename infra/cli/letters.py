"""``matrix dead-letters``: messages that were given up."""

from dataclasses import asdict

import click

from shared.config import load_settings
from shared.dead_letters import open_dead_letters


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at messages that were given up; hand them out again, or drop them."""


@dead_letters.command("list")
@click.option("--consumer", help="Only of this consumer.")
def list_letters(consumer: str | None) -> None:
    """List dead letters, oldest first."""
    found = open_dead_letters(load_settings()).list(consumer)
    for letter in found:
        click.echo(f"{letter.consumer}  {letter.id}  {letter.type}  tries {letter.attempts}  {letter.reason}")
    click.echo(f"{len(found)} dead letters" + ("; look at one: matrix dead-letters show CONSUMER ID" if found else ""))


@dead_letters.command()
@click.argument("consumer")
@click.argument("letter_id")
def show(consumer: str, letter_id: str) -> None:
    """Print one dead letter whole."""
    for name, value in asdict(open_dead_letters(load_settings()).show(consumer, letter_id)).items():
        click.echo(f"{name:>9}  {value}")


@dead_letters.command()
@click.argument("consumer")
@click.argument("letter_id", required=False)
def replay(consumer: str, letter_id: str | None) -> None:
    """Hand the letter (or all of the consumer's) out again, as if for the first time."""
    click.echo(f"{open_dead_letters(load_settings()).replay(consumer, letter_id)} handed out again")


@dead_letters.command()
@click.argument("consumer")
@click.argument("letter_id", required=False)
@click.confirmation_option(prompt="What is dropped is never handled. Drop it?")
def drop(consumer: str, letter_id: str | None) -> None:
    """Throw the letter (or all of the consumer's) away."""
    click.echo(f"{open_dead_letters(load_settings()).drop(consumer, letter_id)} dropped")
