"""The recipe of the runbook for coming back to a point in time, carried out on servers of its own."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, create_engine, text

from infra.servers import Servers, start_servers
from infra.servers.ports import free_port
from infra.supervisor import COMMANDS
from shared.sealed import ERASED
from tests.chaos.drills import come_up
from tests.chaos.stage import give
from tests.e2e.newsroom import newsroom
from tests.e2e.platforms import Person, Platform, clean_environment, eventually, key_in

COPY_S = 120.0
BEFORE, AFTER = 3, 2


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder through which PostgreSQL's own user may go."""
    made = Path(tempfile.mkdtemp(prefix="matrix-moment-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def servers(folder: Path) -> Iterator[Servers]:
    """Give servers of which PostgreSQL keeps every segment of its write-ahead log in ``archive``."""
    own = start_servers(folder / "servers")
    try:
        archive = given(folder / "archive")
        for name, value in (("archive_mode", "on"), ("archive_command", f'cp "%p" "{archive}/%f"')):
            own.postgres.psql("postgres", "--command", f"alter system set {name} = '{value}'")
        own.postgres.stop()
        own.postgres.start()
        yield own
    finally:
        own.forget()


@pytest.fixture
def platform(servers: Servers, folder: Path) -> Iterator[Platform]:
    """Give the platform in all its processes on these servers."""
    port = free_port()
    env = {
        **clean_environment(),
        **servers.environment(),
        "MATRIX_DATA": str(folder / "data"),
        "MATRIX_PORT": str(port),
    }
    made = Platform(env=env, folder=folder, url=f"http://127.0.0.1:{port}", commands=COMMANDS)
    try:
        assert made.matrix("migrate", patience_s=COPY_S).returncode == 0
        key = key_in(made.matrix("key", "create", "--first").stdout)
        made.start(*COMMANDS)
        made.enter(key)
        yield made
    finally:
        made.leave()
        made.stop()


def given(path: Path) -> Path:
    """Return a new folder of PostgreSQL's own user."""
    path.mkdir(mode=0o700)
    give(path)
    return path


def asked(servers: Servers, question: str) -> str:
    """Return PostgreSQL's answer."""
    engine = create_engine(servers.postgres.url())
    with engine.connect() as db:
        answer = str(db.exec_driver_sql(question).scalar_one())
    engine.dispose()
    return answer


def copied(servers: Servers, folder: Path) -> Path:
    """Return a copy of PostgreSQL's files, made while it runs."""
    base = given(folder / "base")
    url = servers.postgres.url("").replace("+psycopg2", "").rstrip("/")
    servers.postgres.run("pg_basebackup", f"--dbname={url}", f"--pgdata={base}", "--checkpoint=fast")
    return base


def come_back(servers: Servers, base: Path, archive: Path, moment: str) -> None:
    """Let PostgreSQL come up as it was at a moment, and the broker with nothing."""
    come_up(servers, base, archive, f"recovery_target_time = '{moment}'")
    servers.rabbit.stop(at_once=True)
    shutil.rmtree(servers.folder / "rabbitmq" / "data")
    servers.rabbit.start()


def not_set_back(servers: Servers, handled: Sequence[Row[Any]]) -> None:
    """Let metrics have handled, and content's relay have sent, what is in no log: as if theirs was another server."""
    engine = create_engine(servers.postgres.url())
    with engine.begin() as db:
        row = "insert into metrics.inbox values (:consumer, :event_id, :handled_at) on conflict do nothing"
        db.execute(text(row), [dict(one._mapping) for one in handled])
        db.execute(text("update content.relay set position = position + 1000"))
    engine.dispose()


def has_a_key(servers: Servers, person: str) -> bool:
    """Return whether what the person wrote under their name can be read."""
    wanted = f"select count(*) from content.person_key where person_id = '{person}' and wrapped is not null"
    return asked(servers, wanted) == "1"


def handled_by_metrics(servers: Servers) -> Sequence[Row[Any]]:
    engine = create_engine(servers.postgres.url())
    with engine.connect() as db:
        found = db.execute(text("select consumer, event_id, handled_at from metrics.inbox")).all()
    engine.dispose()
    return found


def byline(reader: Person, article: str) -> object:
    return reader.get(f"articles/{article}")["byline"]


def test_the_platform_comes_back_as_it_was_at_a_moment(platform: Platform, servers: Servers, folder: Path) -> None:
    """F57: what was before is there and counted once, what came later is not, and whoever was erased stays so."""
    base = copied(servers, folder)
    anna, bo = (platform.person("office_editor", name=name) for name in ("Anna", "Bo"))
    with newsroom(platform, BEFORE) as news, newsroom(platform, AFTER) as later:
        unit = anna.post("units", {"name": "信息学院", "kind": "college", "since": "2018-09-01"})["id"]
        body = {"unit_id": unit, "kind": "news", "title": "新闻", "body": "<p>正文</p>", "byline": "姓名"}
        of_anna, of_bo = (str(one.post("articles", body)["id"]) for one in (anna, bo))
        assert platform.matrix("erase-person", anna.id, "--yes").returncode == 0
        published = news.work()
        eventually(lambda: news.news_published() == BEFORE)
        moment = asked(servers, "select clock_timestamp()")
        gone = later.work()
        eventually(lambda: later.news_published() == AFTER)
        assert platform.matrix("erase-person", bo.id, "--yes").returncode == 0
        platform.stop()
        handled = handled_by_metrics(servers)

        come_back(servers, base, folder / "archive", moment)
        not_set_back(servers, handled)
        assert has_a_key(servers, bo.id), "without the ledger his name can be read again"
        said = platform.matrix("resend").stdout
        assert "content: 1 of them had a key again" in said and not has_a_key(servers, bo.id), said
        assert "content: its relay had sent up to" in said, said
        assert re.search(r"metrics\.[\w-]+: handled \d+ events that no log here has", said), said
        assert platform.matrix("verify").returncode == 0
        platform.start(*COMMANDS)

        news.assert_exact(published)
        assert later.writer.all("articles", unit_id=later.unit) == [] and gone
        again = later.work()
        eventually(lambda: later.news_published() == AFTER)
        later.assert_exact(again)
        assert platform.matrix("dead-letters", "list").stdout.startswith("0 dead letters")
        rebuilt = platform.matrix("rebuild", patience_s=COPY_S).stdout
        assert rebuilt.count("it was right already") == 6, rebuilt
        assert (byline(platform.admin, of_anna), byline(platform.admin, of_bo)) == (ERASED, ERASED)
