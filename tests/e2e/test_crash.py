"""The embedded platform is killed while people write; and its log is tampered with."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.e2e.newsroom import newsroom
from tests.e2e.platforms import Platform, eventually

ARTICLES, KILLS = 100, 4


def test_what_was_written_while_the_platform_was_killed_is_there_once(embedded: Platform) -> None:
    """F01, F02, F07, F11: killed four times at any moment; every total is exact, also after all of it is repeated."""
    with newsroom(embedded, ARTICLES) as news, ThreadPoolExecutor(1) as people:
        working = people.submit(news.work)
        for kill in range(1, KILLS + 1):
            news.wait_for(kill * ARTICLES // (KILLS + 1))
            embedded.kill("run")
            embedded.start()
        published = working.result()
        eventually(lambda: news.news_published() == ARTICLES)
        assert news.work() == published
        news.assert_exact(published)
    assert embedded.matrix("dead-letters", "list").stdout.startswith("0 dead letters")


def test_read_models_built_anew_are_what_they_were(embedded: Platform) -> None:
    """F21."""
    said = embedded.matrix("rebuild").stdout
    assert said.count("it was right already") == 6, said


def test_a_cut_tail_is_found_with_an_anchor_kept_elsewhere(embedded: Platform, tmp_path: Path) -> None:
    """S57: the chains of what is left hold, so only the anchor tells."""
    anchor = tmp_path / "anchor.json"
    assert embedded.matrix("verify", "--anchor", str(anchor), "--save").returncode == 0
    assert set(json.loads(anchor.read_text())) == {"content", "review", "media", "training", "metrics"}
    embedded.stop("run")
    last = _content(embedded, "select position, stream, version from event order by position desc limit 1")[0]
    row = _content(embedded, "select * from event where position = ?", last[0])[0]
    _content(embedded, "delete from event where position = ?", last[0])
    assert embedded.matrix("verify").returncode == 0
    found = embedded.matrix("verify", "--anchor", str(anchor))
    assert found.returncode == 1 and "BREAKS" in found.stdout, found.stdout
    _content(embedded, f"insert into event values ({', '.join('?' * len(row))})", *row)
    assert embedded.matrix("verify", "--anchor", str(anchor)).returncode == 0


def test_one_changed_byte_is_found(embedded: Platform) -> None:
    """S57: the stream and the version are named."""
    stream, version, data = _content(embedded, "select stream, version, data from event where data like '%新闻7%'")[0]
    changed = data.replace("新闻7", "新聞7", 1)
    _content(embedded, "update event set data = ? where stream = ? and version = ?", changed, stream, version)
    found = embedded.matrix("verify")
    assert found.returncode == 1 and f"{stream} version {version}" in found.stdout, found.stdout
    _content(embedded, "update event set data = ? where stream = ? and version = ?", data, stream, version)
    assert embedded.matrix("verify").returncode == 0


def _content(platform: Platform, statement: str, *values: Any) -> list[Any]:
    """Return the rows of a statement on the file of the content service, as somebody who got at it would."""
    with closing(sqlite3.connect(platform.settings.database_url("content").removeprefix("sqlite:///"))) as db, db:
        return db.execute(statement, values).fetchall()
