"""Fills the matrix from the services' logs, or builds it anew beside the live one and swaps in what differs."""

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine, select

from gateway.matrix.changes import Cells
from gateway.matrix.projection import apply
from gateway.matrix.tables import applied, metadata
from gateway.matrix.writer import Writer, lock, note
from shared.database import writing
from shared.events import Recorded
from shared.failpoints import failpoint
from shared.log.store import Log
from shared.projector import PAGE, Progress, Rebuilt, silent
from shared.shadow import Shadow, shadow_of


def fill(engine: Engine, logs: Sequence[Log], progress: Progress = silent) -> int:
    """Apply to the live matrix what the logs have and it has not; return the number of events read.

    For a matrix that joins late: what its queue brings meanwhile is not applied twice. ``progress`` is told the
    events read and about how many there are.

    Raises:
        Unavailable: a database did not answer; what was applied stays.
    """
    pass_over = _Pass(engine, logs, progress)
    pass_over.run(lambda events: None)
    return pass_over.events


def rebuild(engine: Engine, logs: Sequence[Log], progress: Progress = silent) -> Rebuilt:
    """Build the matrix anew in copies; what differs replaces the live rows. Readers see old rows or new ones.

    Raises:
        Unavailable: a database did not answer; no row was replaced.
    """
    started = time.monotonic()
    with shadow_of(metadata) as shadow:
        pass_over = _Pass(engine, logs, progress)
        pass_over.run(lambda events: _copy(shadow, events))
        failpoint("rebuild.before_swap")
        with writing(engine) as db:
            position = lock(db)
            pass_over.finish(lambda events: _copy(shadow, _known(db, events)))
            differed = shadow.replace_differing(db)
            if differed:
                cells = Cells()
                cells.everything()
                note(db, position, 1, cells)
        rows = shadow.rows()
        failpoint("rebuild.after_swap")
    return Rebuilt(events=pass_over.events, rows=rows, equal=not differed, seconds=time.monotonic() - started)


class _Pass:
    """One reading of all logs, each from its beginning; the live matrix gets each page first."""

    def __init__(self, engine: Engine, logs: Sequence[Log], progress: Progress) -> None:
        self._writer, self._logs, self._progress = Writer(engine), logs, progress
        self._at = {log.name: 0 for log in logs}
        self._heads = sum(log.head() for log in logs)
        self.events = 0

    def run(self, then: Callable[[Sequence[Recorded]], object]) -> None:
        """Read every log to its end."""
        for log in self._logs:
            while (page := log.read(self._at[log.name], PAGE)).checkpoint > self._at[log.name]:
                self._writer.apply(page.events, {log.name: page.checkpoint})
                then(page.events)
                failpoint("rebuild.mid")
                self._at[log.name] = page.checkpoint
                self.events += len(page.events)
                self._progress(self.events, self._heads)

    def finish(self, then: Callable[[Sequence[Recorded]], object]) -> None:
        """Read what came since, without giving it to the live matrix."""
        for log in self._logs:
            while (page := log.read(self._at[log.name], PAGE)).checkpoint > self._at[log.name]:
                then(page.events)
                self._at[log.name] = page.checkpoint


def _copy(shadow: Shadow, events: Sequence[Recorded]) -> None:
    with shadow.writing() as copies:
        apply(copies, events)


def _known(live: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """Return those events that are in the live matrix: copies and live rows are compared at the same point."""
    wanted = [recorded.event_id for recorded in events]
    known = set(live.execute(select(applied.c.event_id).where(applied.c.event_id.in_(wanted))).scalars())
    return [recorded for recorded in events if recorded.event_id in known]
