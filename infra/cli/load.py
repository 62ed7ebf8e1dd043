"""Commands that bring data in: the golden year."""

import sys
import time
from uuid import UUID

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.accounts import Accounts
from gateway.accounts.passwords import one_time_text
from infra.client import Client
from infra.demo import year
from infra.demo.loader import Loader
from infra.demo.words import UNITS
from infra.sign_in import read_demo_people, say_demo_people, write_demo_people
from shared.config import Settings, load_settings
from shared.database import open_engine
from shared.errors import Unavailable
from shared.roles import EVERY_UNIT, Role

READY_PATIENCE_S = 60
SETTLE_PATIENCE_S = 120
HOLDERS: tuple[tuple[str, str, Role, str | None], ...] = (
    ("administrator", "demo.admin", "admin", None),
    ("office editor (may approve)", "demo.editor", "office_editor", None),
    ("college editor", "demo.college", "college_editor", UNITS[1][0]),
    ("college correspondent", "demo.writer", "correspondent", UNITS[1][0]),
    ("viewer", "demo.viewer", "viewer", None),
)


@click.command()
@click.option("--url", help="The gateway; by default the one that DATA=, PORT= or `make up` lead to.")
@click.option("--wait", is_flag=True, help="Wait until the platform answers.")
def demo(url: str | None, wait: bool) -> None:
    """Load the golden year 2021 through the public API. May be interrupted and repeated."""
    settings = load_settings()
    address = url or f"http://{settings.host}:{settings.port}"
    engine = open_engine(settings.database_url("gateway"))
    accounts = Accounts(engine)
    issued = [_issue(accounts, name) for name in ("golden year: writer", "golden year: reviewer")]
    writer, reviewer = (Client(address, key) for _, key in issued)
    try:
        if wait:
            _wait_until_ready(writer)
        known = _is_loaded(writer)
        if not known:
            _load(writer, reviewer, accounts, settings)
        _say_totals(writer)
    finally:
        for key_id, _ in issued:
            accounts.keys.revoke(key_id)
        for client in (writer, reviewer):
            client.close()
        engine.dispose()
    said = wait and known  # the platform's start did
    if (people := read_demo_people(settings)) and not said:
        say_demo_people(settings, people)


def _issue(accounts: Accounts, name: str) -> tuple[UUID, str]:
    """Return a key (id and text) of the loader's account with that name, made at the first run."""
    known = next((one.id for one in accounts.people.all() if one.name == name), None)
    account = known or UUID(accounts.people.add(name, "office_editor", [EVERY_UNIT]).body["id"])
    made = accounts.keys.issue(account, name, days=1)
    return UUID(made.body["id"]), str(made.body["key"])


def _load(writer: Client, reviewer: Client, accounts: Accounts, settings: Settings) -> None:
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not sys.stdout.isatty()) as bars:
        tasks: dict[str, int] = {}

        def progress(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
                if bars.disable:
                    click.echo(f"loading the golden year: {of} {what}")
            bars.update(tasks[what], completed=done)  # type: ignore[arg-type]

        loader = Loader(writer, reviewer, progress)
        loader.load()
    if read_demo_people(settings) is None:
        write_demo_people(settings, _demo_people(accounts, loader.units))
    ends = time.monotonic() + SETTLE_PATIENCE_S
    while not _is_loaded(writer) and time.monotonic() < ends:
        time.sleep(0.2)


def _demo_people(accounts: Accounts, units: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the ways in of people of the demonstration; their passwords are kept, so they are drawn."""
    known = {one.login: one.id for one in accounts.people.all()}
    people = {}
    for holder, login, role, unit in HOLDERS:
        within = [units[unit]] if unit else [EVERY_UNIT]
        account = known.get(login) or UUID(accounts.people.add(holder, role, within, login=login).body["id"])
        password = one_time_text()
        accounts.passwords.choose(account, password)
        key = accounts.keys.issue(account, "demonstration").body["key"]
        people[holder] = {"login": login, "password": password, "key": str(key)}
    return people


def _wait_until_ready(client: Client) -> None:
    ends = time.monotonic() + READY_PATIENCE_S
    while not client.ready():
        if time.monotonic() > ends:
            raise Unavailable("demo.no_platform", "the platform does not answer; is it running? `matrix doctor` looks")
        time.sleep(0.2)


def _is_loaded(client: Client) -> bool:
    """Return whether the matrix says what the golden year adds up to."""
    for period, wanted in year.TOTALS.items():
        totals = client.get("matrix", period=period)["totals"]
        said = {name: figure["value"] for name, figure in totals["figures"].items()}
        wechat = totals["kinds"].get("wechat_oa", {}).get("figures", {})
        growth = wechat.get("net_follower_growth", {}).get("value")
        if any(said.get(name) != value for name, value in wanted.items()) or growth != year.WECHAT_GROWTH[period]:
            return False
    return True


def _say_totals(client: Client) -> None:
    for period in year.TOTALS:
        figures = client.get("matrix", period=period)["totals"]["figures"]
        said = ", ".join(f"{name} {'≥' * (f['precision'] == 'at_least')}{f['value']}" for name, f in figures.items())
        click.echo(f"{period}: {said}")
