"""The contract of an event log. Both stores pass ``tests/contract/test_log.py``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Engine

from shared.events import Event, Recorded, Stored, Told

Entry = TypeVar("Entry", Recorded, Stored, Told)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandKey:
    """An idempotency key (already scoped to caller and operation) and the fingerprint of the request's body."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxKey:
    """A message in the inbox: the consumer's written name and the event's id."""

    consumer: str
    event_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who caused an append and why, and the rows that make it happen once."""

    actor: str
    correlation_id: UUID
    causation_id: UUID | None = None
    key: CommandKey | None = None
    inbox: InboxKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The stream's version and the log's position after the append; ``replayed`` when nothing was appended anew."""

    version: int
    position: int
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Entry]):
    """Events in order of position, and the position up to which nothing can appear any more."""

    events: Sequence[Entry]
    checkpoint: int


class Log(Protocol):
    """Streams of events in one service's database."""

    name: str
    engine: Engine

    def load(self, stream: str) -> Sequence[Recorded]:
        """Return the stream's events in order of version, with all that is recorded of them; empty when it has none."""

    def facts(self, stream: str) -> Sequence[Event]:
        """Return the same events without what is recorded of them: what a state is folded from, at half the cost."""

    def append(
        self, stream: str, events: Sequence[Event], *, expected_version: int, cause: Cause, unit: UUID | None = None
    ) -> Appended:
        """Append all events or none, with the key and inbox row of ``cause``; return the new version.

        No events are fine: then only the key and inbox row are written.

        Raises:
            Conflict: the stream is not at ``expected_version``.
            RuleBroken: the key was used before with another body (``idempotency.key_reused``).
            Unavailable: the database did not answer; the outcome is unknown, ask again with the same key.

        Source: message-db write_message (expected version); recipe F of docs/decisions/0003 (ordering).
        """

    def answered(self, cause: Cause) -> Appended | None:
        """Return what the command or message of ``cause`` did before, or None when it is new.

        Raises:
            RuleBroken: the key was used before with another body.
        """

    def read(self, after: int, limit: int = 500) -> Page[Recorded]:
        """Return committed events with a position above ``after``, never passing one that may still appear.

        A full page's checkpoint is its last row's position; only an unfilled page may move past a gap.
        """

    def told(self, after: int, limit: int = 500, upto: int | None = None) -> Page[Told]:
        """Return what ``read`` returns, as read models are told it, at a third of the cost.

        ``upto`` is a position that a checkpoint has reached: up to it nothing can appear, so nobody is waited for.
        """

    def head(self) -> int:
        """Return the highest position given out so far (0 for an empty log)."""

    def on_append(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` after each append of this process (a hint; a reader also polls)."""
