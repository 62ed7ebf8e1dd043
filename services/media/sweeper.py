"""Clears up: uploads nobody went on with, and what crashes left of storing and erasing."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from services.media import asset
from services.media.erasure import finish_erasures
from services.media.library import Library
from services.media.limits import STORING_LIFETIME, UPLOAD_LIFETIME
from services.media.tables import storing
from shared.database import reading, writing
from shared.execute import cause_of, state_of
from shared.logs import log
from shared.runtime import Runtime

STAGING = "media/staging/"
GRACE = timedelta(hours=1)


def sweep(runtime: Runtime, library: Library, now: datetime) -> dict[str, int]:
    """Clear up and return how many things of which kind were removed. Any number of processes may do so at once."""
    removed = {
        "uploads": _expired_uploads(library, now),
        "stored": sum(_unfinished(runtime, library, asset_id, now) for asset_id in _left(runtime, now)),
        "staged": _strays(library, now),
        "temporary": library.blobs.forget_unfinished(now - UPLOAD_LIFETIME),
        "portraits": finish_erasures(runtime, library, cause_of("media.sweeper")),
    }
    if any(removed.values()):
        log.info("media.swept", **removed)
    return removed


def _expired_uploads(library: Library, now: datetime) -> int:
    expired = library.uploads.expired(now)
    for upload_id in expired:
        library.cancel(upload_id)
    return len(expired)


def _left(runtime: Runtime, now: datetime) -> list[UUID]:
    with reading(runtime.engine) as db:
        left = select(storing.c.asset_id).where(storing.c.touched_at < now - STORING_LIFETIME)
        return list(db.execute(left).scalars())


def _unfinished(runtime: Runtime, library: Library, asset_id: UUID, now: datetime) -> int:
    """Remove the files of an asset that never came to be, or lost its files; return 1 where there were to be none.

    The note stays locked meanwhile: whoever stores the same file again waits, and then writes it anew.
    """
    this = (storing.c.asset_id == asset_id) & (storing.c.touched_at < now - STORING_LIFETIME)
    with writing(runtime.engine) as db:
        row = db.execute(select(storing).where(this).with_for_update()).one_or_none()
        if row is None:
            return 0
        state, _ = state_of(runtime.log, asset.stream_of(asset_id), asset)
        orphaned = state.status == "absent" or state.files_removed
        if orphaned:
            library.delete_files(asset_id, row.unit_id, row.sha256)
        db.execute(delete(storing).where(storing.c.asset_id == asset_id))
    return int(orphaned)


def _strays(library: Library, now: datetime) -> int:
    """Remove staged bytes whose upload is gone: their writer was slower than the end of the upload."""
    removed = 0
    for found in list(library.blobs.list(STAGING)):
        upload_id = UUID(found.key.removeprefix(STAGING).partition("/")[0])
        if found.stored_at < now - GRACE and not library.uploads.exists(upload_id):
            library.blobs.delete(found.key)
            removed += 1
    return removed
