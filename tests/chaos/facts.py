"""What is in the databases after everything calmed: logs, inboxes, dead letters, the matrix and keys of persons.

It reads tables with SQL of its own, so that a fault in the platform's reading cannot hide one in its writing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, create_engine, text

from infra.credentials import OWNERS
from shared.contracts import SERVICES
from tests.chaos.stage import DISTRIBUTED, Stage

ERASED = "select stream from event where type like '%.person.erased.v1'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One event as it stands in a log."""

    event_id: str
    position: int
    stream: str
    version: int
    type: str
    actor: str
    caused_by: str | None


@dataclass(kw_only=True)
class Facts:
    """Everything there is to compare."""

    logs: Mapping[str, Sequence[Stored]]
    handled: Mapping[str, set[str]]  # consumer → ids of the events it handled
    published: Counter[str]  # id of a publication's event → facts the matrix made of it
    summed: int  # what the matrix answers
    applied: frozenset[str]  # ids of the events that are in the matrix
    letters: list[str]
    unread: int  # events that the matrix has not come to yet

    def __post_init__(self) -> None:
        self.there = Counter((event.type, event.stream) for log in self.logs.values() for event in log)


def read_facts(stage: Stage) -> Facts:
    """Return what is in the databases now."""
    logs: dict[str, list[Stored]] = {}
    handled: dict[str, set[str]] = defaultdict(set)
    letters: list[str] = []
    for service in SERVICES:
        with _database(stage, service) as db:
            logs[service] = [_stored(row) for row in db.execute(text(
                "select event_id, position, stream, version, type, actor, causation_id from event order by position"
            ))]  # fmt: skip
            for consumer, event_id in db.execute(text("select consumer, event_id from inbox")):
                handled[consumer].add(_hex(event_id))
            letters += [f"{row.consumer} {row.reason}" for row in db.execute(text("select * from dead_letter"))]
    with _database(stage, OWNERS[-1]) as db:
        facts = db.execute(text("select event_id from fact where figure = 'news_published'")).scalars()
        published = Counter(map(_hex, facts))
        summed = db.execute(text("select coalesce(sum(value), 0) from month_sum where figure = 'news_published'"))
        total = int(summed.scalar_one())
        applied = frozenset(map(_hex, db.execute(text("select event_id from applied")).scalars()))
        followed = {row.source: int(row.position) for row in db.execute(text("select source, position from feed"))}
    # Over the broker the matrix's position is that of what it takes, and not of the log.
    unread = 0 if stage.mode == DISTRIBUTED else _unread(logs, followed)
    return Facts(
        logs=logs, handled=handled, published=published, summed=total, applied=applied, letters=letters, unread=unread
    )


def _unread(logs: dict[str, list[Stored]], followed: dict[str, int]) -> int:
    """Return how many events the matrix has not read yet."""
    return sum(event.position > followed.get(service, 0) for service, log in logs.items() for event in log)


def still_readable(stage: Stage) -> list[str]:
    """Return the persons who were erased and have a key still; it is unexpected too when nobody was erased."""
    found, erased = [], set()
    for service in ("content", "media", "training"):
        with _database(stage, service) as db:
            gone = {row.removeprefix("person-").replace("-", "") for row in db.execute(text(ERASED)).scalars()}
            keys = db.execute(text("select person_id from person_key where wrapped is not null")).scalars()
            found += [f"{service} has a key of {one}, who was erased" for one in gone & set(map(_hex, keys))]
            erased |= gone
    return found or ([] if erased else ["nobody was erased"])


@contextmanager
def _database(stage: Stage, owner: str) -> Iterator[Connection]:
    engine = create_engine(stage.settings.owner_url(owner))
    try:
        with engine.connect() as db:
            yield db
    finally:
        engine.dispose()


def _stored(row: Any) -> Stored:
    caused_by = _hex(row.causation_id) if row.causation_id is not None else None
    return Stored(event_id=_hex(row.event_id), position=row.position, stream=row.stream, version=row.version,
                  type=row.type, actor=row.actor, caused_by=caused_by)  # fmt: skip


def _hex(value: Any) -> str:
    """Return an id as both databases' drivers and the wire can be compared by: 32 hexadecimal digits."""
    return str(value).replace("-", "")
