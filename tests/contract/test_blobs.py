"""Both file storages keep one contract."""

import errno
import os
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.blobs import Behind, Blobs, LocalBlobs, open_blobs, staging_key
from shared.blobs.port import CHUNK
from shared.blobs.s3 import PART, S3Blobs
from shared.config import BadSetting, Settings, load_settings
from shared.errors import Invalid, NotFound, Unavailable
from shared.testing import SECRET
from tests.contract.s3 import Store, store

KEY = "media/originals/unit/ab/abcd"
BAD_KEYS = [
    "", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.hidden", "a\\b", "a\0b", "C:/x", "a b", "A",
    "a/%2e%2e/b", "a/\u2025/b", "a\n", "\u00e0", "x" * 301, "\xc0\xae\xc0\xae/x",
]  # fmt: skip


def settings_of(folder: Path, address: str) -> Settings:
    env = {"MATRIX_DATA": str(folder), "MATRIX_SECRET": SECRET, "MATRIX_BLOBS": address}
    return load_settings({**env, "MATRIX_S3_ACCESS_KEY": "a" * 8, "MATRIX_S3_SECRET_KEY": "b" * 16})


@pytest.fixture
def s3() -> Iterator[Store]:
    with store() as running:
        yield running


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    """Give each storage in turn."""
    if request.param == "local":
        yield open_blobs(settings_of(tmp_path, f"file://{tmp_path}/blobs"))
        return
    running: Store = request.getfixturevalue("s3")
    yield open_blobs(settings_of(tmp_path, running.address))


def read(blobs: Blobs, key: str) -> bytes:
    return b"".join(blobs.open(key))


def test_what_was_put_is_read_back(blobs: Blobs) -> None:
    stored = blobs.put(KEY, b"content")
    assert (stored.bytes, stored.sha256) == (7, sha256(b"content").hexdigest())
    assert read(blobs, KEY) == b"content" and blobs.size(KEY) == 7


def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    assert blobs.put(KEY, b"").bytes == 0
    assert read(blobs, KEY) == b"" and blobs.size(KEY) == 0


@pytest.mark.parametrize("length", [CHUNK + 1, PART + 5])
def test_a_stream_of_any_length_is_stored_whole(blobs: Blobs, length: int) -> None:
    data = os.urandom(length)
    stored = blobs.put(KEY, (data[at : at + 70_001] for at in range(0, length, 70_001)))
    assert (stored.bytes, stored.sha256) == (length, sha256(data).hexdigest())
    assert read(blobs, KEY) == data


def test_putting_again_replaces(blobs: Blobs) -> None:
    blobs.put(KEY, b"old")
    blobs.put(KEY, [b"ne", b"w"])
    assert read(blobs, KEY) == b"new" and [found.key for found in blobs.list("media/")] == [KEY]


def test_the_hash_of_a_blob_may_go_on_from_bytes_before_it(blobs: Blobs) -> None:
    digest = sha256(b"first, ")
    stored = blobs.put(KEY, b"second", digest)
    assert (stored.bytes, stored.sha256) == (6, sha256(b"first, second").hexdigest())
    assert read(blobs, KEY) == b"second"


def test_several_blobs_are_stored_at_once(blobs: Blobs) -> None:
    blobs.put("media/a/web", b"old")
    blobs.put_all({"media/a/web": b"large", "media/a/thumbnail": b"small"})
    assert [read(blobs, f"media/a/{name}") for name in ("web", "thumbnail")] == [b"large", b"small"]


@pytest.mark.parametrize("parts", [[b"whole"], [b"the ", b"", b"parts"], [os.urandom(2 * CHUNK + 1)] * 2])
def test_joined_blobs_stand_under_another_key_too(blobs: Blobs, parts: list[bytes]) -> None:
    """Whatever stood there, and whatever becomes of the parts."""
    keys = [staging_key(uuid4(), number) for number in range(len(parts))]
    for key, part in zip(keys, parts, strict=True):
        blobs.put(key, part)
    blobs.put(KEY, b"old")
    for _ in range(2):
        blobs.join(dict(zip(keys, map(len, parts), strict=True)), KEY)
    assert read(blobs, KEY) == b"".join(parts) and read(blobs, keys[0]) == parts[0]
    for key in keys:
        blobs.put(key, b"something else")
        blobs.delete(key)
    assert read(blobs, KEY) == b"".join(parts) and [found.key for found in blobs.list("media/")] == [KEY]


@pytest.mark.parametrize("missing", [0, 1])
def test_what_cannot_be_joined_changes_nothing(blobs: Blobs, missing: int) -> None:
    keys = [staging_key(uuid4(), number) for number in range(missing + 1)]
    for key in keys[:missing]:
        blobs.put(key, b"part")
    blobs.put(KEY, b"old")
    with pytest.raises(NotFound):
        blobs.join(dict.fromkeys(keys, 4), KEY)
    assert read(blobs, KEY) == b"old"


@pytest.mark.parametrize("counted", [{"a": 5}, {"a": 0}, {"a": 5, "b": 2}, {"a": CHUNK + 1, "b": 1}])
def test_of_a_joined_blob_only_the_bytes_that_count_are_taken(blobs: Blobs, counted: dict[str, int]) -> None:
    """The mutant links or copies whole blobs, and what a writer left who died."""
    content = {"a": os.urandom(2 * CHUNK), "b": os.urandom(9)}
    blobs.put_all(content)
    blobs.join(counted, KEY)
    assert read(blobs, KEY) == b"".join(content[key][:size] for key, size in counted.items())


def test_content_may_grow_behind_a_blob(blobs: Blobs) -> None:
    """Where the store can; its key tells."""
    first, digest = blobs.put("s/first", b"first, "), sha256(b"first, ")
    second = blobs.put("s/second", [b"sec", b"ond"], digest, Behind("s/first", 7))
    assert (second.bytes, second.sha256) == (6, sha256(b"first, second").hexdigest())
    assert second.key == ("s/first" if isinstance(blobs, LocalBlobs) else "s/second")
    whole = {first.key: 7} | {second.key: 13 if second.key == first.key else 6}
    blobs.join(whole, KEY)
    assert read(blobs, KEY) == b"first, second"


def test_a_blob_behind_which_content_fails_ends_where_it_ended(tmp_path: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    blobs = LocalBlobs(tmp_path)
    blobs.put("s/first", b"first")
    with pytest.raises(ZeroDivisionError):
        blobs.put("s/second", failing(), None, Behind("s/first", 5))
    assert read(blobs, "s/first") == b"first"
    with pytest.raises(NotFound):
        blobs.put("s/second", b"x", None, Behind("s/none", 5))
    assert [found.key for found in blobs.list("s/")] == ["s/first"]


def test_a_single_blob_is_not_written_again(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put("staged", b"x")
    blobs.put("more", b"yz", None, Behind("staged", 1))
    blobs.join({"staged": 3}, KEY)
    assert (tmp_path / "staged").samefile(tmp_path / KEY) and list((tmp_path / ".incoming").iterdir()) == []


def test_where_a_file_cannot_have_two_names_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_here(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    blobs = LocalBlobs(tmp_path)
    blobs.put("staged", b"x")
    monkeypatch.setattr("os.link", none_here)
    blobs.join({"staged": 1}, KEY)
    assert read(blobs, KEY) == b"x" and not (tmp_path / "staged").samefile(tmp_path / KEY)


def test_what_was_stored_is_said_by_file_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F47: the mutants forget a file or a folder, which a loss of power would then take back."""
    synced: list[int] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        sync(descriptor)

    blobs = LocalBlobs(tmp_path)
    monkeypatch.setattr("os.fsync", noted)
    blobs.put("s/staged", b"x")
    blobs.put_all({"a/web": b"large", "a/thumbnail": b"small"})
    blobs.join({"s/staged": 1}, "o/one")
    blobs.join({"s/staged": 1, "a/web": 5}, "p/two")
    lasting = {path.stat().st_ino for path in tmp_path.rglob("*") if ".incoming" not in path.parts}
    assert lasting <= set(synced)
    synced.clear()
    blobs.put("s/more", b"y", None, Behind("a/web", 5))
    assert synced == [(tmp_path / "a/web").stat().st_ino]


def test_a_writer_that_fails_changes_nothing(blobs: Blobs) -> None:
    def failing() -> Iterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    blobs.put(KEY, b"old")
    for key in (KEY, "media/other"):
        with pytest.raises(ZeroDivisionError):
            blobs.put(key, failing())
    assert read(blobs, KEY) == b"old" and [found.key for found in blobs.list("media/")] == [KEY]


def test_what_is_not_there_is_not_found_and_deleting_it_is_harmless(blobs: Blobs) -> None:
    for ask in (blobs.open, blobs.size):
        with pytest.raises(NotFound) as refusal:
            ask(KEY)
        assert refusal.value.code == "blob.not_found"
    blobs.put(KEY, b"x")
    blobs.delete(KEY)
    blobs.delete(KEY)
    assert list(blobs.list("media/")) == []


def test_a_list_has_what_stands_under_a_prefix(blobs: Blobs) -> None:
    upload = uuid4()
    mine = [staging_key(upload, 0), staging_key(upload, 5)]
    for key in (*mine, staging_key(uuid4(), 0), KEY):
        blobs.put(key, b"12345")
    found = sorted(blobs.list(f"media/staging/{upload}/"), key=lambda blob: blob.key)
    assert [blob.key for blob in found] == sorted(mine) and {blob.bytes for blob in found} == {5}
    assert all(abs(blob.stored_at - datetime.now(UTC)) < timedelta(minutes=1) for blob in found)
    assert len(list(blobs.list("media/"))) == 4 and list(blobs.list("nothing/here/")) == []


@pytest.mark.parametrize("key", BAD_KEYS)
def test_what_is_no_key_is_refused_everywhere(blobs: Blobs, key: str) -> None:
    """S41."""
    asked: list[Callable[[], Any]] = [
        lambda: blobs.put(key, b"x"),
        lambda: blobs.open(key),
        lambda: blobs.size(key),
        lambda: blobs.delete(key),
    ]
    for ask in asked:
        with pytest.raises(Invalid) as refusal:
            ask()
        assert refusal.value.code == "blob.bad_key"
    with pytest.raises(Invalid):
        list(blobs.list(f"{key}/"))


@given(key=st.one_of(st.text(max_size=40), st.from_regex(r"[a-z./%\\]{1,20}", fullmatch=True)))
def test_whatever_the_key_its_path_is_under_the_root(key: str) -> None:
    """S41."""
    blobs = LocalBlobs(Path("/nowhere/root"))
    try:
        path = blobs._path(key)
    except Invalid:
        return
    assert path.is_relative_to("/nowhere/root") and path != Path("/nowhere/root")
    assert ".incoming" not in path.parts


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """S41."""
    blobs, outside = LocalBlobs(tmp_path / "root"), tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    blobs.put("a/b", b"x")
    (tmp_path / "root" / "link").symlink_to(outside)
    for ask in (blobs.open, blobs.delete, lambda key: blobs.put(key, b"x")):
        with pytest.raises(Invalid):
            ask("link/secret")
    assert (outside / "secret").read_bytes() == b"secret"


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F49."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    blobs = LocalBlobs(tmp_path)
    blobs.put(KEY, b"old")
    with monkeypatch.context() as patched:
        patched.setattr("shared.blobs.local.os.fsync", full)
        with pytest.raises(Unavailable) as refusal:
            blobs.put(KEY, b"new")
    assert refusal.value.code == "blobs.full"
    assert read(blobs, KEY) == b"old" and list((tmp_path / ".incoming").iterdir()) == []
    blobs.put(KEY, b"new")
    assert read(blobs, KEY) == b"new"


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes: a write is cut off there, the next one is refused."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("behind", [None, Behind("s/first", 5)])
def test_bytes_for_which_there_was_no_room_are_not_said_to_be_stored(tmp_path: Path, behind: Behind | None) -> None:
    """F49: the mutant takes a write that was cut off for a whole one, and the last bytes are missing unseen."""
    blobs = LocalBlobs(tmp_path)
    blobs.put("s/first", b"first")
    with room_for(8), pytest.raises(Unavailable) as refusal:
        blobs.put("s/second", [b"more than fits"], None, behind)
    assert refusal.value.code == "blobs.full"
    assert [(found.key, found.bytes) for found in blobs.list("s/")] == [("s/first", 5)]


def test_readers_meanwhile_see_the_old_or_the_new_content(tmp_path: Path) -> None:
    blobs, ended = LocalBlobs(tmp_path), threading.Event()
    contents = [bytes([number]) * 3 * CHUNK for number in (1, 2)]
    blobs.put(KEY, contents[0])

    def write() -> None:
        for number in range(20):
            blobs.put(KEY, contents[number % 2])
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not ended.is_set():
        assert read(blobs, KEY) in contents
    writer.join()


def test_folders_come_and_go_under_many_hands(tmp_path: Path) -> None:
    blobs, failures = LocalBlobs(tmp_path), []

    def work(number: int) -> None:
        try:
            for _ in range(40):
                blobs.put(f"a/b/{number}", b"x")
                blobs.delete(f"a/b/{number}")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_what_a_killed_writer_left_is_forgotten_after_a_while(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put(KEY, b"x")
    left = tmp_path / ".incoming" / "left"
    left.write_bytes(b"half")
    now = datetime.now(UTC)
    assert blobs.forget_unfinished(now - timedelta(hours=1)) == 0 and left.exists()
    assert blobs.forget_unfinished(now + timedelta(hours=1)) == 1 and not left.exists()
    assert read(blobs, KEY) == b"x"


def test_a_store_that_refuses_is_unavailable(s3: Store, tmp_path: Path) -> None:
    blobs = open_blobs(settings_of(tmp_path, s3.address))
    assert isinstance(blobs, S3Blobs)
    s3.down = True
    for ask in (lambda: blobs.put(KEY, b"x"), lambda: blobs.open(KEY), lambda: list(blobs.list("media/"))):
        with pytest.raises(Unavailable) as refusal:
            ask()
        assert refusal.value.code == "blobs.unavailable"


@pytest.mark.parametrize("address", ["", "file:", "s3://host", "ftp://host/bucket", "/var/blobs"])
def test_an_address_that_is_none_is_said(tmp_path: Path, address: str) -> None:
    with pytest.raises(BadSetting):
        open_blobs(settings_of(tmp_path, address or "none"))
