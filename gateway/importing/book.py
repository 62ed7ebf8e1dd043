"""The book of imports in the gateway's database: what was read, what became of it, and who may see that."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, and_, delete, exists, insert, or_, select, update

from gateway.accounts.once import Answer, Once, once
from gateway.importing.reader import Line
from gateway.importing.tables import import_job, import_row, import_unit
from shared.codec import instant
from shared.context import Caller
from shared.database import EPOCH, reading, writing
from shared.errors import NotFound
from shared.places import id_in, page, whole
from shared.roles import EVERY_UNIT
from shared.schema import UNWRITABLE

KEPT = timedelta(days=90)
TRIED = timedelta(days=1)  # rehearsals
UNREAD = timedelta(hours=1)  # a file still being read after that is read by nobody any more
GIVEN_UP = "given up; what was sent before stays"
AT_ONCE = 500  # rows in one transaction: others want to write too


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An import as it is asked for; ``unit_id`` and ``channel_id`` (or empty) stand in where rows name none."""

    filename: str
    unit_id: str
    channel_id: str
    taken_at: datetime
    rehearsal: bool


class Book:
    """Every method raises ``Unavailable`` when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, import_id: UUID, caller: Caller, key_id: UUID | None, wanted: Wanted) -> None:
        """Note an import whose rows are being read, and forget those of long ago."""
        now = datetime.now(UTC)
        asked = {name: getattr(wanted, name) for name in Wanted.__slots__}
        about_it = {"account_id": caller.account_id, "key_id": key_id, "tables": "[]", **asked}
        counts = dict.fromkeys(("total", "accepted", "repeated", "rejected", "waiting"), 0)
        turn = {"state": "reading", "reason": "", "holder": "", "held_until": EPOCH}
        with writing(self._engine) as db:
            _forget(db, now)
            db.execute(insert(import_job).values(import_id=import_id, created_at=now, **about_it, **counts, **turn))
            units = [{"import_id": import_id, "unit_id": unit} for unit in caller.units]
            if units:
                db.execute(insert(import_unit), units)

    def add(self, import_id: UUID, rows: Iterable[Line]) -> None:
        """Note rows as they are read."""
        numbered = enumerate(rows)
        while some := list(islice(numbered, AT_ONCE)):
            pending = [_pending(import_id, number, *row) for number, row in some]
            with writing(self._engine) as db:
                db.execute(insert(import_row), pending)

    def open(self, import_id: UUID, total: int, tables: Sequence[Mapping[str, Any]], key: Once | None) -> Answer:
        """Let the import of so many rows run; where the key began one before, forget this and answer that.

        Raises:
            RuleBroken: the idempotency key was used with another request.
        """

        def work() -> dict[str, Any]:
            begun = {"state": "running", "total": total, "tables": json.dumps(tables)}
            db.execute(update(import_job).where(import_job.c.import_id == import_id).values(begun))
            return {"id": str(import_id)}

        with writing(self._engine) as db:
            done = once(db, key, work)
            if done.replayed:
                db.execute(delete(import_job).where(import_job.c.import_id == import_id))
            return done

    def discard(self, import_id: UUID) -> None:
        """Forget an import that could not be read."""
        with writing(self._engine) as db:
            db.execute(delete(import_job).where(import_job.c.import_id == import_id))

    def give_up(self, import_id: UUID, caller: Caller) -> None:
        """End an import that runs: nothing more is sent, what was sent stays. One that has ended is left as it is.

        Raises:
            NotFound: ``import.not_found``, there is none the caller may see.
        """
        with writing(self._engine) as db:
            _get(db, import_id, caller)
            runs = (import_job.c.import_id == import_id, import_job.c.state == "running")
            ended = {"state": "failed", "reason": GIVEN_UP, "finished_at": datetime.now(UTC)}
            if db.execute(update(import_job).where(*runs).values(ended)).rowcount:
                forget_unsent(db, import_id)

    def get(self, import_id: UUID, caller: Caller) -> dict[str, Any]:
        """Return an import. Raises: NotFound: ``import.not_found``, there is none the caller may see."""
        with reading(self._engine) as db:
            return _get(db, import_id, caller)

    def list(self, caller: Caller, after: str | None, limit: int, dry_run: bool | None = None) -> dict[str, Any]:
        """Return a page of the imports that the caller may see, the last begun first, and where the next begins."""
        wanted = select(import_job).where(_seen_by(caller)).order_by(import_job.c.import_id.desc())
        if after is not None:
            wanted = wanted.where(import_job.c.import_id < id_in(after))
        if dry_run is not None:
            wanted = wanted.where(import_job.c.rehearsal == dry_run)
        with reading(self._engine) as db:
            return page(db, wanted, limit, _shown, lambda row: str(row.import_id))

    def rows(
        self, import_id: UUID, caller: Caller, after: str | None, limit: int, outcome: str | None = None
    ) -> dict[str, Any]:
        """Return a page of rows and what became of them, in the file's order, and where the next begins.

        Raises:
            NotFound: ``import.not_found``, there is no import the caller may see.
        """
        wanted = select(import_row).where(import_row.c.import_id == import_id).order_by(import_row.c.number)
        if outcome is not None:
            wanted = wanted.where(import_row.c.outcome == outcome)
        if after is not None:
            wanted = wanted.where(import_row.c.number > whole(after))
        with reading(self._engine) as db:
            _get(db, import_id, caller)
            return page(db, wanted, limit, _shown_row, lambda row: str(row.number))


def writable(text: str) -> str:
    """Return the text without what no database stores."""
    return UNWRITABLE.sub("", text)


def forget_unsent(db: Connection, import_id: UUID) -> None:
    """Forget what the rows say that were not sent."""
    db.execute(update(import_row).where(import_row.c.import_id == import_id).values(says=None))


def _forget(db: Connection, now: datetime) -> None:
    unread = and_(import_job.c.state == "reading", import_job.c.created_at < now - UNREAD)
    tried = and_(import_job.c.rehearsal, import_job.c.created_at < now - TRIED)
    db.execute(delete(import_job).where(or_(import_job.c.created_at < now - KEPT, tried, unread)))


def _pending(import_id: UUID, number: int, place: str, words: str, says: str) -> dict[str, Any]:
    told = {"place": writable(place), "about": writable(words), "says": writable(says)}
    return {
        "import_id": import_id,
        "number": number,
        **told,
        "outcome": "pending",
        "field": "",
        "reason": "",
        "thing": "",
    }


def _get(db: Connection, import_id: UUID, caller: Caller) -> dict[str, Any]:
    row = db.execute(select(import_job).where(import_job.c.import_id == import_id, _seen_by(caller))).first()
    if row is None:
        raise NotFound("import.not_found", "no such import in your units")
    return _shown(row)


def _seen_by(caller: Caller) -> Any:
    """An import tells of every unit that its beginner saw: only who sees them all sees it."""
    ready = import_job.c.state != "reading"
    if EVERY_UNIT in caller.units:
        return ready
    beyond = and_(import_unit.c.import_id == import_job.c.import_id, import_unit.c.unit_id.not_in(caller.units))
    return and_(ready, ~exists().where(beyond))


def _shown(row: Row[Any]) -> dict[str, Any]:
    counts: Sequence[str] = ("total", "accepted", "repeated", "rejected", "waiting")
    return {
        "id": str(row.import_id),
        "account_id": str(row.account_id),
        "filename": row.filename,
        "unit_id": row.unit_id or None,
        "channel_id": row.channel_id or None,
        "taken_at": instant(row.taken_at),
        "dry_run": row.rehearsal,
        "tables": json.loads(row.tables),
        "state": row.state,
        "reason": row.reason or None,
        "rows": {"done": row.accepted + row.repeated + row.rejected, **{name: getattr(row, name) for name in counts}},
        "created_at": instant(row.created_at),
        "finished_at": row.finished_at and instant(row.finished_at),
    }


def _shown_row(row: Row[Any]) -> dict[str, Any]:
    return {
        "row": row.place, "outcome": row.outcome, "about": row.about, "field": row.field or None,
        "reason": row.reason or None, "id": row.thing or None,
    }  # fmt: skip
