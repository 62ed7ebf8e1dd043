"""Old and new code side by side on one log, as while processes are replaced one after the other."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from shared.contracts import REGISTRY
from shared.contracts.content.events import UnitRenamed
from shared.envelope import CONTENT_TYPE, Envelope
from shared.events import Event, Recorded, Registry, Unknown
from shared.execute import cause_of
from shared.log import open_log
from shared.log.store import Log
from shared.log.verify import verify
from shared.testing import SECRETS, stored
from tests.contract.logs import UNIT, append, renamed

SINCE = date(2022, 9, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamedForAReason(Event):
    """What a unit's new name says in the next version of the platform."""

    type: ClassVar[str] = "content.unit.renamed.v2"
    unit_id: UUID
    name: str
    since: date
    reason: str


TYPES = [each for each in REGISTRY.types.values() if each is not UnitRenamed]
LIFTED = {UnitRenamed.type: lambda data: (RenamedForAReason.type, {**data, "reason": "none was asked for"})}
NEXT = Registry([*TYPES, RenamedForAReason], LIFTED)
NEXT_THAT_FORGOT = Registry([*TYPES, RenamedForAReason])


def written_by_both(log: Log, new: Log) -> None:
    """Let old, new and old code write to one stream in turn, each after it read what is there."""
    append(log, "unit-1", "old")
    reasoned = RenamedForAReason(unit_id=UNIT, name="new", since=SINCE, reason="merged")
    new.append("unit-1", [reasoned], expected_version=len(new.load("unit-1")), cause=cause_of("test"))
    log.append("unit-1", [renamed("old again")], expected_version=len(log.load("unit-1")), cause=cause_of("test"))


def sent(recorded: Recorded, by: Envelope, to: Envelope) -> Event:
    """Return the event as a consumer gets it from a relay."""
    message = by.seal("content", stored(recorded))
    return to.open(message.headers, CONTENT_TYPE, message.body).event


def reasons(events: list[Event]) -> list[str]:
    return [event.reason if isinstance(event, RenamedForAReason) else "unknown" for event in events]


def test_old_code_keeps_what_only_new_code_knows_and_new_code_reads_what_old_code_wrote(log: Log) -> None:
    """F41: in the log, and on the wire whichever of the two relays."""
    new = open_log("content", log.engine, NEXT)
    written_by_both(log, new)
    held = log.load("unit-1")
    assert [type(recorded.event) for recorded in held] == [UnitRenamed, Unknown, UnitRenamed]
    assert [recorded.version for recorded in held] == [1, 2, 3] and verify(log.engine).breaks == ()
    lifted = ["none was asked for", "merged", "none was asked for"]
    assert reasons([recorded.event for recorded in new.load("unit-1")]) == lifted
    old_code, new_code = Envelope(SECRETS), Envelope(SECRETS, NEXT)
    assert reasons([sent(recorded, old_code, new_code) for recorded in held]) == lifted
    told = [sent(recorded, new_code, old_code) for recorded in new.load("unit-1")]
    assert [type(event) for event in told] == [UnitRenamed, Unknown, UnitRenamed]
    assert isinstance(told[1], Unknown) and told[1].data["reason"] == "merged", "nothing of it is lost"


def test_new_code_that_forgot_the_old_version_is_caught(log: Log) -> None:
    """The mutant of F41: it has no upcaster."""
    new = open_log("content", log.engine, NEXT_THAT_FORGOT)
    written_by_both(log, new)
    assert reasons([recorded.event for recorded in new.load("unit-1")]) == ["unknown", "merged", "unknown"]
