"""Blobs in a bucket of an S3-compatible store."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from typing import Any, BinaryIO, cast

from minio import Minio
from minio.commonconfig import CopySource
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from shared.blobs.port import CHUNK, Behind, Blob, Measure, Stored, checked, checked_prefix, first, give_way
from shared.errors import NotFound, Unavailable

PART = 10 * 1024 * 1024


class S3Blobs:
    """``Blobs`` in a bucket. What interrupted multipart writes leave is the bucket's lifecycle rule to remove."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(
        self, key: str, content: bytes | Iterable[bytes], digest: Any = None, behind: Behind | None = None
    ) -> Stored:
        measure = Measure(digest)
        source = cast(BinaryIO, _Reader(measure.passing(content)))
        with _answering(key):
            self._client.put_object(self._bucket, checked(key), source, -1, part_size=PART)
        return measure.stored(key)

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        for key, content in contents.items():
            self.put(key, content)

    def join(self, pieces: Mapping[str, int], target: str) -> None:
        (only, size), *more = pieces.items()
        if more or self.size(only) != size:
            self.put(target, chain.from_iterable(first(size, self.open(key)) for key, size in pieces.items()))
            return
        with _answering(only):  # within the store: no byte comes here
            self._client.copy_object(self._bucket, checked(target), CopySource(self._bucket, checked(only)))

    def open(self, key: str) -> Iterator[bytes]:
        with _answering(key):
            answer = self._client.get_object(self._bucket, checked(key))

        def chunks() -> Iterator[bytes]:
            try:
                with _answering(key):
                    for chunk in answer.stream(CHUNK):
                        yield chunk
                        give_way()
            finally:
                answer.close()
                answer.release_conn()

        return chunks()

    def size(self, key: str) -> int:
        with _answering(key):
            return int(self._client.stat_object(self._bucket, checked(key)).size or 0)

    def delete(self, key: str) -> None:
        with _answering(key):
            self._client.remove_object(self._bucket, checked(key))

    def list(self, prefix: str) -> Iterator[Blob]:
        with _answering(prefix):
            for found in self._client.list_objects(self._bucket, checked_prefix(prefix), recursive=True):
                stored_at = found.last_modified or datetime.now(UTC)
                yield Blob(key=str(found.object_name), bytes=int(found.size or 0), stored_at=stored_at)

    def forget_unfinished(self, before: datetime) -> int:
        return 0


class _Reader:
    """Chunks as what ``minio`` reads from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def read(self, size: int) -> bytes:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = chunk
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


@contextmanager
def _answering(key: str) -> Iterator[None]:
    """Turn the store's refusals and failures into ours."""
    try:
        yield
    except S3Error as error:
        if error.code in ("NoSuchKey", "NoSuchObject"):
            raise NotFound("blob.not_found", f"nothing is stored under {key}") from error
        raise Unavailable("blobs.unavailable", f"the store refused: {error.code}") from error
    except (MinioException, HTTPError) as error:
        raise Unavailable("blobs.unavailable", repr(error)) from error
