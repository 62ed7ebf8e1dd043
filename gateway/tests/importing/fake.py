"""Services in memory that keep what the real ones promise: the same key again does nothing again."""

from typing import Any

from gateway.importing.platform import Sent
from shared.errors import RuleBroken, Unavailable
from shared.ids import new_id
from shared.titles import plain

ME = str(new_id())


class FakePlatform:
    """``did`` are the commands that did something; ``asked`` are all keys, ``looked_up`` all titles, in their order."""

    account_id = ME

    def __init__(self) -> None:
        self.units: list[dict[str, Any]] = []
        self.channels: list[dict[str, Any]] = []
        self.known: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, tuple[str, dict[str, Any], str]] = {}
        self.asked: list[str] = []
        self.looked_up: list[list[str]] = []
        self.down_after: int | None = None

    @property
    def did(self) -> list[tuple[str, dict[str, Any]]]:
        return [(operation, body) for operation, body, _ in self.answers.values()]

    def unit(self, name: str) -> str:
        self.units.append({"id": str(new_id()), "name": name})
        return str(self.units[-1]["id"])

    def channel(self, unit: str, name: str, kind: str) -> str:
        self.channels.append({"id": str(new_id()), "unit_id": unit, "name": name, "kind": kind})
        return str(self.channels[-1]["id"])

    def article(self, unit: str, kind: str, title: str, *publications: tuple[str, str, str | None]) -> str:
        told = [{"channel_id": c, "at": at, "url": url, "status": "published"} for c, at, url in publications]
        status = "published" if told else "draft"
        return self._add({"unit_id": unit, "kind": kind, "title": title}, status=status, publications=told)

    def ask(self, service: str, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "list_units":
                return {"items": self.units, "next": None}
            case "list_channels":
                return {"items": self.channels, "next": None}
            case "list_articles":
                return self._page(list(self.known.values()), body)
            case "find_articles":
                self.looked_up.append(body["titles"])
                titles = {plain(title) for title in body["titles"]}
                return self._page([one for one in self.known.values() if plain(one["title"]) in titles], body)
        return self.known[body["article_id"]]

    def _page(self, found: list[dict[str, Any]], body: dict[str, Any]) -> dict[str, Any]:
        for name in body.keys() & {"unit_id", "kind", "status"}:
            found = [one for one in found if one[name] == body[name]]
        start = int(body.get("after", 0))  # pages of one, so that paging is always tried
        return {"items": found[start : start + 1], "next": str(start + 1) if start + 1 < len(found) else None}

    def do(self, service: str, operation: str, key: str, body: dict[str, Any]) -> Sent:
        if self.down_after is not None and len(self.answers) >= self.down_after:
            raise Unavailable("import.no_answer", "down")
        self.asked.append(key)
        if key in self.answers:
            if self.answers[key][:2] != (operation, body):
                raise RuleBroken("idempotency.key_reused", "this Idempotency-Key was used with another body")
            return Sent(self.answers[key][2], new=False)
        done = self._done(operation, body)
        self.answers[key] = (operation, body, done)
        return Sent(done, new=True)

    def _done(self, operation: str, body: dict[str, Any]) -> str:
        match operation:
            case "draft_article":
                return self._add(body)
            case "submit_article":
                self.known[body["article_id"]]["status"] = "submitted"
            case "publish_article":
                article = self.known[body["article_id"]]
                if article["status"] not in ("approved", "published"):
                    raise RuleBroken("content.not_approved", "not approved")
                told = {"channel_id": body["channel_id"], "at": body["published_at"], "url": body["url"]}
                article["publications"].append({**told, "status": "published"})
                article["status"] = "published"
        return str(body.get("article_id", body.get("channel_id")))

    def _add(self, body: dict[str, Any], **more: Any) -> str:
        made = str(new_id())
        new = {"status": "draft", "revision": 1, "author_ids": [ME], "publications": []}
        self.known[made] = {**body, **new, **more, "id": made}
        return made
