"""The files of assets: an upload becomes an asset, and files are removed again.

Files are written before the event that names them, so no event ever names a file that is not there. What a crash
leaves between the two is in table ``storing``, and the sweeper looks after it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete

from services.media import asset
from services.media.imaging import HEAD_BYTES, VIDEO, Decoders, Photograph, decoders, media_type_of, refusal
from services.media.limits import MAX_IMAGE_BYTES, RENDITIONS
from services.media.tables import storing
from services.media.uploads import Part, Upload, Uploads
from shared.blobs import Blobs, open_blobs
from shared.blobs.port import first
from shared.contracts.media.events import AssetAdded
from shared.database import upsert, writing
from shared.errors import NotFound, RuleBroken, Unavailable
from shared.execute import Done, execute, state_of
from shared.failpoints import failpoint
from shared.lasting import lasting, lasting_together
from shared.log.store import Cause
from shared.runtime import Runtime

_SETTLE = delete(storing).where(storing.c.asset_id == bindparam("asset"), storing.c.touched_at == bindparam("at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A file: what it is, its SHA-256 (hex), and for a photograph its bytes."""

    media_type: str
    sha256: str
    image: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The asset an upload became; ``duplicate`` when the unit had that file already."""

    asset_id: UUID
    done: Done
    duplicate: bool


def original_key(unit_id: UUID, digest: str) -> str:
    """Return the key of an original."""
    return f"media/originals/{unit_id}/{digest[:2]}/{digest}"


def rendition_key(asset_id: UUID, name: str) -> str:
    """Return the key of a rendition."""
    return f"media/renditions/{asset_id}/{name}"


class Library:
    """The files of one media service."""

    def __init__(self, runtime: Runtime, blobs: Blobs | None = None, decode: Decoders | None = None) -> None:
        self._runtime = runtime
        self.blobs = blobs or open_blobs(runtime.settings)
        self._decoders = decode or decoders()
        self.uploads = Uploads(runtime.engine)

    def advance(self, upload_id: UUID, account_id: UUID, part: Part, last: bool = False) -> Upload:
        """Note that a part is stored and return the upload; the ``last`` one's note lasts once it is finished.

        Raises:
            RuleBroken: ``upload.other_length``; and as ``Uploads.advance`` does.
        """
        if self.blobs.size(part.blob) != part.blob_bytes:
            raise RuleBroken("upload.other_length", "the part does not have as many bytes as were announced")
        return self.uploads.advance(upload_id, account_id, part, datetime.now(UTC), repeatable=last)

    def finish(self, upload: Upload, cause: Cause, digest: str | None = None) -> Finished:
        """Make an asset of a complete upload, or find the one that has the same content in its unit.

        ``digest`` is the SHA-256 (hex) of what was received; without it a video is read to know it.

        Raises:
            RuleBroken: ``upload.incomplete``; ``asset.type_refused``, ``asset.too_large``, ``asset.too_many_pixels``
                or ``asset.not_decodable``: the file is not taken and forgotten; ``asset.withdrawn``;
                ``person.erased``, it shows somebody who was erased.
        """
        if upload.asset_id is not None:
            return self._finished(upload.asset_id)
        if upload.received != upload.length:
            raise RuleBroken("upload.incomplete", f"{upload.received} of {upload.length} bytes have come")
        try:
            return self._take(upload, cause, digest)
        except NotFound:  # the same request, repeated, was faster and has cleared up
            again = self.uploads.get(upload.upload_id, upload.account_id, datetime.now(UTC))
            if again.asset_id is None:
                raise
            return self._finished(again.asset_id)
        except RuleBroken:
            self.cancel(upload.upload_id)
            raise

    def cancel(self, upload_id: UUID) -> None:
        """Forget an upload and the bytes that came."""
        self.uploads.forget(upload_id)
        self._clear(upload_id)

    def remove_files(self, asset_id: UUID, reason: str, cause: Cause) -> None:
        """Withdraw the asset and remove its original and renditions; what is gone already is fine."""
        state, _ = state_of(self._runtime.log, asset.stream_of(asset_id), asset)
        assert state.unit_id is not None
        noted_at = self._note(asset_id, state.unit_id, state.sha256)
        command = asset.WithdrawAsset(asset_id=asset_id, reason=reason, remove_files=True)
        execute(self._runtime.log, asset.stream_of(asset_id), asset, command, cause)
        lasting(self._runtime.engine)  # among commits that wait together too: what is deleted does not come back
        self.delete_files(asset_id, state.unit_id, state.sha256)
        with writing(self._runtime.engine) as db:
            _settle(db, asset_id, noted_at)

    def delete_files(self, asset_id: UUID, unit_id: UUID, digest: str) -> None:
        """Delete an asset's original and renditions."""
        self.blobs.delete(original_key(unit_id, digest))
        for name in RENDITIONS:
            self.blobs.delete(rendition_key(asset_id, name))

    def _take(self, upload: Upload, cause: Cause, digest: str | None) -> Finished:
        self._refuse_erased(upload)
        parts = self.uploads.parts(upload.upload_id)
        content = self._read(upload, parts, digest)
        asset_id = asset.asset_id_of(upload.unit_id, content.sha256)
        stream = asset.stream_of(asset_id)
        state, _ = state_of(self._runtime.log, stream, asset)
        photograph, noted_at = None, None
        if state.status == "absent":
            photograph = self._decode(content)
            noted_at = self._note(asset_id, upload.unit_id, content.sha256)
            self._store(asset_id, parts, original_key(upload.unit_id, content.sha256), photograph)
        failpoint("upload.after_bytes_before_event")
        command = asset.AddAsset(added=_added(asset_id, upload, content, photograph))
        with lasting_together(self._runtime.engine):
            done = execute(self._runtime.log, stream, asset, command, cause, new=state.status == "absent")
            failpoint("upload.after_event_before_reply")
            self._refuse_erased(upload, asset_id)
            with writing(self._runtime.engine) as db:
                self.uploads.finish(db, upload.upload_id, asset_id, done.position)
                _settle(db, asset_id, noted_at)
        self._clear(upload.upload_id)
        return Finished(asset_id=asset_id, done=done, duplicate=not done.events and not done.replayed)

    def _refuse_erased(self, upload: Upload, asset_id: UUID | None = None) -> None:
        """Refuse a portrait of somebody who was erased; one who was erased just now loses the file again."""
        if upload.depicts_id and self._runtime.keys.make_key(upload.depicts_id) is None:
            if asset_id is not None:
                cause = Cause(actor="media.erasure", correlation_id=upload.upload_id)
                self.remove_files(asset_id, "the person was erased", cause)
            raise RuleBroken("person.erased", "the person this file shows was erased")

    def _read(self, upload: Upload, parts: Sequence[Part], told: str | None) -> Content:
        chunks = self._staged(parts)
        head = _head(chunks)
        media_type = media_type_of(head[:HEAD_BYTES])
        if media_type == VIDEO and told is not None:
            return Content(media_type=media_type, sha256=told, image=None)
        if media_type != VIDEO and upload.length > MAX_IMAGE_BYTES:
            raise refusal("asset.too_large")
        digest, size, kept = sha256(), 0, bytearray()
        for chunk in chain([head], chunks):
            size += len(chunk)
            digest.update(chunk)
            if media_type != VIDEO:
                kept += chunk
        if size != upload.length:
            raise RuleBroken("upload.incomplete", f"{size} of {upload.length} bytes are stored")
        image = None if media_type == VIDEO else bytes(kept)
        return Content(media_type=media_type, sha256=digest.hexdigest(), image=image)

    def _decode(self, content: Content) -> Photograph | None:
        if content.image is None:
            return None
        photograph = self._decoders.decode(content.image)
        if photograph.media_type != content.media_type:
            raise refusal("asset.not_decodable")
        return photograph

    def _store(self, asset_id: UUID, parts: Sequence[Part], original: str, photograph: Photograph | None) -> None:
        self.blobs.join(_pieces(parts), original)
        renditions = photograph.renditions if photograph else {}
        self.blobs.put_all({rendition_key(asset_id, name): rendition for name, rendition in renditions.items()})

    def _staged(self, parts: Sequence[Part]) -> Iterator[bytes]:
        for blob, size in _pieces(parts).items():
            yield from first(size, self.blobs.open(blob))

    def _note(self, asset_id: UUID, unit_id: UUID, digest: str) -> datetime:
        """Note that files of the asset are about to change; return the note's moment, which names it."""
        now = datetime.now(UTC)
        row = {"asset_id": asset_id, "unit_id": unit_id, "sha256": digest, "touched_at": now}
        with writing(self._runtime.engine) as db:
            upsert(db, storing, ["asset_id"], row)
        return now

    def _clear(self, upload_id: UUID) -> None:
        with suppress(Unavailable):  # the sweeper comes by
            for found in list(self.blobs.list(f"media/staging/{upload_id}/")):
                self.blobs.delete(found.key)

    def _finished(self, asset_id: UUID) -> Finished:
        _, version = state_of(self._runtime.log, asset.stream_of(asset_id), asset)
        return Finished(asset_id=asset_id, done=Done(version=version, position=0, replayed=True), duplicate=False)


def _pieces(parts: Sequence[Part]) -> dict[str, int]:
    """Return the blobs that the parts are in, in order, and how many of their bytes count.

    Behind those may stand some that were never noted: a writer died, and others went on in a blob of their own.
    """
    return {part.blob: part.blob_bytes for part in parts}


def _head(chunks: Iterator[bytes]) -> bytes:
    """Return the chunks that come first, as many as say what the file is."""
    head = b""
    while len(head) < HEAD_BYTES and (chunk := next(chunks, b"")):
        head += chunk
    return head


def _settle(db: Connection, asset_id: UUID, noted_at: datetime | None) -> None:
    """Remove the note, if there is one, unless somebody else has written a newer one."""
    if noted_at is not None:
        db.execute(_SETTLE, {"asset": asset_id, "at": noted_at})


def _added(asset_id: UUID, upload: Upload, content: Content, photograph: Photograph | None) -> AssetAdded:
    return AssetAdded(
        asset_id=asset_id,
        unit_id=upload.unit_id,
        media_type=content.media_type,
        filename=upload.filename,
        title=upload.title,
        tags=upload.tags,
        bytes=upload.length,
        sha256=content.sha256,
        width=photograph.width if photograph else 0,
        height=photograph.height if photograph else 0,
        taken_at=photograph.taken_at if photograph else None,
        camera=photograph.camera if photograph else None,
        photographer_id=upload.photographer_id,
        photographer=upload.photographer,
        depicts_id=upload.depicts_id,
        blob=original_key(upload.unit_id, content.sha256),
        by=upload.account_id,
    )
