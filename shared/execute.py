"""The imperative shell: load, decide, append. The only code that writes to a stream."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Protocol, TypeVar
from uuid import UUID

from shared.errors import Conflict, PlatformError
from shared.events import Event
from shared.ids import new_id
from shared.log.store import Appended, Cause, Log

State = TypeVar("State")
Command = TypeVar("Command", contravariant=True)
ATTEMPTS = 3  # to win a race for a stream's next version


class Decider(Protocol[State, Command]):
    """A module with three pure functions. A state that belongs to a unit has ``unit_id``."""

    def initial(self) -> State: ...
    def evolve(self, state: State, event: Event) -> State: ...
    def decide(self, state: State, command: Command) -> Sequence[Event]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command did: the stream's new version, the log position, and whether the answer is a replay."""

    version: int
    position: int
    replayed: bool
    events: Sequence[Event] = field(default=())


def state_of(log: Log, stream: str, decider: Decider[State, Any]) -> tuple[State, int]:
    """Return the stream's folded state and its version (number of events)."""
    history = log.facts(stream)
    return reduce(decider.evolve, history, decider.initial()), len(history)


def execute(
    log: Log, stream: str, decider: Decider[State, Command], command: Command, cause: Cause, *,
    guard: Callable[[State], None] = lambda _: None, expected_version: int | None = None, new: bool = False,
) -> Done:  # fmt: skip
    """Run one command against one stream and return what it did.

    ``guard`` sees the state before the rules do and may refuse the caller. ``expected_version`` is the version the
    caller saw (``If-Match``). A key or an inbox row in ``cause`` is written in the append's transaction, so that a
    repeated command or message changes nothing. ``new`` says that the stream should not be there yet: then the command
    is tried on the initial state first, and the stream is loaded only when that is refused.

    Raises:
        Conflict: the stream is not at ``expected_version``, or the race was lost ``ATTEMPTS`` times.
        PlatformError: whatever ``guard`` or ``decide`` refuses with.
    """
    for attempt in range(0 if new else 1, ATTEMPTS + 1):
        state, version = state_of(log, stream, decider) if attempt else (decider.initial(), 0)
        try:
            guard(state)
            if expected_version is not None and version != expected_version:
                raise Conflict("stream.changed", f"{stream} is at version {version}, not {expected_version}")
            events = tuple(decider.decide(state, command))
        except PlatformError:
            # The state may be what this very command left behind: then it gets the answer it got before.
            if replayed := log.answered(cause):
                return _done(replayed)
            if not attempt:
                continue
            raise
        unit = getattr(reduce(decider.evolve, events, state), "unit_id", None)
        try:
            return _done(log.append(stream, events, expected_version=version, cause=cause, unit=unit), events)
        except Conflict:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _done(appended: Appended, events: Sequence[Event] = ()) -> Done:
    made = () if appended.replayed else events
    return Done(version=appended.version, position=appended.position, replayed=appended.replayed, events=made)


def cause_of(actor: str, caused_by: Any = None, **more: Any) -> Cause:
    """Return a cause: a fresh correlation, or the one of the recorded event it answers."""
    correlation: UUID = caused_by.correlation_id if caused_by else new_id()
    causation: UUID | None = caused_by.event_id if caused_by else None
    return Cause(actor=actor, correlation_id=correlation, causation_id=causation, **more)
