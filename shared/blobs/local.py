"""Blobs in a folder of the local disk."""

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from shared.blobs.port import CHUNK, Blob, Measure, Stored, checked, checked_prefix, give_way
from shared.disk import sync_path
from shared.errors import Invalid, NotFound, Unavailable

MOVES = 100


class LocalBlobs:
    """``Blobs`` in a folder. A write goes to a hidden file and is renamed when it is safe on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._incoming = self.root / ".incoming"

    def put(self, key: str, content: bytes | Iterable[bytes]) -> Stored:
        path, measure = self._path(key), Measure()
        with translated(key):
            self._incoming.mkdir(parents=True, exist_ok=True)
            temporary = self._incoming / secrets.token_hex(16)
            try:
                with temporary.open("xb") as file:
                    for chunk in measure.passing(content):
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
                _move(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            with suppress(FileNotFoundError):  # deleted already, and the empty folder with it
                sync_path(path.parent)
        return measure.stored()

    def open(self, key: str) -> Iterator[bytes]:
        path = self._path(key)
        with translated(key):
            file = path.open("rb")
        return _chunks(file)

    def size(self, key: str) -> int:
        with translated(key):
            return self._path(key).stat().st_size

    def delete(self, key: str) -> None:
        path = self._path(key)
        with translated(key):
            if not path.exists():
                return
            path.unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                sync_path(path.parent)  # what was erased must not come back with a power cut
            with suppress(OSError):  # a folder that is not empty, or is gone already
                path.parent.rmdir()

    def list(self, prefix: str) -> Iterator[Blob]:
        for folder, _, names in os.walk(self._path(checked_prefix(prefix).rstrip("/"))):
            for name in names:
                path = Path(folder, name)
                with suppress(FileNotFoundError):  # deleted since it was listed
                    found = path.stat()
                    stored_at = datetime.fromtimestamp(found.st_mtime, UTC)
                    yield Blob(key=str(path.relative_to(self.root)), bytes=found.st_size, stored_at=stored_at)

    def forget_unfinished(self, before: datetime) -> int:
        removed = 0
        for path in self._incoming.glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    removed += 1
        return removed

    def _path(self, key: str) -> Path:
        path = (self.root / checked(key)).resolve()
        if not path.is_relative_to(self.root):  # a link inside the folder that leads out of it
            raise Invalid("blob.bad_key", "no such key")
        return path


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
            give_way()


def _move(temporary: Path, path: Path) -> None:
    for _ in range(MOVES):
        with suppress(FileNotFoundError, FileExistsError):  # a deletion just removed a folder because it was empty
            _make_durably(path.parent)
            temporary.replace(path)
            return
    raise Unavailable("blobs.unavailable", f"the folder of {path.name} comes and goes")


def _make_durably(folder: Path) -> None:
    """Make the folder and its parents so that they outlive a power cut."""
    if not folder.is_dir():
        _make_durably(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_path(folder.parent)


@contextmanager
def translated(key: str) -> Iterator[None]:
    """Turn the failures of disk and store into ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("blob.not_found", f"nothing is stored under {key}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Unavailable("blobs.full", "no space is left for files") from error
        raise Unavailable("blobs.unavailable", error.strerror or repr(error)) from error
