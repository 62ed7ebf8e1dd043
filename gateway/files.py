"""Bytes between a connection and the file storage, which blocks and therefore works on threads of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from shared.blobs import Behind, Blobs, Stored

THREADS = 16
BLOCK = 1024 * 1024  # bytes that are handed to a thread at once
T = TypeVar("T")


class Files:
    """The file storage as coroutines."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="files")

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], digest: Any = None, behind: Behind | None = None
    ) -> Stored:
        """Store what comes, at the pace at which it comes; when ``chunks`` raises, nothing is stored and it is raised.

        ``digest`` and ``behind`` as in ``Blobs.put``.

        Raises:
            Unavailable: the storage does not answer, or is full.
        """
        loop, first = asyncio.get_running_loop(), await _block(chunks)

        def all_of_them() -> Iterator[bytes]:
            block, coming = first, None
            try:
                while block:
                    full = sum(map(len, block)) >= BLOCK
                    coming = asyncio.run_coroutine_threadsafe(_block(chunks), loop) if full else None
                    yield from block  # while the next one comes
                    block = coming.result() if coming else []
            finally:
                if coming:
                    coming.cancel()

        return await self._in_thread(lambda: self._blobs.put(key, all_of_them(), digest, behind))

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """Return the content in chunks. Raises: NotFound: ``blob.not_found``; Unavailable."""
        content = await self._in_thread(lambda: self._blobs.open(key))
        first = await self._in_thread(lambda: next(content, b""))  # what fails, fails before the answer begins
        return self._rest(first, content)

    async def delete(self, key: str) -> None:
        """Remove the blob; where there is none nothing happens."""
        await self._in_thread(lambda: self._blobs.delete(key))

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _rest(self, chunk: bytes, content: Iterator[bytes]) -> AsyncIterator[bytes]:
        while chunk:
            yield chunk
            chunk = await self._in_thread(lambda: next(content, b""))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


async def _block(chunks: AsyncIterator[bytes]) -> list[bytes]:
    """Return the chunks that come next, ``BLOCK`` bytes or a little more; fewer are the last."""
    block, size = [], 0
    while size < BLOCK and (chunk := await anext(chunks, None)) is not None:
        block.append(chunk)
        size += len(chunk)
    return block
