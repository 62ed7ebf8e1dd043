"""Given these facts, when this command, then these facts; and small worlds to try a service in."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, MetaData, select

from shared import codec
from shared.config import load_settings
from shared.context import Caller
from shared.database import to_microseconds
from shared.errors import PlatformError
from shared.events import Event, Recorded, Stored, Told
from shared.execute import Decider
from shared.migrations import migrate
from shared.projector import Projection
from shared.roles import EVERY_UNIT, Role
from shared.row_security import show_only
from shared.runtime import Runtime, open_runtime

SECRET = "a-secret-for-tests-only-0123456789abcdef"
SECRETS = (SECRET,)


@dataclass(frozen=True)
class Scenario:
    """A decider, the facts so far, and the command under test."""

    decider: Decider[Any, Any]
    history: tuple[Event, ...] = ()
    command: object = None

    def given(self, *history: Event) -> "Scenario":
        """Return the scenario with these facts."""
        return Scenario(self.decider, history)

    def when(self, command: object) -> "Scenario":
        """Return the scenario with this command."""
        return Scenario(self.decider, self.history, command)

    def decided(self) -> list[Event]:
        """Return what the decider decides."""
        state = reduce(self.decider.evolve, self.history, self.decider.initial())
        return list(self.decider.decide(state, self.command))

    def then(self, *expected: Event) -> None:
        """Assert that exactly these facts are decided."""
        assert self.decided() == list(expected)

    def then_refused(self, error: type[PlatformError], code: str) -> None:
        """Assert that the command is refused with this error and code."""
        with pytest.raises(error) as refusal:
            self.decided()
        assert refusal.value.code == code


def open_test_runtime(name: str, folder: Path, views: Projection, env: Mapping[str, str] | None = None) -> Runtime:
    """Return a service's world on a fresh, migrated SQLite file in ``folder`` (or where ``env`` says)."""
    settings = load_settings({"MATRIX_DATA": str(folder), "MATRIX_SECRET": SECRET, **(env or {})})
    migrate(name, settings.owner_url(name))
    return open_runtime(name, settings, views)


def caller(role: Role, *units: UUID | str, account: UUID | None = None) -> Caller:
    """Return a caller with a role, bound to ``units`` (every unit when none is named)."""
    bound = frozenset(str(unit) for unit in units) or frozenset({EVERY_UNIT})
    return Caller(account_id=account or uuid4(), role=role, units=bound)


def request(
    runtime: Runtime, who: Caller, body: dict[str, Any], key: str | None = None, if_match: int | None = None
) -> dict[str, Any]:
    """Return a request as the gateway would sign and send it."""
    return {
        "caller": runtime.signer.sign(who),
        "operation": "test",
        "body": body,
        "key": key,
        "if_match": if_match,
        "correlation_id": str(uuid4()),
    }


def checksum(db: Connection, metadata: MetaData) -> str:
    """Return the SHA-256 (hex) of all rows of these tables, of every unit, whatever order they are stored in."""
    show_only(db, None)
    tables = [
        sorted(codec.dumps(codec.unstructure(list(row))) for row in db.execute(select(table)))
        for table in metadata.sorted_tables
    ]
    return sha256(codec.dumps(tables).encode()).hexdigest()


def told(recorded: Recorded) -> Told:
    """Return the event as a read model is told it."""
    return Told(recorded.position, recorded.version, recorded.recorded_at, recorded.event)


def stored(recorded: Recorded) -> Stored:
    """Return the event as its row holds it."""
    return Stored(
        position=recorded.position,
        event_id=str(recorded.event_id),
        stream=recorded.stream,
        version=recorded.version,
        type=recorded.type,
        occurred_us=to_microseconds(recorded.occurred_at),
        recorded_us=to_microseconds(recorded.recorded_at),
        actor=recorded.actor,
        unit=str(recorded.unit) if recorded.unit else None,
        correlation_id=str(recorded.correlation_id),
        causation_id=str(recorded.causation_id) if recorded.causation_id else None,
        data=recorded.data,
        hash=recorded.hash.hex(),
    )
