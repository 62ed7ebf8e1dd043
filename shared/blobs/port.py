"""The port of file storage, and what both stores do alike."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from shared.errors import Invalid

CHUNK = 256 * 1024
MAX_KEY = 300
_NAME = r"[a-z0-9][a-z0-9._-]*"  # no leading dot: neither ``..`` nor a hidden file is a name
_KEY = re.compile(f"{_NAME}(?:/{_NAME})*")
_PREFIX = re.compile(f"(?:{_NAME}/)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What was written: where, bytes, and SHA-256 (hex), which may go on from bytes before them."""

    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A stored blob: its key, bytes, and when it was stored (UTC)."""

    key: str
    bytes: int
    stored_at: datetime


class Behind(NamedTuple):
    """A blob of so many bytes that nobody else writes."""

    key: str
    bytes: int


class Blobs(Protocol):
    """The port. Every method raises ``Invalid`` (``blob.bad_key``) for a key that is none, and ``Unavailable``."""

    def put(
        self, key: str, content: bytes | Iterable[bytes], digest: Any = None, behind: Behind | None = None
    ) -> Stored:
        """Store the content durably, in the place of what stood there; return where it is, its size and hash.

        Whoever reads the key meanwhile gets the old content or the new. When ``content`` raises, nothing changes.
        A SHA-256 of ``hashlib`` as ``digest`` takes the content in: then the hash is that of all it has taken in.
        A store that can may let the content grow ``behind`` a blob, under that blob's key, which is then returned.

        Raises:
            Unavailable: ``blobs.full`` when there is no space left.
        """

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        """Store each content under its key as ``put`` does, with one wait for the disk's folders; raises as it does."""

    def join(self, pieces: Mapping[str, int], target: str) -> None:
        """Let the first so many bytes of each key's blob, one after another, stand under ``target`` too, durably.

        A single whole blob is not written again. Raises: NotFound: ``blob.not_found``; Unavailable, as ``put`` does.
        """

    def open(self, key: str) -> Iterator[bytes]:
        """Return the content in chunks. Raises: NotFound: ``blob.not_found``."""

    def size(self, key: str) -> int:
        """Return the content's bytes. Raises: NotFound: ``blob.not_found``."""

    def delete(self, key: str) -> None:
        """Remove the blob; where there is none nothing happens."""

    def list(self, prefix: str) -> Iterator[Blob]:
        """Return the blobs whose keys begin with ``prefix``, which ends in a slash."""

    def forget_unfinished(self, before: datetime) -> int:
        """Remove what interrupted writes left before that moment; return how many."""


class Measure:
    """Counts and hashes what passes."""

    def __init__(self, digest: Any = None) -> None:
        self._bytes, self._hash = 0, digest or sha256()

    def passing(self, content: bytes | Iterable[bytes]) -> Iterator[bytes]:
        for chunk in _pieces(content) if isinstance(content, bytes) else content:
            self._bytes += len(chunk)
            self._hash.update(chunk)
            yield chunk

    def stored(self, key: str) -> Stored:
        return Stored(key=key, bytes=self._bytes, sha256=self._hash.hexdigest())


def checked(key: str) -> str:
    """Return the key. Raises: Invalid: ``blob.bad_key``, it is none."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise Invalid("blob.bad_key", "no such key")
    return key


def checked_prefix(prefix: str) -> str:
    """Return the prefix. Raises: Invalid: ``blob.bad_key``, it is none."""
    if len(prefix) > MAX_KEY or not _PREFIX.fullmatch(prefix):
        raise Invalid("blob.bad_key", "no such prefix")
    return prefix


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]
        give_way()


def first(size: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give no more than the first ``size`` bytes."""
    for chunk in chunks:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            break


def give_way() -> None:
    """Let other greenlets run: in a service process a long file would hold up all of them.

    Whoever takes chunks from a file or from memory does so. Chunks that come from the gateway's loop need not: there
    each would be one more wait for the interpreter's lock.
    """
    time.sleep(0)
