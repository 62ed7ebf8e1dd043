"""A backup of the embedded platform, brought back elsewhere."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from infra.backup import ORDER, back_up, bring_back, read_again
from infra.credentials import OWNERS
from infra.prepare import prepare
from shared.blobs import open_blobs
from shared.config import BadSetting, Settings, load_settings
from shared.contracts.content.events import PersonErased
from shared.database import EPOCH, open_engine, reading, writing
from shared.log import open_log
from shared.log.store import Cause
from shared.log.tables import consumer_position, inbox, relay
from tests.contract.s3 import store


@pytest.fixture
def platform(tmp_path: Path) -> Settings:
    settings = load_settings({"MATRIX_DATA": str(tmp_path / "data")})
    prepare(settings)
    open_blobs(settings).put("media/a", b"a file")
    return settings


def test_what_was_backed_up_is_brought_back_whole(platform: Settings, tmp_path: Path) -> None:
    list(back_up(platform, tmp_path / "copy"))
    elsewhere = load_settings({"MATRIX_DATA": str(tmp_path / "elsewhere")})
    list(bring_back(elsewhere, tmp_path / "copy"))
    assert b"".join(open_blobs(elsewhere).open("media/a")) == b"a file"
    assert (elsewhere.data / "secret.key").read_text() == (platform.data / "secret.key").read_text()


def test_files_of_an_object_store_are_in_the_backup_too(platform: Settings, tmp_path: Path) -> None:
    with store() as s3:
        away = replace(platform, blobs=s3.address, s3_access_key="user", s3_secret_key="secret")
        open_blobs(away).put("media/b", b"elsewhere")
        assert "files: 1 copied" in list(back_up(away, tmp_path / "copy"))
    with store() as another:
        restored = load_settings({"MATRIX_DATA": str(tmp_path / "elsewhere"), "MATRIX_BLOBS": another.address})
        list(bring_back(replace(restored, s3_access_key="user", s3_secret_key="secret"), tmp_path / "copy"))
        assert another.objects["media/b"][0] == b"elsewhere"


def test_after_a_restore_no_consumer_stands_beyond_its_log(platform: Settings, tmp_path: Path) -> None:
    """F57: the databases are copied one after another."""
    engine = open_engine(platform.database_url("review"))
    ahead = {"consumer": "review.on-submission", "source": "content", "position": 99}
    with writing(engine) as db:
        db.execute(insert(consumer_position).values(ahead))
    list(back_up(platform, tmp_path / "copy"))
    elsewhere = load_settings({"MATRIX_DATA": str(tmp_path / "elsewhere")})
    list(bring_back(elsewhere, tmp_path / "copy"))
    with reading(open_engine(elsewhere.database_url("review"))) as db:
        assert db.execute(select(consumer_position)).all() == []


def test_nothing_is_restored_over_a_platform_that_is_there(platform: Settings, tmp_path: Path) -> None:
    list(back_up(platform, tmp_path / "copy"))
    with pytest.raises(BadSetting, match="empty"):
        list(bring_back(platform, tmp_path / "copy"))


def test_a_folder_that_is_no_backup_is_refused(platform: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="no backup"):
        list(bring_back(platform, tmp_path))


def test_a_restore_says_who_was_ahead_of_what_it_reads(platform: Settings, tmp_path: Path) -> None:
    """F57: a relay beyond its log's end, and a reader that handled what no log has; both begin anew."""
    with writing(open_engine(platform.database_url("content"))) as db:
        db.execute(insert(relay).values(id=1, position=99, epoch=1, beat_at=EPOCH))
    with writing(open_engine(platform.database_url("metrics"))) as db:
        row = {"consumer": "metrics.on-article-published", "event_id": uuid4(), "handled_at": EPOCH}
        db.execute(insert(inbox).values(row))
    said = list(read_again(platform))
    assert said[0] == "content: its relay had sent up to 99, the log ends at 0"
    assert said[1] == "metrics.on-article-published: handled 1 events that no log here has"
    with reading(open_engine(platform.database_url("content"))) as db:
        assert db.execute(select(relay.c.position, relay.c.epoch)).one() == (0, 2)


def test_however_much_was_handled_a_page_of_it_is_in_memory(
    platform: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F57: each row is counted once, whatever lies at the edges of pages; events that a log has are not counted."""
    monkeypatch.setattr("infra.backup.PAGE", 3)
    log = open_log("content", open_engine(platform.database_url("content")))
    events = [PersonErased(person_id=uuid4())] * 4
    log.append("person-1", events, expected_version=0, cause=Cause(actor="-", correlation_id=uuid4()))
    ids = [each.event_id for each in log.load("person-1")]
    rows = [{"consumer": name, "event_id": id_, "handled_at": EPOCH}
            for name in "ab" for id_ in (*ids, *(uuid4() for _ in range(5)))]  # fmt: skip
    with writing(open_engine(platform.database_url("metrics"))) as db:
        db.execute(insert(inbox), rows)
    assert list(read_again(platform))[:-1] == [f"{name}: handled 5 events that no log here has" for name in "ab"]


def test_a_relay_that_goes_on_meanwhile_is_not_called_ahead(
    platform: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F57: `matrix resend` works while everything runs: the log's end is looked up after what was sent of it."""
    engine = open_engine(platform.database_url("content"))
    with writing(engine) as db:
        db.execute(insert(relay).values(id=1, position=0, epoch=1, beat_at=EPOCH))

    def grow() -> int:
        with writing(engine) as db:
            db.execute(update(relay).values(position=7))
        return 6

    monkeypatch.setattr("infra.backup.open_log", lambda *_: SimpleNamespace(head=grow))
    assert len(list(read_again(platform))) == 1


def test_readers_are_copied_before_whom_they_read() -> None:
    """F57: what a reader's copy lacks it reads again; what it would know too much of it could not forget."""
    assert sorted(ORDER) == sorted(OWNERS)
    assert ORDER.index("gateway") == 0 and ORDER.index("metrics") < ORDER.index("content")
    assert ORDER.index("review") < ORDER.index("content") < ORDER.index("media")
