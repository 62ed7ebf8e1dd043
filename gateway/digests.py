"""SHA-256 of uploads under way, so that a file that comes in parts need not be read again to know its hash.

They are in this process only. After a restart, or where another worker took a part, there is none: then media reads.
"""

from collections import OrderedDict
from hashlib import sha256
from typing import Any
from uuid import UUID

MOST = 1000


class Digests:
    """For each upload the hash of its bytes so far; the longest untouched goes first."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, tuple[int, Any]] = OrderedDict()

    def take(self, upload_id: UUID, offset: int) -> Any:
        """Return a hash of the upload's first ``offset`` bytes to go on with, None where it is not known (any more)."""
        known, digest = self._known.pop(upload_id, (0, None))
        if offset == 0:
            return sha256()
        return digest if known == offset else None

    def keep(self, upload_id: UUID, offset: int, digest: Any) -> None:
        """Remember the hash of the upload's first ``offset`` bytes, if it is one."""
        if digest is not None:
            self._known[upload_id] = (offset, digest)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
