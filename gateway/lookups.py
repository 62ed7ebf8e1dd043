"""Who stands behind what callers show: those who come while some are looked up are looked up together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gateway.accounts import Identity, Proof

Read = Callable[[Sequence[Proof]], Awaitable[Sequence[Identity | None]]]


class Lookups:
    """One reading is under way at a time; who comes meanwhile waits for the next. Belongs to one event loop.

    When thousands come at once, the way to a thread and a transaction for each cost more than the reading itself.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._waiting: dict[Proof, asyncio.Future[Identity | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def find(self, proof: Proof) -> Identity | None:
        """Return whom the proof stands for, read after this was asked; None for nobody.

        Raises:
            Unavailable: the accounts cannot be asked.
        """
        found = self._waiting.get(proof)
        if found is None:
            found = self._waiting[proof] = asyncio.get_running_loop().create_future()
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all())
        return await asyncio.shield(found)

    async def _read_all(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            try:
                identities = await self._read(list(waiting))
            except Exception as error:
                for found in waiting.values():
                    found.set_exception(error)
                    found.exception()  # seen: whoever asked may have gone away
            else:
                for found, identity in zip(waiting.values(), identities, strict=True):
                    found.set_result(identity)
