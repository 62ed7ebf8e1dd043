"""The parts of an upload: each is taken once, at its offset, in a blob of this upload."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.media.tests.drawing import MP4
from services.media.tests.world import PHOTOGRAPHER, World, refused
from services.media.uploads import Part, Uploads
from shared.blobs import Behind, staging_key
from shared.errors import Conflict, Invalid, RuleBroken


def test_a_part_at_another_offset_is_refused(world: World) -> None:
    """F46."""
    upload = world.begin(100)
    world.send(upload, 0, b"x" * 40)
    for offset in (0, 39, 41, 100):
        with pytest.raises(Conflict) as refusal:
            world.send(upload, offset, b"y")
        assert refusal.value.code == "upload.wrong_offset"
    assert world.ask("get_upload", upload_id=upload)["offset"] == 40


def test_the_same_part_told_twice_counts_once(world: World) -> None:
    upload = world.begin(100)
    key = staging_key(UUID(upload), 0)
    world.blobs.put(key, b"x" * 40)
    for _ in range(2):
        told = world.ask("advance_upload", upload_id=upload, offset=0, bytes=40, blob=key)
        assert told["offset"] == 40


def test_of_two_parts_at_one_offset_one_is_taken(both: World) -> None:
    """F48."""
    uploads, ids = Uploads(both.runtime.engine), [UUID(both.begin(100)) for _ in range(5)]

    def advance(upload: UUID, writer: int) -> bool:
        part, now = Part(start=0, bytes=50, blob=f"media/staging/{upload}/0-{writer}"), datetime.now(UTC)
        try:
            uploads.advance(upload, PHOTOGRAPHER.account_id, part, now)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        for upload in ids:
            assert sum(threads.map(advance, [upload] * 4, range(4))) == 1
            assert len(uploads.parts(upload)) == 1


def test_a_part_is_what_it_is_said_to_be(world: World) -> None:
    upload, other = world.begin(100), world.begin(100)
    key = staging_key(UUID(upload), 0)
    world.blobs.put(key, b"x" * 40)
    told: dict[str, Any] = {"offset": 0, "bytes": 40, "blob": key}
    assert (
        refused(RuleBroken, world, "advance_upload", upload_id=upload, **{**told, "bytes": 41}) == "upload.other_length"
    )
    assert refused(Invalid, world, "advance_upload", upload_id=other, **told) == "request.invalid"
    strange: dict[str, Any] = {**told, "blob": f"media/staging/{upload}/0-/../../originals"}
    assert refused(Invalid, world, "advance_upload", upload_id=upload, **strange) == "blob.bad_key"


def test_parts_may_share_a_blob_and_what_stands_behind_them_does_not_count(world: World) -> None:
    """A writer died behind the second part, and the third is in a blob of its own; the mutant takes whole blobs."""
    video = MP4 + os.urandom(1000)
    upload = world.begin(len(video), filename="clip.mp4")
    blob = world.staged(upload, video[:10])
    for offset, end in ((0, 10), (10, 400)):
        world.blobs.put("none", video[offset:end], None, Behind(blob, offset))
        world.ask("advance_upload", upload_id=upload, offset=offset, bytes=end - offset, blob=blob)
    world.blobs.put("none", b"never noted", None, Behind(blob, 400))
    world.send(upload, 400, video[400:])
    assert world.rendition(world.ask("finish_upload", upload_id=upload)["id"], "original") == video
    world.assert_every_asset_has_its_files()


def test_a_part_goes_on_only_in_the_blob_of_the_part_before_it(world: World) -> None:
    """The mutant would make a file of bytes of another request."""
    upload = world.begin(100)
    world.send(upload, 0, b"x" * 40)
    other = world.staged(upload, b"y" * 60)
    told: dict[str, Any] = {"upload_id": upload, "offset": 40, "bytes": 20, "blob": other}
    assert refused(RuleBroken, world, "advance_upload", **told) == "upload.other_blob"
