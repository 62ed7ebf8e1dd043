"""What gunicorn calls when a gateway worker ends (``--config python:infra.workers``)."""

import os
import shutil
from typing import Any

MEASURES = "PROMETHEUS_MULTIPROC_DIR"


def child_exit(server: Any, worker: Any) -> None:
    """Take the ended worker's open streams out of the measures; what it counted stays counted."""
    if MEASURES in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Remove the measures that the workers shared."""
    if MEASURES in os.environ:
        shutil.rmtree(os.environ[MEASURES], ignore_errors=True)
