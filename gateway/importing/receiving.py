"""A file on its way in: counted while it passes, never in memory as a whole."""

import asyncio
from hashlib import sha256
from typing import IO, Any

from falcon.asgi import Request

from gateway.importing.reading.sniff import MAX_BYTES, too_large
from shared.errors import Invalid

STALLED_S = 30.0


async def receive(req: Request, file: IO[bytes]) -> str:
    """Write the request's body to the file and return its SHA-256.

    Raises:
        Invalid: ``import.too_large``, declared or counted; ``import.cut_short``, not all of it came.
    """
    declared, count, digest = req.content_length, 0, sha256()
    if (declared or 0) > MAX_BYTES:
        raise too_large()
    stream: Any = aiter(req.stream)
    try:
        while chunk := await asyncio.wait_for(anext(stream, b""), STALLED_S):
            count += len(chunk)
            if count > MAX_BYTES:
                raise too_large()
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
    except TimeoutError as error:
        raise _cut_short() from error
    if declared is not None and count != declared:
        raise _cut_short()
    return digest.hexdigest()


def _cut_short() -> Invalid:
    return Invalid("import.cut_short", "the file did not come to its end; send it again")
