"""People at work: they write, take back, review, publish, count and upload, and repeat what was not answered."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import httpx

from infra.client import upload_whole
from infra.demo.loader import _metadata as metadata
from infra.demo.pictures import draw
from services.review.schemas import case_id_of
from shared.ids import named_id
from tests.chaos.history import History, Operation

DAY, EVE = "2021-05-12T02:00:00Z", "2021-05-12T10:00:00Z"
OFFICE_OPENED = "2018-09-01T00:00:00Z"
TIMEOUT_S = 5.0
PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
COME_AGAIN = frozenset({429, 502, 503, 504, 507})
NOT_YET = ("stream.changed", "database.raced")  # a lost race: the same request may win the next


class Stopped(Exception):
    """The operation did not end well; the history says how."""


class Client:
    """Somebody with a key. Every request is written down, and repeated with its key until it is answered."""

    def __init__(self, url: str, key: str, history: History) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, trust_env=False)
        self._history = history
        self.give_up = threading.Event()

    def post(self, kind: str, path: str, key: str, body: dict[str, Any], until: Sequence[str] = ()) -> dict[str, Any]:
        """Return the answer; refusals with a code in ``until`` pass with time.

        Raises:
            Stopped: it was refused for good, or given up.
        """
        operation = self._history.invoke(kind, key, path, body)
        headers = {"Idempotency-Key": str(named_id("chaos", key))}
        answer = self._until_answered(operation, lambda: self._http.post(path, json=body, headers=headers), until)
        operation.answer = answer.json()
        return operation.answer

    def upload(self, key: str, unit: str, content: bytes) -> None:
        """Upload a photograph in one request. Raises: Stopped: it was refused for good, or given up."""
        told = {
            "Idempotency-Key": str(named_id("chaos", key)), "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(content)), "Content-Type": "application/offset+octet-stream",
            "Upload-Metadata": metadata(unit_id=unit, filename=f"{named_id(key)}.jpg", title=key),
        }  # fmt: skip
        operation = self._history.invoke("upload", key, "/v1/assets/uploads", {})

        answer = self._until_answered(
            operation, lambda: upload_whole(self._http, told, content), ("upload.wrong_offset",)
        )
        operation.answer = {"id": answer.headers["Upload-Asset"].rpartition("/")[2]}

    def send_file(self, key: str, content: str, channel: str) -> None:
        """Have a file of figures of a channel imported. Raises: Stopped: it was refused for good, or given up."""
        about = {"channel": channel, "rows": content.count("\n") - 1}
        operation = self._history.invoke("import", key, "/v1/imports", about)
        headers = {"Idempotency-Key": str(named_id("chaos", key)), "Content-Type": "application/octet-stream"}
        query = {"filename": f"{named_id(key)}.csv", "channel": channel}
        send = partial(self._http.post, "/v1/imports", params=query, content=content.encode(), headers=headers)
        operation.answer = self._until_answered(operation, send, ()).json()

    def read(self, path: str, **query: Any) -> dict[str, Any]:
        """Return what is there. Raises: Stopped: it was refused for good, or given up."""
        operation = self._history.invoke("read", path, path, {})
        found: dict[str, Any] = self._until_answered(operation, lambda: self._http.get(path, params=query), ()).json()
        return found

    def repeat(self, operation: Operation) -> dict[str, Any]:
        """Return what the platform answers to an operation that was answered before."""
        headers = {"Idempotency-Key": str(named_id("chaos", operation.key))}
        answer: dict[str, Any] = self._http.post(operation.path, json=operation.body, headers=headers).json()
        return answer

    def repeat_read(self, path: str) -> dict[str, Any]:
        """Return what is there, whatever the history."""
        try:
            answer: dict[str, Any] = self._http.get(path).json()
        except httpx.TransportError:
            return {}
        return answer

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _until_answered(
        self, operation: Operation, ask: Callable[[], httpx.Response], until: Sequence[str]
    ) -> httpx.Response:
        pause = PAUSE_S
        while not self.give_up.is_set():
            asked = time.monotonic()
            try:
                answer = ask()
            except httpx.TransportError as error:
                operation.unanswered, operation.detail = operation.unanswered + 1, repr(error)
            else:
                if answer.is_success:
                    self._history.close(operation, "ok", took=time.monotonic() - asked)
                    return answer
                said = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code not in COME_AGAIN and not any(code in answer.text for code in (*NOT_YET, *until)):
                    self._history.close(operation, "fail", detail=said)
                    raise Stopped(said)
                operation.put_off, operation.detail = operation.put_off + 1, said
            self.give_up.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        self._history.close(operation, "info", detail=operation.detail)
        raise Stopped(operation.detail)


class Office:
    """One unit with a website, a scheme of review, a writer and a reviewer who are not the same person."""

    def __init__(self, url: str, key: str, history: History) -> None:
        self._url, self._history, self._admin = url, history, Client(url, key, history)
        self.clients = [self._admin]
        self.writer, self.reviewer = self._person("writer")[1], self._person("reviewer")[1]
        unit = {"name": "商学院", "kind": "college", "since": "2018-09-01"}
        self.unit = str(self._admin.post("set up", "/v1/units", "unit", unit)["id"])
        self.channel, self.imported = self._channel("网站", "website"), self._channel("公众号", "wechat_oa")
        scheme = {"name": "一审", "article_kinds": ["news"]}
        self._admin.post("set up", "/v1/review-schemes", "scheme", scheme)
        self.erased, self.signed = self._who_signs("who leaves", "张三丰")
        self.erased_late, self.signed_late = self._who_signs("who leaves after the copy", "李慕白")

    def write(self, author: int, number: int) -> None:
        """Bring one article from the first draft to the website; count and upload something beside it.

        Raises:
            Stopped: an operation did not end well.
        """
        name = f"{author}/{number}"
        draft = {"unit_id": self.unit, "kind": "news", "title": f"新闻 {name}", "body": "<p>师生积极参与。</p>"}
        article = self.writer.post("draft", "/v1/articles", f"draft/{name}", draft)["id"]
        submission, handed_in = f"/v1/articles/{article}/submission", {"submitted_at": DAY}
        self.writer.post("submit", submission, f"submit/{name}", handed_in)
        if number % 3 == 0:  # several events of one stream on their way to one consumer
            self.writer.post("retract", f"/v1/articles/{article}/withdrawal", f"retract/{name}", {"reason": "错字"})
            self.writer.post("submit", submission, f"submit again/{name}", handed_in)
        if number % 4 == 1:
            self.writer.upload(f"photo/{name}", self.unit, draw(name, number))
        if number % 6 == 2:
            self.writer.send_file(f"file/{name}", _figures(author, number), self.imported)
        if number % 3 == 1:
            training = {
                "unit_id": self.unit,
                "kind": "training",
                "title": f"写作 {name}",
                "starts_at": DAY,
                "ends_at": EVE,
            }
            self.writer.post("train", "/v1/training-sessions", f"train/{name}", training)
        at = f"2021-05-12T{number % 24:02}:{number // 24 % 60:02}:00Z"
        count = {"followers": 1000 + number, "source": f"author {author}", "taken_at": at}
        self.writer.post("count", f"/v1/channels/{self.channel}/snapshots", f"count/{name}", count)
        path, decision = f"/v1/reviews/{case_id_of(article, 1)}/decision", {"decision": "approve", "decided_at": DAY}
        not_open = ("review.case_not_found", "review.case_decided")
        self.reviewer.post("decide", path, f"decide/{name}", decision, until=not_open)
        publication = {"channel_id": self.channel, "published_at": DAY}
        path = f"/v1/articles/{article}/publications"
        self.writer.post("publish", path, f"publish/{name}", publication, until=("content.not_approved",))

    def look(self) -> dict[str, Any]:
        """Return the matrix of the year. Raises: Stopped: it was refused, or given up."""
        return self.reviewer.read("/v1/matrix", period="2021", unit=self.unit)

    def ask_again(self, history: History, at_most: int = 60) -> list[str]:
        """Repeat some of what was acknowledged, with the same keys; return where the answer is another one now."""
        mine = [one for one in history.acknowledged() if one.kind in ("draft", "submit", "publish", "count", "train")]
        mine = [one for one in mine if not one.key.startswith("draft/who leaves")]
        found = []
        for one in mine[:: max(1, len(mine) // at_most)]:
            again = self.writer.repeat(one)
            if any(again.get(name) != one.answer[name] for name in ("id", "version", "position")):
                found.append(f"asked again, {one.kind} {one.key} answers {again} instead of {one.answer}")
        return found + self.names_shown()

    def names_shown(self) -> list[str]:
        """Return where the name of an erased person can be read."""
        shown = str([self.writer.repeat_read(f"/v1/articles/{one}") for one in (self.signed, self.signed_late)])
        return [f"an erased person's name is shown: {name}" for name in ("张三丰", "李慕白") if name in shown]

    def give_up(self) -> None:
        """Let nobody ask for anything any longer."""
        for client in self.clients:
            client.give_up.set()

    def close(self) -> None:
        """Let go of every connection."""
        for client in self.clients:
            client.close()

    def imports_unfinished(self, history: History) -> list[str]:
        """Return the imports that were taken on and are not done; one that a restored copy has not is none."""
        found = []
        for one in history.acknowledged("import"):
            now = self.writer.repeat_read(f"/v1/imports/{one.answer['id']}")
            done = now.get("state") == "done" and not now["rows"]["rejected"]
            if not done and now.get("status") != 404:
                found.append(f"import {one.key} is {now.get('state')}: {now.get('rows')}")
        return found

    def _channel(self, name: str, kind: str) -> str:
        channel = {"unit_id": self.unit, "kind": kind, "name": name, "opened_at": OFFICE_OPENED}
        channel["tier"] = "college_site" if kind == "website" else "none"
        return str(self._admin.post("set up", "/v1/channels", f"channel/{name}", channel)["id"])

    def _who_signs(self, who: str, name: str) -> tuple[str, str]:
        """Return somebody who wrote one article under a name, and the article."""
        person, author = self._person(who)
        draft = {"unit_id": self.unit, "kind": "news", "title": "留言", "body": "<p>再见。</p>", "byline": name}
        return person, author.post("draft", "/v1/articles", f"draft/{who}", draft)["id"]

    def _person(self, name: str) -> tuple[str, Client]:
        account = {"name": name, "role": "office_editor", "units": ["*"]}
        made = self._admin.post("set up", "/v1/accounts", f"account/{name}", account)["id"]
        issued = self._admin.post("set up", f"/v1/accounts/{made}/keys", f"key/{name}", {"label": "chaos"})
        self.clients.append(Client(self._url, issued["key"], self._history))
        return made, self.clients[-1]


def _figures(author: int, number: int) -> str:
    """Return a file of three counts that no other file of the run has."""
    minutes = [divmod(3 * number + row, 60) for row in range(3)]
    rows = [f"2021-03-{author + 1:02} {hour:02}:{minute:02},{hour * 60 + minute}" for hour, minute in minutes]
    return "\n".join(["taken_at,followers", *rows, ""])


class Crowd:
    """Authors who each write one article after the other, and a reader, until told to stop."""

    def __init__(self, office: Office, authors: int) -> None:
        self._office, self._stop = office, threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(one,), daemon=True) for one in range(authors)]
        self._threads.append(threading.Thread(target=self._look, daemon=True))

    def start(self) -> None:
        """Let everybody begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let nobody begin anything new; what was begun is brought to its end."""
        self._stop.set()

    def join(self, patience_s: float) -> bool:
        """Return whether everybody brought what they had begun to its end in time."""
        ends = time.monotonic() + patience_s
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _write(self, author: int) -> None:
        number = 0
        while not self._stop.is_set():
            try:
                self._office.write(author, number)
            except Stopped:
                self._stop.wait(0.2)  # written down already
            number += 1

    def _look(self) -> None:
        while not self._stop.is_set():
            with suppress(Stopped):
                self._office.look()
            self._stop.wait(0.2)
