"""An upload over HTTP: sent in parts, finished, refused or given up."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.tests.kit import OWN, OWN_UNIT, World
from gateway.tests.uploads.kit import BYTES, PHOTO, TUS, FakeMedia, begin, send, staged, stored, told
from shared.errors import RuleBroken, Unavailable


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
