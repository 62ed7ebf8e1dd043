"""People who write, review and publish news; every request has its own key and is repeated until it is answered."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from infra.client import Client
from infra.servers.ports import wait_until
from tests.e2e.platforms import Platform

AT_ONCE = 6
PATIENCE_S = 60.0
DAY = "2021-05-12T02:00:00Z"


class Newsroom:
    """One unit with a website where ``articles`` news are written, reviewed and published."""

    def __init__(self, writer: Client, reviewer: Client, articles: int) -> None:
        self.writer, self._reviewer, self._articles = writer, reviewer, articles
        self.unit = str(
            writer.post("units", "unit", {"name": "商学院", "kind": "college", "since": "2018-09-01"})["id"]
        )
        opened = {"unit_id": self.unit, "kind": "website", "name": "网站", "opened_at": "2018-09-01T00:00:00Z",
                  "tier": "college_site"}  # fmt: skip
        self._channel = writer.post("channels", "channel", opened)["id"]
        writer.post("review-schemes", "scheme", {"name": "一审", "article_kinds": ["news"]})
        self._lock, self.done = threading.Lock(), 0

    def work(self) -> list[str]:
        """Return the ids of the published articles, in order."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._article, range(self._articles)))

    def wait_for(self, done: int) -> None:
        """Return when so many articles were published."""
        assert wait_until(lambda: self.done >= done, PATIENCE_S), f"{self.done} of {done} after {PATIENCE_S:g} s"

    def news_published(self) -> Any:
        """Return the matrix' figure of the unit."""
        figures = self.writer.get("matrix", period="2021", unit=self.unit)["totals"]["figures"]
        return figures["news_published"]["value"] if "news_published" in figures else 0

    def assert_exact(self, published: list[str]) -> None:
        """Pass when each article is there once, was published once, and is counted once."""
        articles = self.writer.all("articles", unit_id=self.unit)
        assert len(set(published)) == len(articles) == self._articles
        assert {(article["id"], article["status"]) for article in articles} == {(one, "published") for one in published}
        assert {len(self.writer.get(f"articles/{one}")["publications"]) for one in published} == {1}
        cases = self._reviewer.all("reviews", unit_id=self.unit)
        assert sorted(case["article_id"] for case in cases) == sorted(published)
        assert {case["status"] for case in cases} == {"approved"}
        assert self.news_published() == self._articles

    def _article(self, number: int) -> str:
        body = {"unit_id": self.unit, "kind": "news", "title": f"新闻{number}", "body": "<p>师生积极参与。</p>"}
        article = str(self.writer.post("articles", f"draft/{number}", body)["id"])
        self.writer.post(f"articles/{article}/submission", f"submit/{number}", {"submitted_at": DAY})
        decision = {"decision": "approve", "decided_at": DAY}
        self._reviewer.post(f"reviews/{self._case(article)}/decision", f"decide/{number}", decision)
        publication = {"channel_id": self._channel, "published_at": DAY}
        path = f"articles/{article}/publications"
        self.writer.post(path, f"publish/{number}", publication, until=("content.not_approved",))
        with self._lock:
            self.done += 1
        return article

    def _case(self, article: str) -> str:
        """Return the article's case, once it is open."""
        found: list[str] = []

        def opened() -> bool:
            cases = self._reviewer.all("reviews", unit_id=self.unit)
            found.extend(case["id"] for case in cases if case["article_id"] == article)
            return bool(found)

        assert wait_until(opened, PATIENCE_S)
        return found[0]


@contextmanager
def newsroom(platform: Platform, articles: int) -> Iterator[Newsroom]:
    """Give a newsroom with a writer and a reviewer of its own."""
    writer, reviewer = (Client(platform.url, platform.person("office_editor").key) for _ in range(2))
    try:
        yield Newsroom(writer, reviewer, articles)
    finally:
        writer.close()
        reviewer.close()
