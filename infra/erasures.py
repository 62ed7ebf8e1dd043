"""The ledger of erasures: who was erased, by id, and when. It lies with the files, where no copy of a database is.

A copy made before an erasure holds the person's key; who brings it back erases again whom the ledger names.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from shared.blobs import Blobs, open_blobs
from shared.config import Settings
from shared.errors import NotFound, Unavailable

FOLDER = "erased/"
MARK = f"{FOLDER}ledger"  # that it is one, and not a folder of another place: it may name nobody


def note(blobs: Blobs, person_id: UUID) -> None:
    """Note durably that the person is erased; of several times the first stays. Raises: Unavailable."""
    _put(blobs, f"{FOLDER}{person_id}")


def noted(blobs: Blobs) -> list[UUID]:
    """Return the ids of everybody who was erased."""
    return sorted(UUID(blob.key.removeprefix(FOLDER)) for blob in blobs.list(FOLDER) if blob.key != MARK)


def keep(blobs: Blobs) -> None:
    """See to it that there is a ledger, and be it one that names nobody."""
    _put(blobs, MARK)


def kept_in(settings: Settings, *addresses: str) -> Iterator[Blobs]:
    """Yield those of the file stores that answer and hold a ledger."""
    for address in dict.fromkeys(addresses):
        blobs = open_blobs(replace(settings, blobs=address))
        with suppress(NotFound, Unavailable):
            blobs.size(MARK)
            yield blobs


def _put(blobs: Blobs, key: str) -> None:
    try:
        blobs.size(key)
    except NotFound:
        blobs.put(key, datetime.now(UTC).isoformat().encode())
