"""Read models: each follows one log, its checkpoint in the transaction of its rows, and is rebuilt while live."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, select

from shared.database import insert_new, reading, upsert, writing
from shared.events import Told
from shared.failpoints import failpoint
from shared.log.store import Log, Page
from shared.log.tables import projection_checkpoint
from shared.read_model import ReadModel, read_model
from shared.row_security import show_only
from shared.shadow import Shadow, shadow_of

PAGE = 500
NEAR = 200
_CHECKPOINT = projection_checkpoint.c

Progress = Callable[[int, int], None]


def silent(done: int, of: int) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True)
class Projection:
    """Tables and the function that folds one event into them; the same event twice leaves the same rows."""

    name: str
    metadata: MetaData
    project: Callable[[ReadModel, Told], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a rebuild did. ``equal``: the live rows were right already; then none was touched."""

    events: int
    rows: int
    equal: bool
    seconds: float


class Projector:
    """Brings one projection up to its log's end. Safe in several threads and processes: one writes, others wait."""

    def __init__(self, log: Log, projection: Projection) -> None:
        self._log, self._projection = log, projection
        self._lock = threading.Lock()
        self._position = 0
        self._here = select(_CHECKPOINT.position).where(_CHECKPOINT.name == projection.name)

    @property
    def position(self) -> int:
        """The log's position up to which the read model has everything; it may be further on already."""
        return self._position

    def catch_up(self) -> int:
        """Apply what the log has and the read model has not; return the number of events applied.

        Raises:
            Unavailable: the database did not answer.
        """
        applied = 0
        with self._lock:
            while (page := self._log.told(self._position, PAGE)).checkpoint > self._position:
                applied += self._apply(page)
        return applied

    def rebuild(self, progress: Progress = silent) -> Rebuilt:
        """Build the read model anew beside the live one, compare, and swap in what differs in one transaction.

        ``progress`` is told the position reached and the one aimed at. Readers see the old rows or the new ones.

        Raises:
            Unavailable: the database did not answer; nothing was changed.
        """
        started = time.monotonic()
        self.catch_up()
        with shadow_of(self._projection.metadata) as shadow:
            replay = _Replay(self._log, self._projection, shadow)
            replay.follow(self._live(), progress)
            while (live := self._live()) - replay.position > NEAR:
                replay.follow(live, progress)
            failpoint("rebuild.before_swap")
            with writing(self._log.engine) as db:
                replay.follow(self._locked(db))
                differed = shadow.replace_differing(db)
            rows = shadow.rows()
            failpoint("rebuild.after_swap")
        return Rebuilt(events=replay.events, rows=rows, equal=not differed, seconds=time.monotonic() - started)

    def _apply(self, page: Page[Told]) -> int:
        """Apply a page read at ``_position``, unless another process moved on meanwhile; return events applied."""
        with writing(self._log.engine, repeatable=True) as db:
            position = self._locked(db)
            if position != self._position:
                self._position = position
                return 0
            with read_model(db) as model:
                for told in page.events:
                    self._projection.project(model, told)
            row = {"name": self._projection.name, "position": page.checkpoint}
            upsert(db, projection_checkpoint, ["name"], row)
        self._position = page.checkpoint
        return len(page.events)

    def _locked(self, db: Connection) -> int:
        """Return the checkpoint; until the transaction ends no other process moves it. It may write of every unit."""
        show_only(db, None)
        insert_new(db, projection_checkpoint, ["name"], {"name": self._projection.name, "position": 0})
        return int(db.execute(self._here.with_for_update()).scalar_one())

    def _live(self) -> int:
        with reading(self._log.engine) as db:
            return int(db.execute(self._here).scalar() or 0)


class _Replay:
    """A second reading of the log, from its beginning, into copies, never past the live checkpoint."""

    def __init__(self, log: Log, projection: Projection, shadow: Shadow) -> None:
        self._log, self._projection, self._shadow = log, projection, shadow
        self.position = self.events = 0

    def follow(self, upto: int, progress: Progress = silent) -> None:
        """Apply everything up to ``upto``."""
        while self.position < upto:
            page = self._log.told(self.position, PAGE, upto)
            with self._shadow.writing() as db, read_model(db) as model:
                for told in page.events:
                    self._projection.project(model, told)
            self.position = page.checkpoint
            self.events += len(page.events)
            failpoint("rebuild.mid")
            progress(self.position, upto)
