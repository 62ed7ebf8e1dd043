"""What tests of file storages read and write."""

from shared.blobs import Blobs

KEY = "media/originals/unit/ab/abcd"


def read(blobs: Blobs, key: str) -> bytes:
    return b"".join(blobs.open(key))
