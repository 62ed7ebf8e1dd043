"""What an event takes on disk: its row with all indexes, and the write-ahead log of its append.

The peer is a table of the same columns with nothing but its primary key, written in transactions of the same size.
"""

from sqlalchemy import Connection, Engine, text

from loadtests.peers import Comparison, Sample, compare
from loadtests.world import World
from loadtests.writers import ROW, UNIT
from shared.database import open_engine, writing
from shared.execute import cause_of
from shared.ids import new_id
from shared.log import open_log
from shared.log.store import Log

STREAMS, STREAM = 100, 5
_SIZE = text("select pg_total_relation_size(cast(:name as regclass))")
_COUNT = text("select count(*) from event")
_WRITTEN = text("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")


def at_rest(world: World) -> list[Comparison]:
    """Return bytes for each event that lies there."""
    owner = open_engine(world.settings.owner_url("content"))
    with writing(owner) as db:
        db.execute(text("create table bench_bare as select * from event order by position"))
        db.execute(text("alter table bench_bare add primary key (position)"))
        ours, theirs = _bytes(db, "event"), _bytes(db, "bench_bare")
    with open_engine(world.large.owner_url("content")).connect() as db:
        ten = _bytes(db, "event")
    owner.dispose()
    found = Comparison(
        name="storage", what=f"an event on disk, of {world.events:,}", peer="a row with primary key only",
        unit="bytes", cost=True, ours=(ours,), theirs=(theirs,), ten=(ten,),
    )  # fmt: skip
    return [found]


def _bytes(db: Connection, table: str) -> Sample:
    return Sample(db.execute(_SIZE, {"name": table}).scalar_one() / db.execute(_COUNT).scalar_one())


def written_ahead(world: World) -> list[Comparison]:
    """Return bytes that are written ahead for each event."""
    superuser, owner = open_engine(world.servers.postgres_url), open_engine(world.settings.owner_url("content"))
    log, large = (
        open_log("content", open_engine(settings.database_url("content"))) for settings in (world.settings, world.large)
    )
    found = compare(
        "write-ahead", f"an event's write-ahead log, {STREAM} a transaction", "a row with primary key only", "bytes",
        lambda: _ahead(superuser, log), lambda: _ahead_of_bare(superuser, owner),
        ten=lambda: _ahead(superuser, large), cost=True,
    )  # fmt: skip
    for engine in (superuser, owner, log.engine, large.engine):
        engine.dispose()
    return [found]


def _ahead(superuser: Engine, log: Log) -> Sample:
    before = _at(superuser)
    for _ in range(STREAMS):
        log.append(f"unit-{new_id()}", [ROW] * STREAM, expected_version=0, cause=cause_of("bench"), unit=UNIT)
    return Sample((_at(superuser) - before) / (STREAMS * STREAM))


def _ahead_of_bare(superuser: Engine, owner: Engine) -> Sample:
    """Write what the last append wrote, as often."""
    before = _at(superuser)
    copy = text(
        "insert into bench_bare select (select max(position) from bench_bare) + n, event_id, stream, version, type,"
        " occurred_at, recorded_at, actor, unit, correlation_id, causation_id, data, hash"
        " from event, generate_series(1, :n) as n where position = (select max(position) from event)"
    )
    for _ in range(STREAMS):
        with writing(owner) as db:
            db.execute(copy, {"n": STREAM})
    return Sample((_at(superuser) - before) / (STREAMS * STREAM))


def _at(superuser: Engine) -> float:
    """Return how many bytes the server wrote ahead so far."""
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        return float(db.execute(_WRITTEN).scalar_one())
