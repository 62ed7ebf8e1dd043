"""A part of an upload: checked against its length, its place and its checksum, and gone when it is refused."""

import base64
import hashlib
from collections.abc import AsyncIterator

import pytest

from gateway.tests.kit import World
from gateway.tests.uploads.kit import BYTES, PHOTO, TUS, FakeMedia, begin, send, staged
from shared.errors import Conflict, Unavailable


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
