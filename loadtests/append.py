"""Appending on PostgreSQL: one event or a hundred a transaction, from one process or several, beside peers.

The peers: an INSERT, or COPY, of the same rows by the bare driver; our own append, and that INSERT, behind one
exclusive lock, held until the commit; and the library ``eventsourcing``, which locks its table. Who writes how is in
``writers``.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url

from loadtests.machine import EVENTSOURCING
from loadtests.peers import ROUNDS, Comparison, compare, in_turns, latencies
from loadtests.world import World
from loadtests.writers import BATCH, Writing, writers

BARE = "bare INSERTs, psycopg2"
DELAY_US = 1000


def appends(world: World, count: int) -> list[Comparison]:
    """Return appends per second of so many processes at once, and how long the slowest hundredth takes."""
    what = f"append, {count} writer{'s' if count > 1 else ''}"
    with writers(world, count) as turn:
        found = in_turns(lambda: turn("ours"), lambda: turn("bare"), ROUNDS, lambda: turn("ten"))
    ours, theirs, ten = (tuple(each.sample for each in turns) for turns in found)
    rate = Comparison(name=f"append-{count}", what=what, peer=BARE, unit="events/s", ours=ours, theirs=theirs, ten=ten)
    return [rate, *latencies(f"append-{count}", what, BARE, *([each.latencies for each in turns] for turns in found))]


def appends_of_many(world: World) -> list[Comparison]:
    """Return batches per second, a hundred events of one stream in each, beside two ways to insert the same rows."""
    what = f"append {BATCH} events at once"
    with writers(world, 1) as turn:
        return [
            compare(
                f"append-batch-{BATCH}", what, "one INSERT of as many rows", "batches/s",
                lambda: turn("batch").sample, lambda: turn("rows").sample, ten=lambda: turn("ten-batch").sample,
            ),
            compare(
                f"append-batch-{BATCH}-copy", what, "COPY of as many rows", "batches/s",
                lambda: turn("batch").sample, lambda: turn("copied").sample,
            ),
        ]  # fmt: skip


def appends_beside_locks(world: World, count: int) -> list[Comparison]:
    """Return appends per second beside those who put theirs in order with an exclusive lock.

    Who holds it holds it while the disk works: that time decides. So they are compared as the disk is, and where a
    commit takes a millisecond more, as on a volume at the other end of a network.
    """
    what = f"append, {count} writers"
    with writers(world, count) as turn:
        found = [
            _beside(turn, "append-beside-lock-here", what, "the same behind one exclusive lock", "exclusive"),
            _beside(turn, "append-beside-bare-lock", what, "bare INSERTs behind one exclusive lock", "locked"),
            _beside(turn, "append-beside-eventsourcing-8", what, f"{EVENTSOURCING} on PostgreSQL", "eventsourcing"),
        ]
    what += f", {DELAY_US // 1000} ms a commit"
    with slower_commits(world), writers(world, count) as turn:
        beside = "the same behind one exclusive lock"
        return [*found, _beside(turn, "append-beside-lock", what, beside, "exclusive")]


def _beside(turn: Writing, name: str, what: str, peer: str, kind: str) -> Comparison:
    return compare(name, what, peer, "events/s", lambda: turn("ours").sample, lambda: turn(kind).sample)


@contextmanager
def slower_commits(world: World) -> Iterator[None]:
    """Have who connects from now on wait a millisecond for the disk before each commit, alone or with others."""
    name = str(make_url(world.settings.owner_url("content")).database)
    tell = world.servers.postgres.psql
    for setting, value in (("commit_delay", DELAY_US), ("commit_siblings", 0)):
        tell(name, "--command", f"alter database {name} set {setting} = {value}")
    try:
        yield
    finally:
        for setting in ("commit_delay", "commit_siblings"):
            tell(name, "--command", f"alter database {name} reset {setting}")
