"""A disk that keeps nothing unsynced, and what is appended while it works."""

import shutil
import tempfile
from datetime import date
from pathlib import Path
from uuid import UUID

from shared import disk
from shared.contracts.content.events import UnitRenamed
from shared.database import open_engine
from shared.execute import cause_of
from shared.log import open_log
from shared.log.sqlite import SqliteLog
from shared.log.store import CommandKey, InboxKey

RENAMED = UnitRenamed(unit_id=UUID(int=7), name="体育学院", since=date(2021, 9, 1))
fsync = disk.sync_data


class Power:
    """Knows what a disk that keeps nothing unsynced would hold."""

    def __init__(self, log: SqliteLog, folder: Path) -> None:
        self._database, self._kept = Path(str(log.engine.url.database)), folder / "kept"
        self.syncs = 0
        self._keep()

    def sync(self, file: str) -> None:
        fsync(file)
        self._keep()
        self.syncs += 1

    def _keep(self) -> None:
        self._kept.mkdir(exist_ok=True)
        for name in (self._database, self._database.with_name(f"{self._database.name}-wal")):
            if name.exists():
                shutil.copy(name, self._kept / name.name)

    def streams_after_failing(self) -> set[str]:
        """Return the streams that are there when the machine is on again."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(self._kept, folder, dirs_exist_ok=True)
            again = open_log("content", open_engine(f"sqlite:///{folder}/{self._database.name}"))
            found = {recorded.stream for recorded in again.read(0).events}
            again.engine.dispose()
        return found


def append(log: SqliteLog, stream: str, key: str | None = None, inbox: InboxKey | None = None) -> None:
    """Begin a stream, under a key or for a message if one is given."""
    said = CommandKey(key=key, fingerprint="f") if key else None
    log.append(stream, [RENAMED], expected_version=0, cause=cause_of("test", key=said, inbox=inbox))
