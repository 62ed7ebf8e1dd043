"""Whose turn it is: a worker holds an import for moments, notes what became of its rows, and gives it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, Engine, bindparam, select, update

from gateway.importing.book import forget_unsent, writable
from gateway.importing.rows import AnyRow, read_row
from gateway.importing.sender import WAITS, Outcome
from gateway.importing.tables import import_job, import_row
from shared.database import EPOCH, reading, writing

HELD = timedelta(seconds=6)  # a worker that was killed gives back nothing: another takes over after that
NEVER_SO_LONG = timedelta(minutes=5)  # nobody holds one or pauses for that long: a clock ran ahead, and was set back
RUNS = import_job.c.state == "running"
Numbered = tuple[int, Outcome]
_NOTED = (
    update(import_row)
    .where(import_row.c.import_id == bindparam("of"), import_row.c.number == bindparam("at"))
    .values({name: bindparam(name) for name in ("outcome", "field", "reason", "thing", "says")})
)


class Lost(Exception):
    """Another worker holds the import by now, or somebody gave it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An import that this worker holds."""

    import_id: UUID
    account_id: UUID
    key_id: UUID | None
    unit_id: str
    channel_id: str
    rehearsal: bool


class Turns:
    """The turns of one worker. Every method raises ``Unavailable`` when the database does not answer."""

    def __init__(self, engine: Engine, worker: str) -> None:
        self._engine, self._worker = engine, worker

    def take(self) -> Turn | None:
        """Take the import that has waited longest, if one waits."""
        now = datetime.now(UTC)
        until = import_job.c.held_until
        waits = (RUNS, (until < now) | (until > now + NEVER_SO_LONG))
        with reading(self._engine) as db:
            row = db.execute(select(import_job).where(*waits).order_by(import_job.c.held_until).limit(1)).first()
        if row is None:
            return None
        with writing(self._engine) as db:
            mine = import_job.c.import_id == row.import_id
            held = update(import_job).where(mine, *waits).values(holder=self._worker, held_until=now + HELD)
            if not db.execute(held).rowcount:  # another worker was faster
                return None
        return Turn(
            import_id=row.import_id, account_id=row.account_id, key_id=row.key_id, unit_id=row.unit_id,
            channel_id=row.channel_id, rehearsal=row.rehearsal,
        )  # fmt: skip

    def keep(self, turn: Turn) -> None:
        """Hold it for longer, as it goes on. Raises: Lost."""
        with writing(self._engine) as db:
            self._change(db, turn, RUNS, reason="", held_until=datetime.now(UTC) + HELD)

    def give_back(self, turn: Turn, reason: str = "", pause: timedelta = timedelta(0)) -> None:
        """Let the next worker take it, after a pause. Raises: Lost."""
        until = datetime.now(UTC) + pause
        with writing(self._engine) as db:
            self._change(db, turn, RUNS, reason=reason, holder="", held_until=until)

    def finish(self, turn: Turn, state: Literal["done", "failed"], reason: str = "") -> None:
        """End it; what was not sent is forgotten. Raises: Lost."""
        ended = {"state": state, "reason": reason, "finished_at": datetime.now(UTC)}
        with writing(self._engine) as db:
            self._change(db, turn, RUNS, **ended, holder="", held_until=EPOCH)
            forget_unsent(db, turn.import_id)

    def pending(self, turn: Turn, limit: int) -> list[tuple[int, AnyRow]]:
        """Return the next rows to send, with their numbers."""
        wanted = select(import_row.c.number, import_row.c.says).order_by(import_row.c.number).limit(limit)
        mine = (import_row.c.import_id == turn.import_id, import_row.c.outcome == "pending")
        with reading(self._engine) as db:
            return [(row.number, read_row(row.says)) for row in db.execute(wanted.where(*mine))]

    def note(self, turn: Turn, outcomes: Sequence[Numbered]) -> None:
        """Note what became of rows. Raises: Lost: then nothing is noted."""
        told = [one for _, one in outcomes]
        counts = {name: sum(one.verdict == name for one in told) for name in ("accepted", "repeated", "rejected")}
        counts["waiting"] = sum(one.reason == WAITS for one in told)
        added: dict[str, Any] = {name: import_job.c[name] + number for name, number in counts.items()}
        with writing(self._engine) as db:
            self._change(db, turn, **added)  # also of one that was given up meanwhile: the rows were sent
            if outcomes:
                db.execute(_NOTED, [_noted(turn, number, one) for number, one in outcomes])

    def _change(self, db: Connection, turn: Turn, *where: Any, **values: Any) -> None:
        mine = (import_job.c.import_id == turn.import_id, import_job.c.holder == self._worker)
        if not db.execute(update(import_job).where(*mine, *where).values(values)).rowcount:
            raise Lost


def _noted(turn: Turn, number: int, one: Outcome) -> dict[str, Any]:
    told = {"field": writable(one.field), "reason": writable(one.reason), "thing": one.thing, "says": None}
    return {"of": turn.import_id, "at": number, "outcome": one.verdict, **told}
