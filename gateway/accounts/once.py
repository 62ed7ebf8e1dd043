"""Requests to the gateway itself that carry an idempotency key: done once, answered the same again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from gateway.accounts.tables import answered
from shared.database import insert_new
from shared.errors import RuleBroken

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """An idempotency key, already scoped to caller and operation, and the fingerprint of the request's body."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request did; ``replayed`` when it was done before."""

    body: dict[str, Any]
    replayed: bool = False


def once(db: Connection, key: Once | None, work: Callable[[], dict[str, Any]]) -> Answer:
    """Return what ``work`` answers, or what it answered when the key was used before (kept for seven days).

    Raises:
        RuleBroken: ``idempotency.key_reused``, the key was used with another body.
    """
    if key is None:
        return Answer(work())
    now = datetime.now(UTC)
    db.execute(delete(answered).where(answered.c.answered_at < now - KEPT))
    row = {"key": key.key, "fingerprint": key.fingerprint, "answer": "", "answered_at": now}
    if not insert_new(db, answered, ["key"], row):  # waits for whoever is at the same key
        former = db.execute(select(answered).where(answered.c.key == key.key)).one()
        if former.fingerprint != key.fingerprint:
            raise RuleBroken("idempotency.key_reused", "this Idempotency-Key came before with another request")
        return Answer(json.loads(former.answer), replayed=True)
    answer = work()
    db.execute(update(answered).where(answered.c.key == key.key).values(answer=json.dumps(answer)))
    return Answer(answer)
