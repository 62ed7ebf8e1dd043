"""Bytes between a connection and the file storage, which blocks and therefore works on threads of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from shared.blobs import Blobs, Stored

THREADS = 16
T = TypeVar("T")


class Files:
    """The file storage as coroutines."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="files")

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Store what comes, at the pace at which it comes; when ``chunks`` raises, nothing is stored and it is raised.

        Raises:
            Unavailable: the storage does not answer, or is full.
        """
        loop = asyncio.get_running_loop()

        async def following() -> bytes | None:
            return await anext(chunks, None)

        def all_of_them() -> Iterator[bytes]:
            while (chunk := asyncio.run_coroutine_threadsafe(following(), loop).result()) is not None:
                yield chunk

        return await self._in_thread(lambda: self._blobs.put(key, all_of_them()))

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
