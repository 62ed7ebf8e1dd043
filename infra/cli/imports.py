"""The command that imports articles and figures from a file, through the API."""

import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.client import Client
from shared.config import load_settings
from shared.errors import Invalid
from shared.ids import new_id

SHOWN = 10
POLL_S = 0.5
CHINA = timezone(timedelta(hours=8))
Import = dict[str, Any]


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--unit", default="", help="Name or id of the unit, for rows that name none.")
@click.option("--channel", default="", help="Name or id of the channel, for rows that name none.")
@click.option("--taken-at", type=click.DateTime(), help="When the figures were exported (default: the file's time).")
@click.option("--url", help="The gateway; by default the one that DATA=, PORT= or `make up` lead to.")
@click.option("--key", envvar="MATRIX_KEY", help="The API key (default: MATRIX_KEY).")
@click.option("--dry-run", is_flag=True, help="Read the file and look everything up; write nothing.")
def import_(
    file: Path, unit: str, channel: str, taken_at: datetime | None, url: str | None, key: str | None, dry_run: bool
) -> None:
    """Import articles and channel statistics: CSV, XLSX, XLS, and what WeChat and Douyin export.

    The platform goes on with it when this command is interrupted. May be repeated: nothing is told twice. What became
    of every row is in FILE.report.csv.
    """
    if not key:
        raise Invalid("import.key", "an API key is needed: --key or MATRIX_KEY")
    settings = load_settings()
    client = Client(url or f"http://{settings.host}:{settings.port}", key)
    told = taken_at.replace(tzinfo=CHINA) if taken_at else datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
    query = {"filename": file.name[-200:], "unit": unit, "channel": channel, "dry_run": dry_run}
    try:
        begun = client.send("imports", str(new_id()), file, **query, taken_at=told.isoformat())
        for table in begun["tables"]:
            click.echo(f"{file.name}: {table['format']}, {table['rows']} rows")
        ended = _follow(client, begun)
        _say(client, ended, file.with_name(f"{file.name}.report.csv"))
    finally:
        client.close()
    if ended["state"] == "failed" or ended["rows"]["rejected"]:
        sys.exit(1)


def _follow(client: Client, begun: Import) -> Import:
    """Return the import once it has ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not sys.stdout.isatty()) as bars:
        task = bars.add_task("rows", total=begun["rows"]["total"])
        while (found := client.get(f"imports/{begun['id']}"))["state"] == "running":
            bars.update(task, completed=found["rows"]["done"])
            time.sleep(POLL_S)
        bars.update(task, completed=found["rows"]["done"])
    return found


def _say(client: Client, ended: Import, report: Path) -> None:
    rejected = client.get(f"imports/{ended['id']}/rows", outcome="rejected", limit=SHOWN)
    for one in rejected["items"]:
        click.secho(f"  row {one['row']} {one['about'][:40]}: {one['field']}: {one['reason']}", fg="red")
    if rejected["next"]:
        click.echo(f"  and {ended['rows']['rejected'] - SHOWN} more")
    would = "would be " if ended["dry_run"] else ""
    names = {"accepted": "accepted", "repeated": "already there", "rejected": "rejected"}
    click.echo(", ".join(f"{would}{said}: {ended['rows'][name]}" for name, said in names.items()))
    if waiting := ended["rows"]["waiting"]:
        click.echo(f"{waiting} in review; import the file again after the approval, to note where it was published")
    if ended["state"] == "failed":
        click.secho(f"the import ended before its last row: {ended['reason']}", fg="red")
    try:
        client.save(f"imports/{ended['id']}/report", report)
        click.echo(f"row by row: {report}")
    except OSError as error:
        click.secho(f"the report cannot be written: {error}", fg="red", err=True)
