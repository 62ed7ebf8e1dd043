"""Files in a folder: durable, never half written, and never outside of it."""

import errno
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.blobs import Behind, LocalBlobs
from shared.blobs.port import CHUNK
from shared.errors import Invalid, NotFound, Unavailable
from tests.contract.blobs import KEY, read


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
