"""Commands that look after the platform: rebuild, verify, erase, back up."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click
from rich.progress import Progress

from infra.backup import back_up, bring_back, read_again
from infra.doctor import check_machine
from infra.erase import erase, erase_again
from infra.services import service_class
from shared.config import load_settings
from shared.contracts import SERVICES
from shared.database import open_engine
from shared.log import open_log
from shared.log.verify import Anchor
from shared.log.verify import verify as verify_log
from shared.messaging import doors
from shared.projector import Projector, Rebuilt


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*SERVICES, "matrix"]))
def rebuild(names: tuple[str, ...]) -> None:
    """Build read models anew from the log while they are in use, and swap in what differs."""
    for name in names or (*SERVICES, "matrix"):
        with Progress(transient=True) as progress:
            task = progress.add_task(name, total=None)
            done = _rebuild(name, lambda at, of: progress.update(task, completed=at, total=of))  # noqa: B023
        said = "was right already" if done.equal else "differed and was replaced"
        click.echo(f"{name}: {done.events} events, {done.rows} rows in {done.seconds:.1f} s; it {said}")


def _rebuild(name: str, progress) -> Rebuilt:  # type: ignore[no-untyped-def]
    settings = load_settings()
    if name == "matrix":
        from gateway.matrix.rebuild import rebuild as rebuild_matrix

        logs = [open_log(one, open_engine(settings.owner_url(one))) for one in SERVICES]
        return rebuild_matrix(open_engine(settings.owner_url("gateway")), logs, progress)
    log = open_log(name, open_engine(settings.owner_url(name)))
    return Projector(log, doors(service_class(name)).views).rebuild(progress)


@click.command()
@click.option("--anchor", type=click.Path(path_type=Path), help="A file of anchors, kept elsewhere: read if there.")
@click.option("--save", is_flag=True, help="Write the anchors as of now to that file.")
def verify(anchor: Path | None, save: bool) -> None:
    """Check every log's hash chains; with an anchor also that nothing was cut off or rewritten since."""
    settings = load_settings()
    known = json.loads(anchor.read_text()) if anchor and anchor.exists() else {}
    now, broken = {}, 0
    for name in SERVICES:
        old = Anchor(**known[name]) if name in known else None
        verdict = verify_log(open_engine(settings.database_url(name)), old)
        now[name] = asdict(verdict.anchor)
        said = "whole" if not verdict.breaks else f"{len(verdict.breaks)} BREAKS"
        click.echo(f"{name}: {verdict.events} events in {verdict.streams} streams, {said}")
        for found in verdict.breaks:
            click.secho(f"  {found.stream} version {found.version}: {found.reason}", fg="red")
        broken += len(verdict.breaks)
    if anchor and save and not broken:
        anchor.write_text(json.dumps(now, indent=1))
        click.echo(f"anchors written to {anchor}; keep it where nobody who can change the log can change it")
    sys.exit(1 if broken else 0)


@click.command("erase-person")
@click.argument("person_id", type=click.UUID)
@click.confirmation_option(prompt="A person once erased cannot be brought back. Erase?")
def erase_person(person_id: UUID) -> None:
    """Erase a person: keys in every service, files that show them, their account. May be repeated."""
    for line in erase(load_settings(), person_id):
        click.echo(line)


@click.command()
def doctor() -> None:
    """Say what is wrong with this machine, and how to mend it."""
    wrong = 0
    for finding in check_machine():
        wrong += not finding.ok and not finding.optional
        mark = click.style("ok", fg="green") if finding.ok else click.style("no", fg="red")
        click.echo(f"{mark}  {finding.what}" + ("" if finding.ok else f"\n    {finding.how_to_mend}"))
    sys.exit(1 if wrong else 0)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Write a consistent copy of all data to FOLDER while the platform runs."""
    for line in back_up(load_settings(), folder):
        click.echo(line)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--without-ledger", is_flag=True, help="The ledger of erasures is lost: go on without it.")
def restore(folder: Path, without_ledger: bool) -> None:
    """Bring a backup back into an empty data directory (stop the platform first); who was erased since is so again."""
    for line in bring_back(load_settings(), folder, without_ledger=without_ledger):
        click.echo(line)


@click.command()
def resend() -> None:
    """Have every consumer read the logs again from their beginning; what it handled before has its effect once.

    After the broker lost its data, or PostgreSQL was brought back to a point in time (begin with an empty broker): who
    was erased after that moment is erased again. A relay that runs begins anew by itself; stop the embedded platform
    first.
    """
    settings = load_settings()
    for line in (*read_again(settings), *erase_again(settings)):
        click.echo(line)


@click.command()
def address() -> None:
    """Print where the platform is."""
    click.echo(load_settings().public_url)
