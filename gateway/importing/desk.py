"""The imports of one gateway worker, put together: the book, the reading of files, and the sending of rows."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TypeVar
from uuid import UUID

from sqlalchemy import Engine

from gateway.accounts import Accounts
from gateway.accounts.once import Answer, Once
from gateway.calls import Calls
from gateway.importing.book import Book, Wanted
from gateway.importing.directory import Directory
from gateway.importing.platform import Services
from gateway.importing.reader import reading
from gateway.importing.runner import Runner
from gateway.importing.turns import Turn, Turns
from shared.context import Caller
from shared.errors import RuleBroken
from shared.ids import new_id

THREADS = 4
READERS = 2  # files that are read at once: each may take a gigabyte and a processor
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks of an import; ``unit`` and ``channel`` are names or ids, or empty."""

    filename: str
    unit: str
    channel: str
    taken_at: datetime
    dry_run: bool


class ImportDesk:
    """Belongs to one event loop: that of the connections to services."""

    def __init__(self, engine: Engine, accounts: Accounts, calls: Calls) -> None:
        self.book = Book(engine)
        self._accounts, self._calls = accounts, calls
        self._stopping = threading.Event()
        self.runner = Runner(Turns(engine, str(new_id())), self._holder, self._open, self._stopping)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="import-book")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="import-files")
        self._running: asyncio.Task[None] | None = None

    async def begin(
        self, caller: Caller, key_id: UUID | None, asked: Asked, file: IO[bytes], key: Once | None
    ) -> Answer:
        """Read the file and begin to send its rows; answer the import's id.

        Raises:
            NotFound: there is no such unit or channel.
            RuleBroken: the file is nothing that can be imported; the caller is bound to no unit; or the idempotency
                key was used otherwise.
        """
        if not caller.units:  # his import would tell of no unit, and so be everybody's to see
            raise RuleBroken("import.no_unit", "the account is bound to no unit, so it can import nothing")
        loop = asyncio.get_running_loop()
        begun = await loop.run_in_executor(self._readers, lambda: self._begin(caller, key_id, asked, file, key, loop))
        self.runner.wake()
        return begun

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Return what the work returns, done on one of the threads for imports."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def start(self) -> None:
        """Begin to send rows, also those that another process left behind."""
        self._running = asyncio.create_task(self.runner.run())

    async def stop(self) -> None:
        """Give back what is under way: another worker, or the next process, goes on with it."""
        self.runner.stop()
        if self._running is not None:
            await self._running
        self.close()

    def close(self) -> None:
        """Let go of the threads."""
        self.runner.close()
        for pool in (self._threads, self._readers):
            pool.shutdown(wait=False, cancel_futures=True)

    def _begin(
        self, caller: Caller, key_id: UUID | None, asked: Asked, file: IO[bytes], key: Once | None,
        loop: asyncio.AbstractEventLoop,
    ) -> Answer:  # fmt: skip
        import_id = new_id()
        unit, channel = _resolved(Directory(self._open(caller, import_id, loop), asked.unit, asked.channel), asked)
        wanted = Wanted(
            filename=asked.filename, unit_id=unit, channel_id=channel, taken_at=asked.taken_at,
            rehearsal=asked.dry_run,
        )  # fmt: skip
        with reading(file, asked.taken_at) as told:
            self.book.begin(import_id, caller, key_id, wanted)
            try:
                self.book.add(import_id, told.rows())
                return self.book.open(import_id, told.total, told.tables, key)
            except BaseException:
                self.book.discard(import_id)
                raise

    def _open(self, caller: Caller, import_id: UUID, loop: asyncio.AbstractEventLoop) -> Services:
        return Services(self._calls, loop, caller, import_id, self._stopping)

    def _holder(self, turn: Turn) -> Caller | None:
        account = self._accounts.behind(turn.account_id, turn.key_id)
        return None if account is None or not account.caller().may("import.write") else account.caller()


def _resolved(directory: Directory, asked: Asked) -> tuple[str, str]:
    """Return the ids of the unit and channel asked for, or empty."""
    unit = directory.unit("") if asked.unit else ""
    return unit, str(directory.channel("")["id"]) if asked.channel else ""
