"""The recipe of the runbook for changing the platform's secret, carried out while articles go through."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.supervisor import COMMANDS
from tests.e2e.newsroom import newsroom
from tests.e2e.platforms import Person, Platform, eventually

ARTICLES = 30
HALVES = [("content", "relay", "gateway"), tuple(COMMANDS.keys() - {"content", "relay", "gateway"})]


def roll(platform: Platform) -> None:
    """Start every process again, half of them after the other half: in between they hold different secrets."""
    for names in HALVES:
        platform.stop(*names)
        platform.start(*names)


def signed_article(author: Person, unit: str) -> str:
    """Return an article whose author's name is sealed in it."""
    body = {"unit_id": unit, "kind": "news", "title": "新闻", "body": "<p>正文</p>", "byline": "安娜"}
    return str(author.post("articles", body)["id"])


def test_the_secret_is_changed_while_articles_go_through(distributed: Platform, tmp_path: Path) -> None:
    """F60: nothing is lost, doubled, refused or unreadable, and the old secret opens nothing afterwards."""
    file = tmp_path / "signing_key"
    file.write_text(Path(distributed.env["MATRIX_SECRET_FILE"]).read_text())
    distributed.env["MATRIX_SECRET_FILE"] = str(file)
    old = file.read_text().strip()
    author = distributed.person("office_editor")
    with newsroom(distributed, ARTICLES) as news, ThreadPoolExecutor(1) as people:
        other = author.post("units", {"name": "信息学院", "kind": "college", "since": "2018-09-01"})["id"]
        before = signed_article(author, other)
        working = people.submit(news.work)
        for number, step in enumerate(("draw", "use")):
            news.wait_for(3 * number)
            assert distributed.matrix("secret", step).returncode == 0
            roll(distributed)
        assert "secret.in_use" in distributed.matrix("secret", "drop").stderr
        said = distributed.matrix("secret", "wrap").stdout
        assert re.search(r"content: [1-9]\d* keys of persons wrapped anew", said), said
        assert "secret 2 of 2: wraps 0 keys" in said, said
        published = working.result()
        eventually(lambda: news.news_published() == ARTICLES)
        assert distributed.matrix("secret", "drop").returncode == 0
        assert old not in file.read_text()
        roll(distributed)
        news.assert_exact(published)
    assert {author.get(f"articles/{one}")["byline"] for one in (before, signed_article(author, other))} == {"安娜"}
    assert distributed.matrix("dead-letters", "list").stdout.startswith("0 dead letters")
    assert "ok  0 keys of persons that no listed secret opens" in distributed.matrix("doctor").stdout
