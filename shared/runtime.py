"""What a service works with: its settings, database, log, person keys and read models. No framework in here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from shared import codec
from shared.config import Settings
from shared.context import Call, Caller, CallerSigner
from shared.database import open_engine, reading
from shared.errors import Invalid
from shared.events import Recorded
from shared.execute import Done
from shared.ids import named_id, new_id
from shared.keys import SqlKeyRing
from shared.log import open_log
from shared.log.store import Cause, CommandKey, InboxKey, Log
from shared.projector import Projection, Projector
from shared.row_security import show_only

MAX_KEY_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """One service's world."""

    name: str
    settings: Settings
    engine: Engine
    log: Log
    keys: SqlKeyRing
    views: Projector
    signer: CallerSigner

    def open(self, action: str, request: dict[str, Any]) -> Call:
        """Return the verified call in a request that came through the door.

        Raises:
            RuleBroken: the caller context is forged, or the caller's role does not hold ``action``.
            Invalid: the request has not the shape of one.
        """
        caller = self.signer.verify(request.get("caller"))
        caller.require(action)
        body = request.get("body")
        if not isinstance(body, dict):
            raise Invalid("request.invalid", "the request has no body")
        key = request.get("key")
        if key is not None and not 0 < len(str(key)) <= MAX_KEY_LENGTH:
            raise Invalid("request.invalid", f"Idempotency-Key has 1 to {MAX_KEY_LENGTH} characters")
        correlation = request.get("correlation_id")
        return Call(
            caller=caller,
            operation=action,
            body=body,
            correlation_id=UUID(correlation) if correlation else new_id(),
            key=_command_key(self.name, caller.account_id, key, request) if key else None,
            expected_version=request.get("if_match"),
        )

    @contextmanager
    def caught_up(self, caller: Caller | None) -> Iterator[Connection]:
        """Bring the read models up to the log's end, then give a connection to read them: lists show own writes.

        On PostgreSQL the connection shows the rows of the caller's units only, whatever is asked. None is the
        platform itself, which sees all.
        """
        self.views.catch_up()
        with reading(self.engine) as db:
            show_only(db, caller.unit_filter() if caller else None)
            yield db

    def new_id(self, call: Call) -> UUID:
        """Return the id of a thing to be made: the same for the same idempotency key, else a new one."""
        return named_id(self.name, call.key.key) if call.key else new_id()


def _command_key(service: str, account: UUID, key: str, request: dict[str, Any]) -> CommandKey:
    """Scope the key to caller and operation, so that nobody can meet another's answer."""
    operation = request.get("operation", "")
    fingerprint = sha256(codec.dumps([operation, request["body"]]).encode()).hexdigest()
    return CommandKey(key=f"{account}/{service}/{operation}/{key}", fingerprint=fingerprint)


def open_runtime(name: str, settings: Settings, views: Projection) -> Runtime:
    """Open a service's world; the database must have been migrated."""
    engine = open_engine(settings.database_url(name))
    log = open_log(name, engine)
    return Runtime(
        name=name,
        settings=settings,
        engine=engine,
        log=log,
        keys=SqlKeyRing(engine, settings.secrets),
        views=Projector(log, views),
        signer=CallerSigner(settings.secrets),
    )


def answer(thing_id: UUID, done: Done) -> dict[str, Any]:
    """Return a command's answer: the thing's id, its new version, the log position, and whether it is a replay."""
    return {"id": str(thing_id), "version": done.version, "position": str(done.position), "replayed": done.replayed}


def inbox_cause(consumer: str, recorded: Recorded) -> Cause:
    """Return the cause of a reaction's append: its inbox row makes the message count once."""
    return Cause(
        actor=consumer,
        correlation_id=recorded.correlation_id,
        causation_id=recorded.event_id,
        inbox=InboxKey(consumer=consumer, event_id=recorded.event_id),
    )
