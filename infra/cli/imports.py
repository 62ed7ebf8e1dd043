"""The command that imports articles and figures from a file."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.importing.formats import recognise
from infra.importing.platform import HttpPlatform, Platform, Rehearsal
from infra.importing.report import write_report
from infra.importing.rows import AnyRow
from infra.importing.sniff import MAX_BYTES, too_large
from infra.importing.tables import read_tables
from infra.importing.uploader import WAITS, Outcome, Uploader
from infra.importing.values import CHINA
from shared.config import load_settings
from shared.errors import Invalid

SHOWN = 10


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--unit", default="", help="Name or id of the unit, for rows that name none.")
@click.option("--channel", default="", help="Name or id of the channel, for rows that name none.")
@click.option("--taken-at", type=click.DateTime(), help="When the figures were exported (default: the file's time).")
@click.option("--url", help="The gateway; by default the one that DATA=, PORT= or `make up` lead to.")
@click.option("--key", envvar="MATRIX_KEY", help="The API key (default: MATRIX_KEY).")
@click.option("--dry-run", is_flag=True, help="Read the file and look everything up; send nothing.")
def import_(
    file: Path, unit: str, channel: str, taken_at: datetime | None, url: str | None, key: str | None, dry_run: bool
) -> None:
    """Import articles and channel statistics: CSV, XLSX, XLS, and what WeChat and Douyin export.

    May be interrupted and repeated: nothing is told twice. What became of every row is in FILE.report.csv.
    """
    rows = _read(file, taken_at)
    if not key:
        raise Invalid("import.key", "an API key is needed: --key or MATRIX_KEY")
    settings = load_settings()
    platform = HttpPlatform(url or f"http://{settings.host}:{settings.port}", key)
    outcomes: list[Outcome] = []
    report = file.with_name(f"{file.name}.report.csv")
    try:
        _send(rows, Rehearsal(platform) if dry_run else platform, unit, channel, outcomes)
    finally:
        platform.close()
        _say(outcomes, report, dry_run)
    if any(one.verdict == "rejected" for one in outcomes):
        sys.exit(1)


def _read(file: Path, taken_at: datetime | None) -> list[AnyRow]:
    """Return the file's rows, and say what it is."""
    if file.stat().st_size > MAX_BYTES:
        raise too_large()
    now = datetime.now(UTC)
    told = taken_at.replace(tzinfo=CHINA) if taken_at else datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
    tables = recognise(read_tables(file.read_bytes()), min(told.astimezone(UTC), now))
    for table in tables:
        click.echo(f"{file.name}: {table.format}, {len(table.rows)} rows")
    rows = [row for table in tables for row in table.rows]
    if not rows:
        raise Invalid("import.no_rows", "below its header the table is empty")
    return rows


def _send(rows: Sequence[AnyRow], platform: Platform, unit: str, channel: str, outcomes: list[Outcome]) -> None:
    uploader = Uploader(platform, unit, channel)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not sys.stdout.isatty()) as bars:
        task = bars.add_task("rows", total=len(rows))
        for row in rows:
            outcomes.append(uploader.send(row))
            bars.advance(task)


def _say(outcomes: Sequence[Outcome], report: Path, dry_run: bool) -> None:
    rejected = [one for one in outcomes if one.verdict == "rejected"]
    for one in rejected[:SHOWN]:
        click.secho(f"  row {one.place} {one.about[:40]}: {one.field}: {one.reason}", fg="red")
    if len(rejected) > SHOWN:
        click.echo(f"  and {len(rejected) - SHOWN} more")
    counts = Counter(one.verdict for one in outcomes)
    would = "would be " if dry_run else ""
    click.echo(", ".join(f"{would}{name}: {counts[name]}" for name in ("accepted", "already there", "rejected")))
    if waiting := sum(one.reason == WAITS for one in outcomes):
        click.echo(f"{waiting} {WAITS}")
    try:
        write_report(report, outcomes)
        click.echo(f"row by row: {report}")
    except OSError as error:
        click.secho(f"the report cannot be written: {error}", fg="red", err=True)
