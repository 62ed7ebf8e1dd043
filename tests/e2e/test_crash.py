"""The embedded platform is killed while people write; and its log is tampered with."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from infra.demo.client import Client
from infra.servers.ports import wait_until
from tests.e2e.platforms import Platform, eventually

ARTICLES, KILLS, AT_ONCE = 100, 4, 6
PATIENCE_S = 60.0
DAY = "2021-05-12T02:00:00Z"


class Newsroom:
    """Writes, reviews and publishes a hundred articles; each request has its own key and is repeated until answered."""

    def __init__(self, writer: Client, reviewer: Client) -> None:
        self._writer, self._reviewer = writer, reviewer
        self.done = 0
        self._lock = threading.Lock()
        unit = writer.post("units", "unit", {"name": "商学院", "kind": "college", "since": "2018-09-01"})["id"]
        opened = {"unit_id": unit, "kind": "website", "name": "网站", "opened_at": "2018-09-01T00:00:00Z",
                  "tier": "college_site"}  # fmt: skip
        self._channel = writer.post("channels", "channel", opened)["id"]
        self._unit = unit
        writer.post("review-schemes", "scheme", {"name": "一审", "article_kinds": ["news"]})

    def work(self) -> list[str]:
        """Return the ids of the published articles, in order."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._article, range(ARTICLES)))

    def _article(self, number: int) -> str:
        body = {"unit_id": self._unit, "kind": "news", "title": f"新闻{number}", "body": "<p>师生积极参与。</p>"}
        article = str(self._writer.post("articles", f"draft/{number}", body)["id"])
        self._writer.post(f"articles/{article}/submission", f"submit/{number}", {"submitted_at": DAY})
        case = self._case(article)
        self._reviewer.post(f"reviews/{case}/decision", f"decide/{number}", {"decision": "approve", "decided_at": DAY})
        publication = {"channel_id": self._channel, "published_at": DAY}
        path = f"articles/{article}/publications"
        self._writer.post(path, f"publish/{number}", publication, until=("content.not_approved",))
        with self._lock:
            self.done += 1
        return article

    def _case(self, article: str) -> str:
        """Return the article's case, once it is open."""
        found: list[str] = []

        def opened() -> bool:
            cases = self._reviewer.all("reviews", unit_id=self._unit)
            found.extend(case["id"] for case in cases if case["article_id"] == article)
            return bool(found)

        assert wait_until(opened, PATIENCE_S)
        return found[0]


@pytest.fixture
def clients(embedded: Platform) -> Iterator[tuple[Client, Client]]:
    """Give the clients of a writer and a reviewer."""
    pair = tuple(Client(embedded.url, embedded.person("office_editor").key) for _ in range(2))
    yield (pair[0], pair[1])
    for client in pair:
        client.close()


def test_what_was_written_while_the_platform_was_killed_is_there_once(
    embedded: Platform, clients: tuple[Client, Client]
) -> None:
    """F01, F02, F07, F11: killed four times at any moment; every total is exact, also after all of it is repeated."""
    newsroom, published = Newsroom(*clients), list[str]()
    work = threading.Thread(target=lambda: published.extend(newsroom.work()))
    work.start()
    for kill in range(1, KILLS + 1):
        assert wait_until(lambda: newsroom.done >= kill * ARTICLES // (KILLS + 1), PATIENCE_S)  # noqa: B023
        embedded.kill("run")
        embedded.start()
    work.join(PATIENCE_S)
    assert len(set(published)) == ARTICLES

    eventually(lambda: _news(clients[0]) == ARTICLES)
    assert newsroom.work() == published
    articles = clients[0].all("articles")
    assert {article["id"] for article in articles} == set(published)
    assert {article["status"] for article in articles} == {"published"}
    assert {len(clients[0].get(f"articles/{one}")["publications"]) for one in published} == {1}
    assert _news(clients[0]) == ARTICLES
    assert embedded.matrix("dead-letters", "list").stdout.startswith("0 dead letters")


def test_read_models_built_anew_are_what_they_were(embedded: Platform) -> None:
    """F21."""
    said = embedded.matrix("rebuild").stdout
    assert said.count("it was right already") == 6, said


def test_a_cut_tail_is_found_with_an_anchor_kept_elsewhere(embedded: Platform, tmp_path: Path) -> None:
    """F55: the chains of what is left hold, so only the anchor tells."""
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
    """F55: the stream and the version are named."""
    stream, version, data = _content(embedded, "select stream, version, data from event where data like '%新闻7%'")[0]
    changed = data.replace("新闻7", "新聞7", 1)
    _content(embedded, "update event set data = ? where stream = ? and version = ?", changed, stream, version)
    found = embedded.matrix("verify")
    assert found.returncode == 1 and f"{stream} version {version}" in found.stdout, found.stdout
    _content(embedded, "update event set data = ? where stream = ? and version = ?", data, stream, version)
    assert embedded.matrix("verify").returncode == 0


def _news(client: Client) -> Any:
    found = client.get("matrix", period="2021")["totals"]["figures"]
    return found["news_published"]["value"] if "news_published" in found else 0


def _content(platform: Platform, statement: str, *values: Any) -> list[Any]:
    """Return the rows of a statement on the file of the content service, as somebody who got at it would."""
    with closing(sqlite3.connect(platform.settings.database_url("content").removeprefix("sqlite:///"))) as db, db:
        return db.execute(statement, values).fetchall()
