"""Fills the matrix from the services' logs, or builds it anew beside the live one and swaps in what differs."""

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from gateway.matrix.changes import Cells
from gateway.matrix.projection import apply, known
from gateway.matrix.tables import metadata
from gateway.matrix.transaction import Transaction
from gateway.matrix.writer import Writer, lock, note
from shared.database import writing
from shared.driver import Driver
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
        with Driver(engine).explained(), writing(engine) as db:
            live = Transaction.within(db)
            lock(live)
            live.send()  # before what follows, which does not go through it
            pass_over.finish(lambda events: _copy(shadow, _known(live, events)))
            differed = shadow.replace_differing(db)
            if differed:
                cells = Cells()
                cells.everything()
                note(live, 1, cells)
                live.send()
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
        apply(Transaction.within(copies), events)


def _known(live: Transaction, events: Sequence[Recorded]) -> list[Recorded]:
    """Return those events that are in the live matrix: copies and live rows are compared at the same point."""
    found = known(live, [recorded.event_id for recorded in events])
    return [recorded for recorded in events if recorded.event_id in found]
