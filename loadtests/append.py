"""Appending on PostgreSQL: one event or a hundred a transaction, from one process or several, beside peers.

The peers: an INSERT of the same rows by the bare driver in autocommit mode; the same behind one exclusive lock, held
until the commit; and the library ``eventsourcing``, which locks its table. Who writes how is in ``writers``.
"""

from loadtests.peers import Comparison, compare, compare_latencies
from loadtests.world import World
from loadtests.writers import BATCH, writers

BARE = "bare INSERTs, psycopg2"


def appends(world: World, count: int) -> list[Comparison]:
    """Return appends per second of so many processes at once, and how long the slowest hundredth takes."""
    what = f"append, {count} writer{'s' if count > 1 else ''}"
    with writers(world, count) as turn:
        rate = compare(
            f"append-{count}", what, BARE, "events/s",
            lambda: turn("ours").sample, lambda: turn("bare").sample, ten=lambda: turn("ten").sample,
        )  # fmt: skip
        slow = compare_latencies(
            f"append-{count}", what, BARE, lambda: turn("ours").latencies, lambda: turn("bare").latencies
        )
    return [rate, *slow]


def appends_of_many(world: World) -> Comparison:
    """Return batches per second, a hundred events of one stream in each, beside one INSERT of the same rows."""
    with writers(world, 1) as turn:
        return compare(
            f"append-batch-{BATCH}", f"append {BATCH} events at once", "one INSERT of as many rows", "batches/s",
            lambda: turn("batch").sample, lambda: turn("rows").sample,
        )  # fmt: skip


def appends_beside_locks(world: World, count: int) -> list[Comparison]:
    """Return appends per second beside those who put theirs in order with an exclusive lock."""
    what = f"append, {count} writers"
    with writers(world, count) as turn:

        def beside(name: str, peer: str, kind: str) -> Comparison:
            return compare(name, what, peer, "events/s", lambda: turn("ours").sample, lambda: turn(kind).sample)

        return [
            beside("append-beside-lock", "bare INSERTs behind one exclusive lock", "locked"),
            beside("append-beside-eventsourcing-8", "eventsourcing 9.5.6 on PostgreSQL", "eventsourcing"),
        ]
