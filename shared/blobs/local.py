"""Blobs in a folder of the local disk."""

import errno
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, BinaryIO

from shared.blobs.port import CHUNK, Behind, Blob, Measure, Stored, checked, checked_prefix, first, give_way
from shared.disk import FULL, sync_path
from shared.errors import Invalid, NotFound, Unavailable

MOVES = 100
AHEAD = 8 * 1024 * 1024  # bytes: a photograph is decoded next, and most are shorter than two of these
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK)


class LocalBlobs:
    """``Blobs`` in a folder. A write goes to a hidden file and is renamed when it is safe on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._incoming = self.root / ".incoming"

    def put(
        self, key: str, content: bytes | Iterable[bytes], digest: Any = None, behind: Behind | None = None
    ) -> Stored:
        measure, key = Measure(digest), behind.key if behind else key
        path, chunks = self._path(key), measure.passing(content)
        with translated(key):
            if behind:
                _grow(path, behind.bytes, chunks)
            else:
                self._write(path, chunks)
                _sync_folders([path])
        return measure.stored(key)

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        paths = {self._path(key): content for key, content in contents.items()}
        with translated(", ".join(contents)):
            for path, content in paths.items():
                self._write(path, [content])
            _sync_folders(paths)

    def join(self, pieces: Mapping[str, int], target: str) -> None:
        parts, path = [(self._path(key), size) for key, size in pieces.items()], self._path(target)
        with translated(target):
            (only, size), *more = parts
            if more or only.stat().st_size != size or not self._linked(only, path):
                self._write(path, chain.from_iterable(first(size, _chunks(part.open("rb"))) for part, size in parts))
            _sync_folders([path])

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

    def _write(self, path: Path, chunks: Iterable[bytes]) -> None:
        """Put a file of these chunks, safe on the disk, into its place; its folder does not say so durably yet."""
        with self._incoming_file() as temporary:
            with temporary.open("xb") as file:
                _pour(chunks, file)
                file.flush()
                os.fsync(file.fileno())
            _move(temporary, path)

    def _linked(self, source: Path, path: Path) -> bool:
        """Give a file that is safe on the disk a second name; return False where the file system has no such thing."""
        with self._incoming_file() as temporary:
            try:
                temporary.hardlink_to(source)
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
                return False
            _move(temporary, path)
            temporary.unlink(missing_ok=True)  # a file moved to itself stays where it was
        return True

    @contextmanager
    def _incoming_file(self) -> Iterator[Path]:
        """Give a new hidden name; what stands there is gone again when something fails."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        temporary = self._incoming / secrets.token_hex(16)
        try:
            yield temporary
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _path(self, key: str) -> Path:
        path = f"{self.root}/{checked(key)}"
        # The root is no link, and a key names nothing above it: only what the key names need be looked at.
        if any(map(os.path.islink, accumulate(key.split("/"), "{}/{}".format, initial=str(self.root)))):
            path = os.path.realpath(path)
            if not path.startswith(f"{self.root}/"):  # a link inside the folder that leads out of it
                raise Invalid("blob.bad_key", "no such key")
        return Path(path)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
            give_way()


def _grow(path: Path, size: int, chunks: Iterable[bytes]) -> None:
    """Let a file of ``size`` bytes go on with these chunks, safe on the disk; when they raise it does not grow."""
    with path.open("r+b", buffering=0) as file:
        file.seek(size)
        try:
            _pour(chunks, file)
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise


def _pour(chunks: Iterable[bytes], file: BinaryIO) -> None:
    """Write the chunks, and have the disk begin with them while more come: the wait at the end is then short."""
    waiting = 0
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:  # a file without a buffer takes what there is room for, and refuses only what comes after it
            rest = rest[file.write(rest) :]
        waiting += len(chunk)
        if waiting >= AHEAD:
            waiting = 0
            _begin(file)


def _begin(file: BinaryIO) -> None:
    """Have the disk begin, where the system can be told to.

    It writes out what is not yet on its way, and lets go of the memory of what is there already. It waits for nothing
    and promises nothing: that is the fsync. Source: pg_flush_data of PostgreSQL's fd.c.
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _sync_folders(paths: Iterable[Path]) -> None:
    for folder in {path.parent for path in paths}:
        with suppress(FileNotFoundError):  # deleted already, and the empty folder with it
            sync_path(folder)


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
        if error.errno in (*FULL, errno.EFBIG):
            raise Unavailable("blobs.full", "no space is left for files") from error
        raise Unavailable("blobs.unavailable", error.strerror or repr(error)) from error
