"""Bytes on their way to the storage: received while they are written, and no further when it fails."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import pytest

from gateway.files import BLOCK, Files
from shared.blobs import Blobs
from shared.errors import Unavailable


class Sender:
    """Sends blocks of a mebibyte, and notes which was asked for."""

    def __init__(self, blocks: int) -> None:
        self.asked = [threading.Event() for _ in range(blocks + 1)]
        self.cut_off = asyncio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            for asked in self.asked[:-1]:
                asked.set()
                await asyncio.sleep(0)
                yield bytes(BLOCK)
            self.asked[-1].set()
            await asyncio.Event().wait()  # nothing more comes
        finally:
            self.cut_off.set()


class Storage:
    """Writes a block when the one after it was asked for, then fails."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def put(self, key: str, content: Iterable[bytes], digest: Any, behind: Any) -> Any:
        for after, _ in zip(self._sender.asked[1:], content, strict=True):
            assert after.wait(20)
            if after is self._sender.asked[-1]:
                raise Unavailable("blobs.full", "no space is left")


def test_a_block_comes_while_the_one_before_it_is_written_and_none_is_waited_for_when_that_fails() -> None:
    async def scene() -> None:
        sender = Sender(blocks=3)
        files = Files(cast(Blobs, Storage(sender)))
        with pytest.raises(Unavailable):
            await files.put("key", sender.chunks())
        async with asyncio.timeout(20):
            await sender.cut_off.wait()
        files.close()

    asyncio.run(scene())
