"""The editors' desk beside the crowd: a probe that appends at a fixed pace, editors who make news, and a witness."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import gevent

from loadtests.live.plan import HERE, Plan
from loadtests.live.records import GAVE_UP, OK, Records
from loadtests.live.shapes import Shape
from loadtests.live.wire import Connection

PROBES_PER_S = 5.0
TROUBLE_PAUSE_S = 0.2
Body = Callable[[int], dict[str, object]]


@dataclass(eq=False)
class Desk:
    """Everybody here writes with the editors' key."""

    plan: Plan
    shape: Shape
    records: Records

    def probe(self) -> None:
        """Draft an article at a fixed pace: what appending costs while all the rest goes on."""
        self._write("append", 1 / PROBES_PER_S, 0.0, "/v1/articles", self._article)

    def edit(self, number: int) -> None:
        """Make news: count the followers of the editor's channel, now and then."""
        period = self.shape.editors / self.shape.news_per_s
        path = f"/v1/channels/{self.plan.channels[number]}/snapshots"
        self._write("news", period, period * number / self.shape.editors, path, _count)

    def watch(self) -> None:
        """Listen to the end, and note when news of the editors' unit came."""
        heard: list[int] = []
        self.records.notes["heard"] = heard
        word, position = self.plan.unit.encode(), None
        while self.records.now() / 1e6 < self.shape.ends_at:
            try:
                connection = Connection(HERE, self.plan.port, self.plan.editor_key)
                if connection.subscribe(position).status == 200:
                    for news in connection.events():
                        position = news.position or position
                        if word in news.data or b'"units":null' in news.data or news.name == "resync":
                            heard.append(self.records.now())
            except (OSError, ValueError):
                pass  # the platform may be killed on purpose: the witness comes back and asks for what it missed
            gevent.sleep(TROUBLE_PAUSE_S)

    def _write(self, kind: str, period_s: float, first_s: float, path: str, body: Body) -> None:
        """Write at a fixed pace. One waits for the other: what falls behind is measured from when it was due."""
        connection: Connection | None = None
        due, number = first_s, 0
        while due < self.shape.news_until:
            gevent.sleep(max(0.0, due - self.records.now() / 1e6))
            began, number = self.records.now(), number + 1
            text, headers = json.dumps(body(number)).encode(), {"Idempotency-Key": str(uuid4())}
            outcome = GAVE_UP
            try:
                connection, outcome = self._send(connection, path, headers, text)
            finally:  # also where the run ends before the answer
                self.records.note(kind, round(due * 1e6), began, outcome)
            due += period_s

    def _send(
        self, connection: Connection | None, path: str, headers: dict[str, str], text: bytes
    ) -> tuple[Connection | None, str]:
        """Return the connection to use next, and what came of it."""
        outcome = ""
        for kept in (connection, None):  # a connection that was kept may have been closed meanwhile: once more
            try:
                used = kept or Connection(HERE, self.plan.port, self.plan.editor_key)
                status = used.ask("POST", path, headers, text).status
                return used, OK if status in (200, 201) else f"status {status}"
            except OSError as error:
                outcome = type(error).__name__
        return None, outcome

    def _article(self, number: int) -> dict[str, object]:
        return {"unit_id": self.plan.unit, "kind": "news", "title": f"Load {number}", "body": "<p>现场报道</p>"}


def _count(number: int) -> dict[str, object]:
    return {"followers": 1000 + number, "taken_at": datetime.now(UTC).isoformat()}
