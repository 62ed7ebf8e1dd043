"""Small worlds for tests of the matrix: an empty read model, and histories of events as five logs would hold them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event

from gateway.matrix.answer import assemble
from gateway.matrix.calendar import day_of
from gateway.matrix.periods import parse
from gateway.matrix.query import Query
from gateway.matrix.read import Reader, position
from gateway.matrix.tables import metadata, state
from gateway.matrix.writer import Writer
from shared import codec
from shared.contracts.content.events import (
    ArticleKind,
    ArticlePublished,
    ChannelKind,
    ChannelOpened,
    UnitEstablished,
)
from shared.contracts.metrics.events import FigureDefined, FollowersCounted, ReadsCounted, TimelinessJudged
from shared.contracts.review.events import CaseApproved
from shared.database import open_engine, reading, writing
from shared.events import Event, Recorded, encode, occurred_at
from shared.log.store import Page
from shared.testing import checksum

NOW = datetime(2022, 3, 1, tzinfo=UTC)
START = datetime(2021, 1, 1, tzinfo=UTC)
SHANGHAI = timedelta(hours=8)
READERS: WeakKeyDictionary[Engine, Reader] = WeakKeyDictionary()
WRITERS: WeakKeyDictionary[Engine, Writer] = WeakKeyDictionary()


def at(text: str) -> datetime:
    """Return a moment given as Shanghai wall-clock time."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def open_model(path: Path) -> Engine:
    """Return an engine on an empty read model."""
    engine = open_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    with writing(engine) as db:
        metadata.create_all(db)
        state.create_all(db)
    return engine


def rows_of(engine: Engine) -> str:
    """Return the checksum of everything that is folded from events."""
    with reading(engine) as db:
        return checksum(db, metadata)


def apply(engine: Engine, events: Sequence[Recorded]) -> int | None:
    """Fold the events in; return the matrix's position if it moved."""
    writer = WRITERS.get(engine)
    if writer is None:
        writer = WRITERS[engine] = Writer(engine)
    if not writer.apply(events, {}):
        return None
    with reading(engine) as db:
        return position(db)


def ask(
    engine: Engine,
    period: str,
    as_of: datetime | None = None,
    scope: frozenset[UUID] | None = None,
    today: date | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return the answer to a query."""
    query = Query(period=parse(period), as_of=as_of, scope=scope, **more)
    reader = READERS.get(engine)
    if reader is None:
        reader = READERS[engine] = Reader(engine)
    text = assemble(query, reader.read(query), today or day_of(as_of or NOW))
    found: dict[str, Any] = codec.loads(text)
    assert codec.dumps(found) == text, "no canonical JSON"
    return found


def totals(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the totals by figure."""
    return {name: figure["value"] for name, figure in answer["totals"]["figures"].items()}


class History:
    """Events as the services' logs would hold them: positions by log, versions by stream, one clock of recording."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.clock = START
        self._positions: dict[str, int] = {}
        self._versions: dict[str, int] = {}

    def add(self, stream: str, event: Event, recorded_at: datetime | None = None) -> Recorded:
        """Record an event, by default a minute after the last."""
        self.clock = recorded_at or self.clock + timedelta(minutes=1)
        source = event.type.partition(".")[0]
        self._positions[source] = self._positions.get(source, 0) + 1
        self._versions[stream] = self._versions.get(stream, 0) + 1
        recorded = Recorded(
            position=self._positions[source],
            event_id=uuid4(),
            stream=stream,
            version=self._versions[stream],
            type=event.type,
            event=event,
            data=encode(event),
            occurred_at=occurred_at(event) or self.clock,
            recorded_at=self.clock,
            actor="test",
            unit=getattr(event, "unit_id", None),
            correlation_id=UUID(int=1),
            causation_id=None,
            hash=b"",
        )
        self.events.append(recorded)
        return recorded

    def unit(self, name: str, kind: str = "college", since: date = date(2020, 1, 1)) -> UUID:
        """Establish a unit."""
        unit_id = uuid4()
        self.add(
            f"unit-{unit_id}",
            UnitEstablished(unit_id=unit_id, name=name, kind=kind, parent_id=None, since=since),  # type: ignore[arg-type]
        )
        return unit_id

    def channel(self, unit_id: UUID, kind: ChannelKind = "website", name: str = "site") -> UUID:
        """Open a channel."""
        channel_id = uuid4()
        self.add(
            f"channel-{channel_id}",
            ChannelOpened(
                channel_id=channel_id, unit_id=unit_id, kind=kind, name=name, handle=None, official=True, tier="none",
                status="active", opened_at=at("2020-01-01T00:00"),
            ),
        )  # fmt: skip
        return channel_id

    def publish(
        self, unit_id: UUID, channel_id: UUID, when: datetime, kind: ArticleKind = "news",
        channel_kind: ChannelKind = "website", recorded_at: datetime | None = None,
    ) -> Recorded:  # fmt: skip
        """Publish an article."""
        article = uuid4()
        event = ArticlePublished(
            article_id=article, unit_id=unit_id, publication_id=uuid4(), kind=kind, title="News", revision=1,
            channel_id=channel_id, channel_kind=channel_kind, tier="none", event_ended_at=None, published_at=when,
            url=None, by=uuid4(),
        )  # fmt: skip
        return self.add(f"article-{article}", event, recorded_at)

    def followers(
        self, unit_id: UUID, channel_id: UUID, when: datetime, followers: int, recorded_at: datetime | None = None
    ) -> Recorded:
        """Count a channel's followers."""
        event = FollowersCounted(
            channel_id=channel_id, unit_id=unit_id, followers=followers, source="platform", taken_at=when
        )
        return self.add(f"followers-{channel_id}", event, recorded_at)

    def reads(
        self, unit_id: UUID, article_id: UUID, when: datetime, value: int, channel_id: UUID | None = None
    ) -> Recorded:
        """Count an article's reads."""
        event = ReadsCounted(
            article_id=article_id, unit_id=unit_id, channel_id=channel_id, value=value, unit="reads",
            source="platform", taken_at=when,
        )  # fmt: skip
        return self.add(f"reads-{article_id}", event)

    def judge(self, unit_id: UUID, channel_id: UUID, when: datetime, on_time: bool) -> Recorded:
        """Judge a publication."""
        publication = uuid4()
        event = TimelinessJudged(
            publication_id=publication, article_id=uuid4(), unit_id=unit_id, channel_id=channel_id, title="News",
            tier="school_home", event_ended_at=when - timedelta(hours=50), published_at=when, taken_s=3600,
            limit_hours=48, on_time=on_time, policy_version=1,
        )  # fmt: skip
        return self.add(f"timeliness-{publication}", event)

    def approve(self, unit_id: UUID, when: datetime, char_count: int) -> Recorded:
        """Approve a case."""
        case = uuid4()
        event = CaseApproved(
            case_id=case, article_id=uuid4(), unit_id=unit_id, kind="news", revision=1, digest="", title="News",
            char_count=char_count, char_rule="r", by=uuid4(), at=when, override_reason=None,
        )  # fmt: skip
        return self.add(f"case-{case}", event)

    def define(self, name: str, kind: str, unit: str = "", covered_from: date | None = None) -> Recorded:
        """Define a figure."""
        version = self._versions.get(f"figure-{name}", 0) + 1
        event = FigureDefined(
            name=name, version=version, unit=unit, kind=kind, meaning_zh="", meaning_en="", covered_from=covered_from  # type: ignore[arg-type]
        )  # fmt: skip
        return self.add(f"figure-{name}", event)


class MemoryLog:
    """A service's log in memory; ``on_append`` is not needed here."""

    def __init__(self, name: str, events: Sequence[Recorded]) -> None:
        self.name = name
        self.events = [recorded for recorded in events if recorded.type.startswith(f"{name}.")]
        self.broken: Exception | None = None

    def read(self, after: int, limit: int = 500) -> Page[Recorded]:
        """Return a page."""
        if self.broken:
            raise self.broken
        page = [recorded for recorded in self.events if recorded.position > after][:limit]
        return Page(events=page, checkpoint=page[-1].position if page else after)

    def head(self) -> int:
        """Return the last position."""
        return self.events[-1].position if self.events else 0
