"""The tus 1.0 protocol's headers: core, creation, creation-with-upload, checksum, termination and expiration."""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from falcon.asgi import Request, Response

from shared.contracts.media.requests import MAX_UPLOAD_BYTES
from shared.errors import Invalid, PlatformError, RuleBroken

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
ALGORITHMS = {"sha256": hashlib.sha256, "sha1": hashlib.sha1, "md5": hashlib.md5}
BYTES = "application/offset+octet-stream"
MAX_METADATA = 8192
STALLED_S = 30.0


class WrongVersion(PlatformError):
    """The client speaks another version of tus."""

    status = 412


class ChecksumMismatch(RuleBroken):
    """The bytes that came are not those that were sent."""

    status = 460


def speak(req: Request, resp: Response) -> None:
    """Put tus' own headers on the answer.

    Raises:
        WrongVersion: ``upload.tus_version``, the client asks for another version.
    """
    resp.set_header("Tus-Resumable", VERSION)
    resp.set_header("Tus-Version", VERSION)
    resp.set_header("Tus-Extension", EXTENSIONS)
    resp.set_header("Tus-Max-Size", str(MAX_UPLOAD_BYTES))
    resp.set_header("Tus-Checksum-Algorithm", ",".join(ALGORITHMS))
    resp.set_header("Cache-Control", "no-store")
    if req.method != "OPTIONS" and req.get_header("Tus-Resumable") != VERSION:
        raise WrongVersion("upload.tus_version", f"send Tus-Resumable: {VERSION}")


def number(req: Request, name: str) -> int:
    """Return the whole number in a header. Raises: Invalid: ``request.invalid``, it is missing or none."""
    text = req.get_header(name) or ""
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Invalid("request.invalid", f"{name} is a whole number", {name: ["Not a whole number."]})
    return int(text)


def metadata(req: Request) -> dict[str, str]:
    """Return what the client tells of the file. Raises: Invalid: ``request.invalid``, it is not tus' metadata."""
    header = req.get_header("Upload-Metadata") or ""
    found: dict[str, str] = {}
    try:
        for pair in filter(None, (part.strip() for part in header[:MAX_METADATA].split(","))):
            name, _, value = pair.partition(" ")
            found[name] = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        reason = "Pairs of a name and base64 of UTF-8 text."
        raise Invalid("request.invalid", f"Upload-Metadata: {reason}", {"Upload-Metadata": [reason]}) from error
    return found


class Checksum:
    """What ``Upload-Checksum`` promises of the bytes, if the client sent it."""

    def __init__(self, req: Request) -> None:
        header = req.get_header("Upload-Checksum")
        self._expected, self._hash = b"", None
        if header is None:
            return
        name, _, encoded = header.partition(" ")
        try:
            self._expected = base64.b64decode(encoded, validate=True)
            self._hash = ALGORITHMS[name](usedforsecurity=False)
        except (KeyError, binascii.Error) as error:
            known = ", ".join(ALGORITHMS)
            raise Invalid("request.invalid", f"Upload-Checksum: one of {known}, and base64") from error

    def add(self, chunk: bytes) -> None:
        """Take more bytes into account."""
        if self._hash is not None:
            self._hash.update(chunk)

    def verify(self) -> None:
        """Pass when the bytes are those that were promised. Raises: ChecksumMismatch: ``upload.checksum_mismatch``."""
        if self._hash is not None and self._hash.digest() != self._expected:
            raise ChecksumMismatch("upload.checksum_mismatch", "the bytes that came do not have this checksum")


class Part:
    """The bytes of one request, counted and checked while they pass; no more of them than ``room``."""

    def __init__(self, req: Request, room: int) -> None:
        self._req, self._room, self._checksum = req, room, Checksum(req)
        self.bytes = 0
        if (req.content_length or 0) > room:
            raise _too_long(room)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._passing()

    async def _passing(self) -> AsyncIterator[bytes]:
        stream: Any = aiter(self._req.stream)
        with suppress(TimeoutError):
            while chunk := await _next(stream):
                self.bytes += len(chunk)
                if self.bytes > self._room:
                    raise _too_long(self._room)
                self._checksum.add(chunk)
                yield chunk
        # A connection that broke or stalled ends here too: what came is kept, unless it was to have a checksum.
        self._checksum.verify()


async def _next(stream: Any) -> bytes:
    async with asyncio.timeout(STALLED_S):
        return bytes(await anext(stream, b""))


def _too_long(room: int) -> Invalid:
    return Invalid("request.too_large", f"more bytes than the {room} that are missing")
