"""Sends the rows of imports, a moment of each in turn, in the background of a gateway worker."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from gateway.importing.platform import Platform, Rehearsal
from gateway.importing.rounds import rounds
from gateway.importing.rows import AnyRow
from gateway.importing.sender import Sender
from gateway.importing.turns import HELD, Lost, Numbered, Turn, Turns
from shared.context import Caller
from shared.errors import Unavailable
from shared.logs import log, log_failure

LOOK_S = 2.0  # for imports that another worker left behind
TURN_S = 5.0
AT_ONCE = 50  # rows on their way, noted in one transaction; a crash lets as many be sent again, and be told as repeated
PAUSE = timedelta(seconds=10)
SENDERS = 8
REFUSED = "the rights of whoever began it do not hold any more; nothing more was sent"
WAITING = "a service does not answer; the import goes on by itself"
BROKEN = "the server failed; import the file again, nothing is told twice"


class AsCaller(Platform, Protocol):
    """Services asked in the name of a caller."""

    caller: Caller

    def expect(self, abreast: int) -> None:
        """Know from how many threads is asked."""


Open = Callable[[Caller, UUID, asyncio.AbstractEventLoop], AsCaller]


class Runner:
    """``holder`` gives the caller as he stands now, or None; ``services`` opens services for him and an import."""

    def __init__(
        self, turns: Turns, holder: Callable[[Turn], Caller | None], services: Open, stopping: threading.Event
    ) -> None:
        self._turns, self._holder, self._services, self._stopping = turns, holder, services, stopping
        self._senders: dict[Turn, tuple[AsCaller, Sender]] = {}
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="imports")
        self._sending = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="import-rows")
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for imports at once."""
        self._woken.set()

    async def run(self) -> None:
        """Send until stopped."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                worked = await self.step()
            except Exception as error:  # the database is away, or a mistake of ours: other imports are to go on
                log_failure("import.turn_failed", error)
                worked = False
            if not worked:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), LOOK_S)

    async def step(self) -> bool:
        """Take a turn, if an import waits for one; return whether there was."""
        loop = asyncio.get_running_loop()
        turn = await loop.run_in_executor(self._threads, self._turns.take)
        if turn is None:
            return False
        working = loop.run_in_executor(self._threads, self._work, turn, loop)
        while not (await asyncio.wait({working}, timeout=HELD.total_seconds() / 3))[0]:
            with suppress(Lost, Unavailable):  # the work itself will meet it
                await loop.run_in_executor(self._threads, self._turns.keep, turn)
        await working
        return True

    def stop(self) -> None:
        """Give back what is held, after the row at hand."""
        self._stopping.set()
        self._woken.set()

    def close(self) -> None:
        """Let go of the threads."""
        for pool in (self._threads, self._sending):
            pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, turn: Turn, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._send_for_a_while(turn, loop)
        except Lost:
            self._senders.pop(turn, None)
        except Unavailable as error:
            log.warning("import.waits", thing=str(turn.import_id), reason=error.code)
            with suppress(Lost, Unavailable):
                self._turns.give_back(turn, WAITING, timedelta(0) if self._stopping.is_set() else PAUSE)
        except Exception:
            log.exception("import.failed", thing=str(turn.import_id))
            self._finish(turn, "failed", BROKEN)

    def _send_for_a_while(self, turn: Turn, loop: asyncio.AbstractEventLoop) -> None:
        ends = time.monotonic() + TURN_S
        while rows := self._turns.pending(turn, AT_ONCE):
            self._turns.keep(turn)
            outcomes: list[Numbered] = []
            try:
                for abreast in rounds(rows):
                    sender = self._sender(turn, loop)
                    if sender is None:
                        break
                    self._send(*sender, abreast, outcomes)
            finally:
                self._turns.note(turn, outcomes)
            if len(outcomes) < len(rows):
                return self._finish(turn, "failed", REFUSED)
            if time.monotonic() > ends or self._stopping.is_set():
                return self._turns.give_back(turn)
        return self._finish(turn, "done")

    def _send(
        self, services: AsCaller, sender: Sender, abreast: Sequence[tuple[int, AnyRow]], outcomes: list[Numbered]
    ) -> None:
        """Send rows at once; what became of one is noted also where another met a service that does not answer."""
        services.expect(1)
        sender.look_up([row for _, row in abreast])
        services.expect(len(abreast))
        sent = [(number, self._sending.submit(sender.send, row)) for number, row in abreast]
        wait(one for _, one in sent)
        outcomes += [(number, one.result()) for number, one in sent if one.exception() is None]
        for _, one in sent:
            one.result()

    def _sender(self, turn: Turn, loop: asyncio.AbstractEventLoop) -> tuple[AsCaller, Sender] | None:
        """Return what asks and sends in the caller's name, with his rights of before this round, or None."""
        caller = self._holder(turn)
        if caller is None:
            return None
        if turn not in self._senders:
            while len(self._senders) >= SENDERS:
                self._senders.pop(next(iter(self._senders)))
            services = self._services(caller, turn.import_id, loop)
            platform: Platform = Rehearsal(services) if turn.rehearsal else services
            self._senders[turn] = services, Sender(platform, turn.unit_id, turn.channel_id)
        services, sender = self._senders[turn]
        services.caller = caller
        return services, sender

    def _finish(self, turn: Turn, state: str, reason: str = "") -> None:
        self._senders.pop(turn, None)
        with suppress(Lost):
            self._turns.finish(turn, "done" if state == "done" else "failed", reason)
