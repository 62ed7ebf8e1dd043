"""Uploads under way, resumable at the byte: created, advanced part by part, finished or expired."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from services.media.limits import MAX_PARTS, UNIT_QUOTA_BYTES, UPLOAD_LIFETIME
from services.media.quota import bytes_of_unit
from services.media.tables import upload, upload_part
from shared.blobs import staged_from
from shared.database import insert_new, reading, writing
from shared.errors import Conflict, NotFound, RuleBroken
from shared.row_security import show_only
from shared.sealed import Sealed

_THIS = upload.c.upload_id == bindparam("this")
_MOVE = (
    update(upload)
    .where(_THIS, upload.c.received == bindparam("start"))
    .values(received=bindparam("received"), expires_at=bindparam("expires_at"))
)
_FINISH = update(upload).where(_THIS).values(asset_id=bindparam("asset"), position=bindparam("at"))
_ADD_PART = insert(upload_part)
_PARTS = (
    select(upload_part.c.start, upload_part.c.bytes, upload_part.c.blob)
    .where(upload_part.c.upload_id == bindparam("this"))
    .order_by(upload_part.c.start)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way into a unit's library; ``length`` and ``received`` in bytes."""

    upload_id: UUID
    unit_id: UUID
    account_id: UUID
    length: int
    received: int
    filename: str
    title: str
    tags: tuple[str, ...]
    photographer_id: UUID | None
    photographer: Sealed | None
    depicts_id: UUID | None
    asset_id: UUID | None
    expires_at: datetime


_COLUMNS = [upload.c[field.name] for field in fields(Upload)]
_FIND = select(*_COLUMNS).where(_THIS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """``bytes`` of an upload from ``start`` on, stored in ``blob``, which may have begun with the parts before."""

    start: int
    bytes: int
    blob: str

    @property
    def blob_bytes(self) -> int:
        """Bytes of the blob to the part's end."""
        return self.start + self.bytes - staged_from(self.blob)


class Uploads:
    """The uploads in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, wanted: Upload, quota: int = UNIT_QUOTA_BYTES) -> Upload:
        """Return the new upload, or the same one as it stands when it was created before.

        ``quota`` in bytes, of the unit's library and what is on its way.

        Raises:
            RuleBroken: ``unit.quota_used_up``, or ``idempotency.key_reused``.
        """
        with writing(self._engine) as db:
            if known := _find(db, wanted.upload_id):
                return _same(known, wanted)
            show_only(db, [wanted.unit_id])
            if bytes_of_unit(db, wanted.unit_id) + wanted.length > quota:
                raise RuleBroken("unit.quota_used_up", f"a unit's files have at most {quota} bytes together")
            if not insert_new(db, upload, ["upload_id"], _row(wanted)):
                raise Conflict("upload.created_at_once", "the same upload was created by another request; ask again")
        return wanted

    def get(self, upload_id: UUID, account_id: UUID, now: datetime) -> Upload:
        """Return the account's upload.

        Raises:
            NotFound: ``upload.not_found``: there is none, it expired, or it is somebody else's.
        """
        with reading(self._engine) as db:
            return _own(_find(db, upload_id), account_id, now)

    def advance(self, upload_id: UUID, account_id: UUID, part: Part, now: datetime, repeatable: bool = False) -> Upload:
        """Note that a part is stored and return the upload; the same part again changes nothing.

        ``repeatable``: nobody is told before something that is written later lasts.

        Raises:
            NotFound: ``upload.not_found``.
            Conflict: ``upload.wrong_offset``, the part does not begin where the upload stands.
            RuleBroken: ``upload.too_long``, more bytes than were announced; ``upload.too_many_parts``; or
                ``upload.other_blob``, the part before it is not in the same blob, although that had begun.
        """
        with writing(self._engine, repeatable) as db:
            known = _own(_find(db, upload_id), account_id, now)
            parts = _parts(db, upload_id)
            if part in parts:
                return known
            _check(known, parts, part)
            moved = {"received": part.start + part.bytes, "expires_at": now + UPLOAD_LIFETIME}
            if not db.execute(_MOVE, {"this": upload_id, "start": part.start, **moved}).rowcount:
                raise Conflict("upload.wrong_offset", "another request sent these bytes at the same time")
            row = {"upload_id": upload_id, "start": part.start, "bytes": part.bytes, "blob": part.blob}
            db.execute(_ADD_PART, row)
        return replace(known, received=part.start + part.bytes, expires_at=now + UPLOAD_LIFETIME)

    def parts(self, upload_id: UUID) -> list[Part]:
        """Return the upload's parts in order."""
        with reading(self._engine) as db:
            return _parts(db, upload_id)

    def finish(self, db: Connection, upload_id: UUID, asset_id: UUID, position: int) -> None:
        """Note which asset the upload became, and where the log says so: 0 when the asset was there before."""
        db.execute(_FINISH, {"this": upload_id, "asset": asset_id, "at": position})

    def forget(self, upload_id: UUID) -> None:
        """Forget the upload and its parts; their blobs are the caller's to remove."""
        with writing(self._engine) as db:
            db.execute(delete(upload).where(upload.c.upload_id == upload_id))

    def expired(self, now: datetime) -> Sequence[UUID]:
        """Return the uploads nobody may go on with."""
        with reading(self._engine) as db:
            return db.execute(select(upload.c.upload_id).where(upload.c.expires_at <= now)).scalars().all()

    def depicting(self, person_id: UUID) -> Sequence[UUID]:
        """Return the uploads of portraits of the person."""
        with reading(self._engine) as db:
            return db.execute(select(upload.c.upload_id).where(upload.c.depicts_id == person_id)).scalars().all()

    def exists(self, upload_id: UUID) -> bool:
        """Return whether the upload is known."""
        with reading(self._engine) as db:
            return _find(db, upload_id) is not None


def _check(known: Upload, parts: Sequence[Part], part: Part) -> None:
    if part.start != known.received:
        raise Conflict("upload.wrong_offset", f"the upload stands at byte {known.received}, not {part.start}")
    if part.start + part.bytes > known.length:
        raise RuleBroken("upload.too_long", f"{known.length} bytes were announced")
    if len(parts) >= MAX_PARTS:
        raise RuleBroken("upload.too_many_parts", f"a file comes in at most {MAX_PARTS} parts")
    if staged_from(part.blob) != part.start and (not parts or parts[-1].blob != part.blob):
        raise RuleBroken("upload.other_blob", "the part goes on in a blob in which the one before it is not")


def _find(db: Connection, upload_id: UUID) -> Upload | None:
    row = db.execute(_FIND, {"this": upload_id}).one_or_none()
    return Upload(**{**row._mapping, "tags": tuple(row.tags)}) if row else None


def _own(found: Upload | None, account_id: UUID, now: datetime) -> Upload:
    if found is None or found.account_id != account_id or found.expires_at <= now:
        raise NotFound("upload.not_found", "no such upload")
    return found


def _same(known: Upload, wanted: Upload) -> Upload:
    """Return the known upload when the request for it is being repeated. A name is never sealed twice alike."""

    def essence(one: Upload) -> Upload:
        return replace(one, received=0, asset_id=None, expires_at=wanted.expires_at, photographer=None)

    if essence(known) != essence(wanted):
        raise RuleBroken("idempotency.key_reused", "this Idempotency-Key was used with another body")
    return known


def _parts(db: Connection, upload_id: UUID) -> list[Part]:
    return [Part(**row._mapping) for row in db.execute(_PARTS, {"this": upload_id})]


def _row(new: Upload) -> dict[str, Any]:
    return {column.name: getattr(new, column.name) for column in _COLUMNS} | {"tags": list(new.tags)}
