"""What this process knows of uploads under way, so that their parts grow into one file that need not be read again.

After a restart, or where another worker took a part, it knows nothing: a part is then a file of its own, and media
reads.
"""

from collections import OrderedDict
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from shared.blobs import Behind

MOST = 1000


class Begun(NamedTuple):
    """The SHA-256 of an upload's bytes so far, and the blob that ends with them; None where it is not known."""

    digest: Any = None
    behind: Behind | None = None


class UnderWay:
    """What is known of each upload; the longest untouched goes first."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, tuple[int, Begun]] = OrderedDict()

    def take(self, upload_id: UUID, offset: int) -> Begun:
        """Return what is known of the upload's first ``offset`` bytes, to go on with.

        Only one gets it, and gives it back when media has noted his bytes: no place in a blob is ever written by two,
        however late the slower one's request is heard.
        """
        known, begun = self._known.pop(upload_id, (0, Begun()))
        if offset == 0:
            return Begun(sha256())
        return begun if known == offset else Begun()

    def keep(self, upload_id: UUID, offset: int, begun: Begun) -> None:
        """Remember what is known of the upload's first ``offset`` bytes."""
        self._known[upload_id] = (offset, begun)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
