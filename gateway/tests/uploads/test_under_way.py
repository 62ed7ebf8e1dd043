"""What a process knows of uploads under way: the hash so far and the file that grows, or nothing."""

import base64
import hashlib
from typing import Any
from uuid import uuid4

from gateway.tests.kit import World
from gateway.tests.uploads.kit import BYTES, PHOTO, FakeMedia, begin, send, stored
from gateway.under_way import Begun, UnderWay
from shared.blobs import Behind
from shared.errors import Unavailable


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
