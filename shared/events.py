"""What every event has in common, the written names they are stored under, and how old ones are read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from shared import codec
from shared.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact, past tense.

    ``type`` is the stored name (``content.article.drafted.v1``) and never a Python path.
    ``happened`` names the field that says when it happened in the world; without one it happened when recorded.
    """

    type: ClassVar[str]
    happened: ClassVar[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Event):
    """An event of a later version of the platform: kept, counted, and changing nothing."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as the log holds it. Times are UTC; ``position`` orders one log, ``version`` one stream (from 1)."""

    position: int
    event_id: UUID
    stream: str
    version: int
    type: str
    event: Event
    data: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    unit: UUID | None
    correlation_id: UUID
    causation_id: UUID | None
    hash: bytes


class Stored(NamedTuple):
    """An event as its row holds it, for who passes it on unread. Times in microseconds since the epoch; hash in hex."""

    position: int
    event_id: str
    stream: str
    version: int
    type: str
    occurred_us: int
    recorded_us: int
    actor: str
    unit: str | None
    correlation_id: str
    causation_id: str | None
    data: str
    hash: str


class Told(NamedTuple):
    """An event as a read model is told it: what it says, its place, and when it was recorded (UTC)."""

    position: int
    version: int
    recorded_at: datetime
    event: Event


Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]


class Registry:
    """The event types a reader knows, by their written names, and the upcasters that lift old versions."""

    def __init__(self, types: Iterable[type[Event]], upcasters: Mapping[str, Upcaster] | None = None) -> None:
        self.types = {event_type.type: event_type for event_type in types}
        self.upcasters = dict(upcasters or {})

    def decode(self, name: str, data: str) -> Event:
        """Return the event stored as ``name`` with JSON ``data``, lifted to its newest version.

        Raises:
            Invalid: the data does not fit the type.
        """
        fields = codec.read(data)
        while upcast := self.upcasters.get(name):
            name, fields = upcast(fields)
        known = self.types.get(name)
        if known is None:
            return Unknown(name=name, data=fields)
        try:
            return codec.structure(fields, known)
        except codec.Misfit as error:
            raise Invalid("event.malformed", f"{name}: {error}") from error


def encode(event: Event) -> str:
    """Return the event's fields as canonical JSON: keys sorted, no spaces, raw UTF-8."""
    return codec.dumps(codec.unstructure(event))


def occurred_at(event: Event) -> datetime | None:
    """Return when the event happened in the world (UTC), or None when it happened as it was recorded."""
    return getattr(event, event.happened) if event.happened else None
