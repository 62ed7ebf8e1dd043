"""The files that show a person go when the person is erased."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from services.media.library import Library
from services.media.projections import asset
from shared.log.store import Cause
from shared.log.tables import person_key
from shared.runtime import Runtime

REASON = "the person it shows was erased"


def remove_portraits(runtime: Runtime, library: Library, person_id: UUID, cause: Cause) -> None:
    """Remove the files that show the person, those on their way too. May be repeated."""
    for upload_id in library.uploads.depicting(person_id):
        library.cancel(upload_id)
    with runtime.caught_up(None) as db:
        shown = db.execute(select(asset.c.asset_id).where(asset.c.depicts_id == person_id)).scalars().all()
    _remove(library, shown, cause)


def finish_erasures(runtime: Runtime, library: Library, cause: Cause) -> int:
    """Remove the files of erased persons that a crash left; return of how many assets."""
    erased = select(person_key.c.person_id).where(person_key.c.wrapped.is_(None))
    left = select(asset.c.asset_id).where(asset.c.depicts_id.in_(erased), asset.c.files_removed.is_(False))
    with runtime.caught_up(None) as db:
        shown = db.execute(left).scalars().all()
    _remove(library, shown, cause)
    return len(shown)


def _remove(library: Library, asset_ids: Iterable[UUID], cause: Cause) -> None:
    # The request's idempotency key belongs to the erasure itself, not to each of the removals.
    each = Cause(actor=cause.actor, correlation_id=cause.correlation_id, causation_id=cause.causation_id)
    for asset_id in asset_ids:
        library.remove_files(asset_id, REASON, each)
