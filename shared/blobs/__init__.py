"""File storage behind one port: a folder on the local disk, or a bucket of an S3-compatible store.

Keys are made by the platform and never hold anything a user typed. A blob is there wholly or not at all.
"""

import secrets
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from shared.blobs.local import LocalBlobs
from shared.blobs.port import Behind, Blob, Blobs, Stored
from shared.config import BadSetting, Settings

__all__ = ["Behind", "Blob", "Blobs", "LocalBlobs", "Stored", "open_blobs", "staged_from", "staging_key"]


def open_blobs(settings: Settings) -> Blobs:
    """Return the storage that ``settings.blobs`` names: ``file:///folder`` or ``s3://host:port/bucket``.

    Raises:
        BadSetting: the address cannot be used.
    """
    return _open(settings.blobs, settings.s3_access_key, settings.s3_secret_key)


def staging_key(upload_id: UUID, offset: int) -> str:
    """Return a new key for bytes of an upload that begin at ``offset``; two writers never share one."""
    return f"media/staging/{upload_id}/{offset}-{secrets.token_hex(8)}"


def staged_from(key: str) -> int:
    """Return the offset from which on a staged blob has its upload's bytes. Raises: ValueError: it is no such key."""
    return int(key.rpartition("/")[2].partition("-")[0])


@cache
def _open(address: str, access_key: str | None, secret_key: str | None) -> Blobs:
    url = urlsplit(address)
    if url.scheme == "file" and url.path:
        return LocalBlobs(Path(url.path))
    bucket = url.path.strip("/")
    if url.scheme == "s3" and url.netloc and bucket:
        from minio import Minio  # a tenth of a second of every start, which files on the disk do not need

        from shared.blobs.s3 import S3Blobs

        return S3Blobs(Minio(url.netloc, access_key, secret_key, secure=False, region="us-east-1"), bucket)
    raise BadSetting(f"MATRIX_BLOBS is {address!r}; it is file:///folder or s3://host:port/bucket")
