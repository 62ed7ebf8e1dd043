"""The gateway's worker, and what gunicorn calls when one ends (``--config python:infra.workers``)."""

import gc
import os
import shutil
from functools import partial
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.workers.gasgi import ASGIWorker

from infra.start import plainly

MEASURES = "PROMETHEUS_MULTIPROC_DIR"
FEW = 500  # connections, whose objects are looked through within some milliseconds
OF_ONE = 200  # objects of one who is connected
MUCH = 2_000_000  # objects beside those of who is connected: some 200 MB, if all of them were garbage
LOOK_S = 1.0


class GatewayWorker(ASGIWorker):
    """gunicorn's, with the backlog it was told: the loop would listen with room for a hundred who wait."""

    def load_wsgi(self) -> None:
        """Load the application; a setting that it cannot use ends the platform with one line."""
        gc.disable()  # hardly anything that is loaded goes again: looking for it takes a tenth of a start
        with plainly(Arbiter.WORKER_BOOT_ERROR):
            super().load_wsgi()
        gc.enable()

    def _setup_event_loop(self) -> None:
        super()._setup_event_loop()
        self.loop.create_server = partial(self.loop.create_server, backlog=self.cfg.backlog)
        self.loop.call_later(LOOK_S, self.look)

    def look(self) -> None:
        """Have garbage collected only while few are connected, or when there may be much; look again in a second.

        What is connected is no garbage, and looking through what thousands keep holds everybody up. Who has gone leaves
        a cycle of some thirty objects of the server's own, which can wait until most have gone.
        """
        if self.nr_conns <= FEW or gc.get_count()[0] >= MUCH + OF_ONE * self.nr_conns:
            gc.enable()
        else:
            gc.disable()
        self.loop.call_later(LOOK_S, self.look)


def post_worker_init(worker: Any) -> None:
    """Keep full collections of garbage short and rare: everybody who listens waits for each.

    What was loaded stays for good and is not looked through again. Of what comes later most is gone with its
    request, by its reference count; a full collection looks at every listener there is.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def child_exit(server: Any, worker: Any) -> None:
    """Take the ended worker's open streams out of the measures; what it counted stays counted."""
    if MEASURES in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Remove the measures that the workers shared."""
    if MEASURES in os.environ:
        shutil.rmtree(os.environ[MEASURES], ignore_errors=True)
