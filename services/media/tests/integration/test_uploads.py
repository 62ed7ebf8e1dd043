"""Uploads: resumable at the byte, limited, and gone when nobody goes on with them; on SQLite and PostgreSQL."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection

from services.media.imaging import decoders
from services.media.library import original_key
from services.media.limits import MAX_PARTS
from services.media.quota import bytes_of_unit
from services.media.tests.drawing import jpeg, photograph
from services.media.tests.world import OTHER_UNIT, PHOTOGRAPHER, UNIT, World, refused
from services.media.uploads import Part, Upload, Uploads
from shared.blobs import Behind, staging_key
from shared.blobs.port import CHUNK
from shared.contracts.media.requests import MAX_UPLOAD_BYTES
from shared.database import reading
from shared.disk import disk
from shared.errors import Conflict, Invalid, NotFound, RuleBroken
from shared.testing import caller

MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


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


def test_an_incomplete_upload_is_not_finished_and_not_lost(world: World) -> None:
    upload = world.begin(100)
    world.send(upload, 0, b"x" * 40)
    assert refused(RuleBroken, world, "finish_upload", upload_id=upload) == "upload.incomplete"
    assert world.ask("get_upload", upload_id=upload)["offset"] == 40


def test_finishing_twice_answers_the_same_asset(world: World) -> None:
    upload = world.sent(photograph())
    first = world.ask("finish_upload", upload_id=upload)
    again = world.ask("finish_upload", upload_id=upload)
    assert (first["id"], first["version"]) == (again["id"], again["version"]) and again["replayed"]
    assert len(world.added()) == 1


def test_the_last_part_makes_the_asset_in_the_same_call(both: World) -> None:
    """F46: asked again with the answer lost, it is the same asset, and what came twice is not kept."""
    data = photograph()
    upload = both.begin(len(data))
    made = both.complete(both.staged(upload, data))
    assert made["offset"] == len(data) and made["asset_id"]
    assert both.ask("finish_upload", upload_id=upload)["id"] == made["asset_id"]
    with pytest.raises(Conflict):
        both.complete(both.staged(upload, data))
    assert both.ask("get_upload", upload_id=upload)["asset_id"] == made["asset_id"] and len(both.added()) == 1
    both.assert_every_asset_has_its_files()


def test_what_is_answered_lasts(world: World) -> None:
    """The last part's note does not wait for the disk by itself; the mutant's end of the upload does not either."""
    data = photograph()
    world.complete(world.staged(world.begin(len(data)), data))
    beneath = disk(str(world.runtime.engine.url.database))
    assert beneath._lasting == beneath._written


def test_of_a_photograph_the_hash_is_known_from_what_was_decoded(world: World) -> None:
    """Whatever hash the call tells."""
    data = photograph()
    world.complete(world.staged(world.begin(len(data)), data), "0" * 64)
    world.assert_every_asset_has_its_files()


def test_a_video_whose_hash_is_told_is_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    video, chunks = MP4 + os.urandom(3 * CHUNK), []
    opened = world.blobs.open

    def counted(key: str) -> Iterator[bytes]:
        for chunk in opened(key):
            chunks.append(chunk)
            yield chunk

    monkeypatch.setattr(world.blobs, "open", counted)
    staged = world.staged(world.begin(len(video), filename="clip.mp4"), video)
    world.complete(staged, sha256(video).hexdigest())
    assert len(chunks) == 1, "the first tells what it is"
    world.assert_every_asset_has_its_files()


def test_a_repeated_request_for_an_upload_answers_the_same_one_where_it_stands(world: World) -> None:
    """F11, for uploads."""
    body: dict[str, Any] = {"photographer": "王", "photographer_id": str(uuid4())}
    upload = world.begin(100, key="k1", **body)
    world.send(upload, 0, b"x" * 40)
    told = world.ask("create_upload", key="k1", unit_id=str(UNIT), filename="DSC_0001.JPG", length=100, **body)
    assert (told["id"], told["offset"]) == (upload, 40)
    with pytest.raises(RuleBroken) as refusal:
        world.begin(101, key="k1", **body)
    assert refusal.value.code == "idempotency.key_reused"


def test_declared_and_read_bytes_are_limited(world: World) -> None:
    """S22, F48."""
    begin: dict[str, Any] = {"unit_id": str(UNIT), "filename": "a.jpg"}
    for length in (0, -1, MAX_UPLOAD_BYTES + 1, 10**18, 1.5, "9"):
        assert refused(Invalid, world, "create_upload", length=length, **begin) == "request.invalid"
    upload = world.begin(100)
    with pytest.raises(RuleBroken) as refusal:
        world.send(upload, 0, b"x" * 101)
    assert refusal.value.code == "upload.too_long"
    assert world.ask("get_upload", upload_id=upload)["offset"] == 0


def test_other_bounds_hold(world: World) -> None:
    """S22."""
    begin: dict[str, Any] = {"unit_id": str(UNIT), "filename": "a.jpg", "length": 9}
    for more in ({"filename": "x" * 2000}, {"title": "x" * 300}, {"tags": ["x"] * 99}, {"tags": ["x" * 99]}):
        assert refused(Invalid, world, "create_upload", **{**begin, **more}) == "request.invalid"
    for limit in (0, 10**9, -1):
        assert refused(Invalid, world, "list_assets", limit=limit) == "request.invalid"
    assert refused(Invalid, world, "list_assets", after="x") == "request.invalid"
    assert refused(Invalid, world, "list_assets", after=f"{10**40}|{UNIT}") == "request.invalid"
    many = [str(uuid4())] * 501
    assert refused(Invalid, world, "deliver_photos", shoot_id=str(UNIT), asset_ids=many) == "request.invalid"


def test_an_upload_comes_in_a_limited_number_of_parts(world: World) -> None:
    """S22."""
    uploads, now = Uploads(world.runtime.engine), datetime.now(UTC)
    upload = UUID(world.begin(MAX_PARTS + 1))
    with world.runtime.engine.begin() as db:
        rows = [{"upload_id": upload.hex, "start": at, "bytes": 1, "blob": "b"} for at in range(MAX_PARTS)]
        db.exec_driver_sql("insert into upload_part values (:upload_id, :start, :bytes, :blob)", rows)
        db.exec_driver_sql(f"update upload set received = {MAX_PARTS}")
    with pytest.raises(RuleBroken) as refusal:
        uploads.advance(upload, PHOTOGRAPHER.account_id, Part(start=MAX_PARTS, bytes=1, blob="b"), now)
    assert refusal.value.code == "upload.too_many_parts"


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


def test_somebody_elses_upload_is_not_there(world: World) -> None:
    """S43."""
    upload, stranger = world.sent(photograph()), caller("photographer")
    for method in ("get_upload", "finish_upload", "cancel_upload"):
        assert refused(NotFound, world, method, stranger, upload_id=upload) == "upload.not_found"
    with pytest.raises(NotFound):
        world.send(upload, 0, b"x", who=stranger)
    for offset in (-1, 2**63):
        key = staging_key(UUID(upload), 0)
        told: dict[str, Any] = {"upload_id": upload, "offset": offset, "bytes": 1, "blob": key}
        assert refused(Invalid, world, "advance_upload", **told) == "request.invalid"


def test_the_same_file_in_a_unit_is_the_same_asset(world: World) -> None:
    """S42."""
    first = world.add(photograph(1), title="first")
    before = world.stored()
    again = world.ask("finish_upload", upload_id=world.sent(photograph(1), title="second"))
    assert again["id"] == first and again["duplicate"]
    assert len(world.added()) == 1 and world.stored() == before
    assert world.ask("get_asset", asset_id=first)["title"] == "first"


def test_the_same_file_at_once_is_one_asset(both: World) -> None:
    """S42."""
    uploads = [both.sent(photograph()) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda upload: both.ask("finish_upload", upload_id=upload), uploads))
    assert len({answer["id"] for answer in answers}) == 1 and len(both.added()) == 1
    assert sum(not answer["duplicate"] for answer in answers) == 1
    both.assert_every_asset_has_its_files()


def test_another_unit_learns_nothing_of_a_file(world: World) -> None:
    """S42: no answer differs, and nothing is shared, whether a unit elsewhere has the file or not."""
    ours, theirs = caller("photographer", UNIT), caller("photographer", OTHER_UNIT)
    known = world.add(photograph(1), ours)
    same = world.ask("finish_upload", theirs, upload_id=world.sent(photograph(1), theirs, unit_id=str(OTHER_UNIT)))
    fresh = world.ask("finish_upload", theirs, upload_id=world.sent(photograph(2), theirs, unit_id=str(OTHER_UNIT)))
    assert same["id"] != known
    assert {**same, "id": 0, "position": 0} == {**fresh, "id": 0, "position": 0}
    assert refused(NotFound, world, "get_asset", theirs, asset_id=known) == "caller.no_such_unit"
    assert [item["id"] for item in world.ask("list_assets", theirs)["items"]] == [fresh["id"], same["id"]]


def test_a_unit_has_a_quota_that_files_on_their_way_count_for(world: World) -> None:
    """S42."""
    uploads = world.library.uploads
    upload = uploads.get(UUID(world.begin(60)), PHOTOGRAPHER.account_id, datetime.now(UTC))

    def another(**more: Any) -> Upload:
        return replace(upload, upload_id=uuid4(), **more)

    with pytest.raises(RuleBroken) as refusal:
        uploads.create(another(), quota=119)
    assert refusal.value.code == "unit.quota_used_up"
    uploads.create(another(unit_id=OTHER_UNIT), quota=60)
    uploads.create(another(), quota=120)
    kept = len(photograph())
    world.add(photograph())
    with pytest.raises(RuleBroken):
        uploads.create(another(), quota=179 + kept)
    uploads.create(another(), quota=180 + kept)


def test_of_those_who_upload_at_once_as_many_are_taken_as_fit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S42: the mutant looks how much is used before its turn to write."""
    uploads = world.library.uploads
    upload = uploads.get(UUID(world.begin(60)), PHOTOGRAPHER.account_id, datetime.now(UTC))

    def slowly(db: Connection, unit_id: UUID) -> int:
        found = bytes_of_unit(db, unit_id)
        time.sleep(0.02)
        return found

    def taken(_: int) -> bool:
        try:
            uploads.create(replace(upload, upload_id=uuid4()), quota=240)
        except RuleBroken:
            return False
        return True

    monkeypatch.setattr("services.media.uploads.bytes_of_unit", slowly)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(taken, range(8))) == 3


def test_what_no_list_shows_yet_counts_for_the_quota_once(both: World) -> None:
    """S42: the mutant counts the list's files alone, and lets in what comes quickly."""

    def used() -> int:
        with reading(both.runtime.engine) as db:
            return bytes_of_unit(db, UNIT)

    first, second = photograph(1), photograph(2)
    both.add(first)
    assert used() == len(first)
    both.ask("list_assets")
    assert used() == len(first)
    both.add(second)
    both.ask("finish_upload", upload_id=both.sent(first))
    assert used() == len(first) + len(second)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"GIF89a" + bytes(90), "asset.type_refused"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "asset.type_refused"),
        (jpeg()[:200], "asset.not_decodable"),
    ],
    ids=["gif", "svg", "cut off"],
)
def test_a_file_that_is_refused_is_forgotten(world: World, file: bytes, code: str) -> None:
    """S36, S40."""
    upload = world.sent(file)
    assert refused(RuleBroken, world, "finish_upload", upload_id=upload) == code
    assert world.stored() == [] and world.added() == []
    assert refused(NotFound, world, "get_upload", upload_id=upload) == "upload.not_found"


def test_a_video_is_kept_as_it_is_whatever_its_parts(world: World) -> None:
    video = MP4 + os.urandom(500_000)
    upload, at = world.begin(len(video), filename="clip.mp4"), 0
    for size in (3, 5, 100_000, len(video)):
        at = world.send(upload, at, video[at : at + size])
    asset = world.ask("finish_upload", upload_id=upload)["id"]
    assert world.rendition(asset, "original") == video
    shown = world.ask("get_asset", asset_id=asset)
    assert (shown["media_type"], shown["width"], shown["title"]) == ("video/mp4", 0, "clip")
    assert refused(NotFound, world, "get_rendition", asset_id=asset, name="web") == "asset.no_rendition"


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


def test_no_name_reaches_a_key(world: World) -> None:
    """S41."""
    asset = world.add(photograph(), filename="../../../etc/passwd%2e%2e.JPG")
    added = world.added()[0]
    assert added.filename == "passwd%2e%2e.JPG"
    assert added.blob == original_key(UNIT, added.sha256)
    assert "passwd" not in " ".join(world.stored())
    assert world.ask("get_rendition", asset_id=asset, name="web")["filename"] == "passwd%2e%2e-web.jpg"


def test_the_decoders_of_a_process_are_the_same_ones() -> None:
    assert decoders() is decoders()


def test_an_uploads_commits_wait_for_the_disk_three_times(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is begun, before its files are touched, and at the end: event, upload and note of storing as one."""
    log_of_writes = f"{world.runtime.engine.url.database}-wal"
    synced: list[str] = []
    monkeypatch.setattr("shared.disk.sync_data", lambda path: synced.append(str(path)))
    image = photograph()
    blob = world.staged(world.begin(len(image)), image)
    world.complete(blob)
    assert synced.count(log_of_writes) == 3
