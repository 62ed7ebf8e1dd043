"""Uploads over tus 1.0: resumable at the byte, checked, limited, and gone when they are given up."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from gateway.tests.kit import OWN, OWN_UNIT, FakeServices, World
from gateway.under_way import Begun, UnderWay
from shared.blobs import Behind, open_blobs
from shared.errors import Conflict, NotFound, RuleBroken, Unavailable

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
PHOTO = bytes(range(256)) * 4096  # a mebibyte


class FakeMedia:
    """Uploads as the media service keeps them."""

    def __init__(self, services: FakeServices) -> None:
        self.uploads: dict[str, dict[str, Any]] = {}
        self.parts: dict[str, list[str]] = {}
        self.finish: Exception | None = None
        self.hashes: list[str | None] = []
        for method in ("create", "get", "advance", "complete", "finish", "cancel"):
            services.answers[f"{method}_upload"] = getattr(self, f"{method}_upload")

    def create_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        made = {
            "id": str(uuid4()), "unit_id": str(OWN_UNIT), "offset": 0, "asset_id": None,
            "expires_at": "2031-01-01T00:00:00Z", "length": request["body"]["length"],
        }  # fmt: skip
        self.uploads[made["id"]], self.parts[made["id"]] = made, []
        return dict(made)

    def get_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["body"]["upload_id"] not in self.uploads:
            raise NotFound("upload.not_found", "no such upload")
        return dict(self.uploads[request["body"]["upload_id"]])

    def advance_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        body, upload = request["body"], self.uploads[request["body"]["upload_id"]]
        if body["offset"] != upload["offset"]:
            raise Conflict("upload.wrong_offset", "somebody was faster")
        upload["offset"] += body["bytes"]
        self.parts[upload["id"]].append(body["blob"])
        return dict(upload)

    def complete_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        upload = self.advance_upload(request)
        self.hashes.append(request["body"]["sha256"])
        self.finish_upload(request)
        return {**upload, "asset_id": str(OWN)}

    def finish_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.finish is not None:
            raise self.finish
        self.uploads[request["body"]["upload_id"]]["asset_id"] = str(OWN)
        return {"id": str(OWN), "version": 1, "position": "1", "replayed": False, "duplicate": False}

    def cancel_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        del self.uploads[request["body"]["upload_id"]]
        return {"id": request["body"]["upload_id"]}


@pytest.fixture
def media(world: World) -> FakeMedia:
    return FakeMedia(world.services)


def told(**facts: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in facts.items())


def begin(world: World, length: int = len(PHOTO), headers: dict[str, str] | None = None, **more: Any) -> Any:
    facts = told(filename="照片 1.jpg", unit_id=str(OWN_UNIT), tags="law, moot court", filetype="image/jpeg")
    asked = {**TUS, "Upload-Length": str(length), "Upload-Metadata": facts, **(headers or {})}
    return world.ask("POST", "/v1/assets/uploads", headers=asked, **more)


def send(world: World, path: str, offset: int, content: Any, **headers: str) -> Any:
    return world.ask("PATCH", path, headers={**BYTES, "Upload-Offset": str(offset), **headers}, content=content)


def stored(world: World, media: FakeMedia) -> bytes:
    """Return the bytes that media was told of, in order."""
    blobs = open_blobs(world.deps.settings)
    return b"".join(chunk for keys in media.parts.values() for key in dict.fromkeys(keys) for chunk in blobs.open(key))


def staged(world: World) -> list[str]:
    return [blob.key for blob in open_blobs(world.deps.settings).list("media/staging/")]


def test_a_file_sent_in_three_parts_becomes_an_asset(world: World, media: FakeMedia) -> None:
    made = begin(world)
    assert made.status_code == 201 and made.headers["Upload-Offset"] == "0"
    assert world.services.last["body"] == {
        "unit_id": str(OWN_UNIT), "length": len(PHOTO), "filename": "照片 1.jpg", "tags": ["law", "moot court"],
    }  # fmt: skip
    path = made.headers["Location"]
    assert path.startswith("/v1/assets/uploads/")
    for offset, end in ((0, 1), (1, 700_000)):
        sent = send(world, path, offset, PHOTO[offset:end])
        assert sent.status_code == 204 and sent.headers["Upload-Offset"] == str(end)
        assert "Upload-Asset" not in sent.headers
        state = world.ask("HEAD", path, headers=TUS)
        assert (state.headers["Upload-Offset"], state.headers["Upload-Length"]) == (str(end), str(len(PHOTO)))
    last = send(world, path, 700_000, PHOTO[700_000:])
    assert last.headers["Upload-Asset"] == f"/v1/assets/{OWN}"
    assert stored(world, media) == PHOTO
    assert world.ask("HEAD", path, headers=TUS).headers["Upload-Asset"] == f"/v1/assets/{OWN}"


def test_the_first_bytes_may_come_with_the_creation(world: World, media: FakeMedia) -> None:
    made = begin(world, headers=BYTES, content=PHOTO)
    assert made.status_code == 201 and made.headers["Upload-Asset"] == f"/v1/assets/{OWN}"
    assert stored(world, media) == PHOTO


def test_a_connection_that_breaks_loses_no_byte_that_came(world: World, media: FakeMedia) -> None:
    """The client announced all and was cut off after a third: it goes on from there."""
    path = begin(world).headers["Location"]
    third = len(PHOTO) // 3

    async def cut_off() -> AsyncIterator[bytes]:
        yield PHOTO[:third]

    sent = send(world, path, 0, cut_off(), **{"Content-Length": str(len(PHOTO))})
    assert sent.headers["Upload-Offset"] == str(third)
    assert send(world, path, third, PHOTO[third:]).headers["Upload-Asset"]
    assert stored(world, media) == PHOTO


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
def test_bytes_with_the_right_checksum_are_taken(world: World, media: FakeMedia, algorithm: str) -> None:
    digest = base64.b64encode(hashlib.new(algorithm, PHOTO).digest()).decode()
    path = begin(world).headers["Location"]
    assert send(world, path, 0, PHOTO, **{"Upload-Checksum": f"{algorithm} {digest}"}).status_code == 204


def test_bytes_with_a_wrong_checksum_leave_no_trace(world: World, media: FakeMedia) -> None:
    path = begin(world).headers["Location"]
    digest = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    sent = send(world, path, 0, PHOTO, **{"Upload-Checksum": f"sha256 {digest}"})
    assert (sent.status_code, sent.json()["code"]) == (460, "upload.checksum_mismatch")
    assert world.ask("HEAD", path, headers=TUS).headers["Upload-Offset"] == "0"
    assert not staged(world)


@pytest.mark.parametrize("checksum", ["crc32 AAAA", "sha256 !!", "sha256"])
def test_a_checksum_that_cannot_be_checked_is_refused(world: World, media: FakeMedia, checksum: str) -> None:
    path = begin(world).headers["Location"]
    sent = send(world, path, 0, PHOTO, **{"Upload-Checksum": checksum})
    assert sent.status_code in (400, 460) and not staged(world)


def test_more_bytes_than_announced_are_refused_while_they_come(world: World, media: FakeMedia) -> None:
    """S22: whatever the request says of its own length."""
    path = begin(world, length=100).headers["Location"]

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield PHOTO

    assert send(world, path, 0, PHOTO).status_code == 413
    assert send(world, path, 0, endless()).status_code == 413
    assert not staged(world)


def test_bytes_for_another_place_are_refused(world: World, media: FakeMedia) -> None:
    path = begin(world).headers["Location"]
    for offset in ("5", "-1", "x", "99999999999999999999"):
        assert world.ask(
            "PATCH", path, headers={**BYTES, "Upload-Offset": offset}, content=b"x"
        ).status_code in (400, 409)  # fmt: skip


def test_when_two_send_the_same_bytes_one_is_told_to_look_again(world: World, media: FakeMedia) -> None:
    path = begin(world).headers["Location"]
    for method, bytes_sent in (("advance_upload", PHOTO[:9]), ("complete_upload", PHOTO)):
        world.services.answers[method] = Conflict("upload.wrong_offset", "somebody was faster")
        assert send(world, path, 0, bytes_sent).status_code == 409
        assert not staged(world), "the slower one's bytes must not stay"


def test_bytes_that_media_may_have_noted_stay(world: World, media: FakeMedia) -> None:
    """The mutant removes what any refusal leaves: the asset would then be made of bytes that are gone."""
    for method, bytes_sent, error in (
        ("advance_upload", PHOTO[:9], Unavailable("rpc.timeout", "nobody knows")),
        ("complete_upload", PHOTO, Conflict("stream.changed", "the asset was changed three times meanwhile")),
    ):
        path = begin(world).headers["Location"]
        world.services.answers[method] = error
        assert send(world, path, 0, bytes_sent).status_code == error.status
        assert [key for key in staged(world) if path.rpartition("/")[2] in key]


def test_the_hash_of_a_file_is_known_when_its_last_byte_came(world: World, media: FakeMedia) -> None:
    path = begin(world).headers["Location"]
    for offset, end in ((0, 1), (1, 700_000), (700_000, len(PHOTO))):
        send(world, path, offset, PHOTO[offset:end])
    begin(world, headers=BYTES, content=PHOTO)
    assert media.hashes == [hashlib.sha256(PHOTO).hexdigest()] * 2


def test_no_hash_is_told_of_bytes_that_did_not_all_pass_here(world: World, media: FakeMedia) -> None:
    """The mutant goes on from whatever it knows of the upload."""
    path = begin(world).headers["Location"]
    send(world, path, 0, PHOTO[:9])
    media.uploads[path.rpartition("/")[2]]["offset"] = 700_000  # another worker took what comes between
    send(world, path, 700_000, PHOTO[700_000:])
    path = begin(world).headers["Location"]
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    send(world, path, 0, PHOTO[:9])
    send(world, path, 9, PHOTO[9:99], **{"Upload-Checksum": f"sha256 {wrong}"})
    send(world, path, 9, PHOTO[9:])
    assert media.hashes == [None, None]


def test_parts_that_follow_each_other_grow_into_one_file(world: World, media: FakeMedia) -> None:
    path = begin(world).headers["Location"]
    for offset, end in ((0, 1), (1, 700_000), (700_000, 700_000), (700_000, len(PHOTO))):
        send(world, path, offset, PHOTO[offset:end])
    (keys,) = media.parts.values()
    assert len(set(keys)) == 1 and stored(world, media) == PHOTO


def test_nothing_is_written_where_a_part_may_be_noted_later(world: World, media: FakeMedia) -> None:
    """The mutant goes on in the same file after an answer that never came, and changes what media then hears of."""
    path = begin(world).headers["Location"]
    send(world, path, 0, PHOTO[:9])
    upload, noted = path.rpartition("/")[2], media.advance_upload
    late: list[dict[str, Any]] = []

    def unheard(request: dict[str, Any]) -> dict[str, Any]:
        late.append(request)
        raise Unavailable("rpc.timeout", "nobody knows")

    world.services.answers["advance_upload"] = unheard
    assert send(world, path, 9, PHOTO[9:999]).status_code == 503
    assert send(world, path, 9, b"other bytes").status_code == 503
    world.services.answers["advance_upload"] = noted
    noted(late[0])
    assert send(world, path, 999, PHOTO[999:]).headers["Upload-Asset"]
    assert stored(world, media) == PHOTO and len(set(media.parts[upload])) == 2


def test_only_one_goes_on_with_what_is_known_of_an_upload() -> None:
    """The mutant lets two requests at one offset write into one file at once."""
    known, upload, begun = UnderWay(), uuid4(), Begun(hashlib.sha256(b"x"), Behind("staged", 1))
    known.keep(upload, 1, begun)
    assert [known.take(upload, 1), known.take(upload, 1)] == [begun, Begun()]


def test_a_file_that_could_not_be_finished_is_finished_by_asking_again(world: World, media: FakeMedia) -> None:
    path = begin(world).headers["Location"]
    media.finish = Unavailable("rpc.timeout", "busy")
    assert send(world, path, 0, PHOTO).status_code == 503
    media.finish = None
    again = send(world, path, len(PHOTO), b"")
    assert (again.status_code, again.headers["Upload-Asset"]) == (204, f"/v1/assets/{OWN}")


def test_a_creation_asked_for_again_finishes_what_was_left_whole_and_unfinished(world: World, media: FakeMedia) -> None:
    """F46: every byte came and then media was killed; the client, without an answer, sends the whole request again."""
    headers = {**BYTES, "Idempotency-Key": "photo/1"}
    media.finish = Unavailable("rpc.no_answer", "media did not answer")
    assert begin(world, headers=headers, content=PHOTO).status_code == 503
    media.finish = None
    world.services.answers["create_upload"] = lambda request: dict(next(iter(media.uploads.values())))
    assert begin(world, headers=headers, content=PHOTO).headers["Upload-Asset"] == f"/v1/assets/{OWN}"
    assert stored(world, media) == PHOTO


def test_a_file_that_is_refused_says_why(world: World, media: FakeMedia) -> None:
    path = begin(world).headers["Location"]
    media.finish = RuleBroken("asset.type_refused", "not a photograph")
    assert send(world, path, 0, PHOTO).json()["code"] == "asset.type_refused"


def test_an_upload_given_up_is_gone(world: World, media: FakeMedia) -> None:
    path = begin(world).headers["Location"]
    assert world.ask("DELETE", path, headers=TUS).status_code == 204
    assert world.ask("HEAD", path, headers=TUS).status_code == 404


def test_what_is_spoken_here_is_told(world: World) -> None:
    told_of = world.ask("OPTIONS", "/v1/assets/uploads", None).headers
    assert told_of["Tus-Version"] == "1.0.0" and "termination" in told_of["Tus-Extension"]
    assert int(told_of["Tus-Max-Size"]) > 0


@pytest.mark.parametrize("version", ["0.2.2", "2.0.0", None])
def test_another_version_is_refused(world: World, media: FakeMedia, version: str | None) -> None:
    headers = {} if version is None else {"Tus-Resumable": version}
    answered = world.ask("HEAD", f"/v1/assets/uploads/{OWN}", headers=headers)
    assert (answered.status_code, answered.headers["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize(
    "headers",
    [{"Upload-Length": "0"}, {"Upload-Length": "-5"}, {"Upload-Length": str(10**12)}, {"Upload-Length": "x"},
     {"Upload-Metadata": "filename !!!"}, {"Upload-Metadata": "filename eA=="},
     {"Upload-Metadata": told(filename="x", unit_id=str(OWN_UNIT), owner="me")},
     {"Upload-Metadata": told(filename="x" * 2000, unit_id=str(OWN_UNIT))}],
)  # fmt: skip
def test_an_upload_that_does_not_fit_is_refused(world: World, media: FakeMedia, headers: dict[str, str]) -> None:
    assert begin(world, headers=headers).status_code == 400
    assert not world.services.requests


def test_the_same_key_makes_one_upload(world: World, media: FakeMedia) -> None:
    begin(world, headers={"Idempotency-Key": "once"})
    assert world.services.last["key"] == "once"


def test_nothing_is_staged_outside_the_storage(world: World, media: FakeMedia, tmp_path: Path) -> None:
    """S41: keys are made here; a name with dots and slashes is only told to media."""
    evil = {"Upload-Metadata": told(filename="../../etc/passwd", unit_id=str(OWN_UNIT))}
    path = begin(world, headers=evil).headers["Location"]
    send(world, path, 0, PHOTO[:10])
    assert staged(world)[0].startswith("media/staging/")
    outside = [each for each in tmp_path.rglob("*") if "passwd" in each.name]
    assert not outside
