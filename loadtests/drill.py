"""``make drill``: what an operator does to running containers, done while articles go through; nothing may be lost.

Writers hand in, approve and publish without a pause while containers are scaled, killed, restarted and replaced by a
rebuilt image. At the end the matrix must count each acknowledged publication once, each article must be there once,
every chain must be whole and no dead letter must lie anywhere.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import click

from infra.client import Client
from infra.servers.ports import wait_until
from shared.codec import instant
from shared.contracts import SERVICES
from shared.errors import PlatformError, Unavailable

WRITERS = 4
CALM_S = 5.0  # of traffic after each act
PATIENCE_S = 120
SCALED = (*SERVICES, "relay", "projector")
REPLACED = (*SERVICES, "relay", "projector", "gateway")


@dataclass
class Traffic:
    """People who write without a pause: what was acknowledged, and the longest wait for an answer."""

    writer: Client
    reviewer: Client
    run: str
    published: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    numbers: Iterator[int] = field(default_factory=count)
    ended: threading.Event = field(default_factory=threading.Event)

    def prepare(self) -> None:
        """Make a unit with a channel, so that what is counted is this run's alone."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        unit = {"name": f"演练 {self.run}", "kind": "department", "since": f"{yesterday:%F}"}
        self.unit = self._post(self.writer, "units", "unit", unit)["id"]
        channel = {
            "unit_id": self.unit, "kind": "website", "name": f"演练 {self.run}", "opened_at": instant(yesterday),
        }  # fmt: skip
        self.channel = self._post(self.writer, "channels", "channel", channel)["id"]
        scheme = {"name": "一审", "article_kinds": ["news", "wechat_post", "video_post"]}
        if not self.writer.get("review-schemes")["items"]:
            self._post(self.writer, "review-schemes", "scheme", scheme)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Let the people work while the block runs; what is in hand is finished at its end."""
        threads = [threading.Thread(target=self._work) for _ in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.ended.set()
            for thread in threads:
                thread.join()

    def _work(self) -> None:
        while not self.ended.is_set():
            number = next(self.numbers)
            try:
                self._article(number)
            except PlatformError as error:
                self.refused.append(f"{number}: {error.code} {error.detail}")

    def _article(self, number: int) -> None:
        draft = {"unit_id": self.unit, "kind": "news", "title": f"第{number}篇", "body": "演练时写下的一篇短文。"}
        article = self._post(self.writer, "articles", f"draft/{number}", draft)["id"]
        self._post(self.writer, f"articles/{article}/submission", f"submit/{number}", {})
        case = self._case(article)
        self._post(self.reviewer, f"reviews/{case}/decision", f"decide/{number}", {"decision": "approve"})
        receipt = {"channel_id": self.channel, "published_at": instant(datetime.now(UTC))}
        self._post(self.writer, f"articles/{article}/publications", f"publish/{number}", receipt)
        self.published.append(article)

    def _case(self, article: str) -> str:
        cases: list[dict[str, Any]] = []

        def opened() -> bool:
            cases[:] = self.reviewer.get("reviews", article_id=article)["items"]
            return bool(cases)

        if not wait_until(opened, PATIENCE_S):
            raise Unavailable("drill.no_case", f"no review case for article {article} within {PATIENCE_S} s")
        return str(cases[0]["id"])

    def _post(self, person: Client, path: str, key: str, body: dict[str, Any]) -> dict[str, str]:
        began = time.monotonic()
        answer = person.post(path, f"drill/{self.run}/{key}", body, until=("content.not_approved",))
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        return answer


def acts() -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what is done to the platform, and its words."""
    for name in SCALED:
        yield f"{name} to 3", lambda name=name: _scale(name, 3)  # type: ignore[misc]
        yield f"{name} back to 1", lambda name=name: _scale(name, 1)  # type: ignore[misc]
    for name in (*REPLACED, "rabbitmq", "postgres", "storage"):
        yield f"{name} killed and replaced", lambda name=name: _replace(name)  # type: ignore[misc]
    for name in ("rabbitmq", "postgres"):
        yield f"{name} restarted", lambda name=name: _compose("restart", name)  # type: ignore[misc]
    yield "image rebuilt and rolled", _roll


def _scale(name: str, number: int) -> None:
    _compose("up", "--detach", "--no-deps", "--no-recreate", "--wait", "--scale", f"{name}={number}", name)


def _replace(name: str) -> None:
    _compose("kill", name)
    _compose("up", "--detach", "--no-deps", "--force-recreate", "--wait", name)


def _roll() -> None:
    """Build the image with another label, as any change of it would, and replace one service after the other."""
    _compose("build", "--quiet", "--build-arg", f"BUILT_AT={datetime.now(UTC):%FT%TZ}", *REPLACED)
    for name in REPLACED:
        _compose("up", "--detach", "--no-deps", "--wait", name)


def _compose(*arguments: str) -> str:
    """Return what ``docker compose`` printed.

    Raises:
        click.ClickException: it failed; its last words are in the text.
    """
    done = subprocess.run(["docker", "compose", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"docker compose {' '.join(arguments)}: {done.stderr.strip()[-800:]}")
    return done.stdout


def _key(name: str) -> str:
    made = _compose(
        "exec", "-T", "gateway", "matrix", "key", "create", "--role", "office_editor", "--name", name, "--days", "1"
    )
    return made.strip()


def _settled(traffic: Traffic) -> int:
    """Return how many publications the matrix counts for the run's unit, at the latest when it has counted them all."""
    period = f"{datetime.now(UTC) - timedelta(days=1):%F}..{datetime.now(UTC) + timedelta(days=1):%F}"

    def counted() -> int:
        units = traffic.writer.get("matrix", period=period, unit=traffic.unit)["units"]
        return sum(unit["figures"].get("news_published", {"value": 0})["value"] or 0 for unit in units)

    wait_until(lambda: counted() >= len(traffic.published), PATIENCE_S)
    return counted()


def _faults(traffic: Traffic) -> Iterator[str]:
    """Yield what is wrong after the run."""
    acknowledged, counted = len(traffic.published), _settled(traffic)
    if counted != acknowledged:
        yield f"the matrix counts {counted} publications, acknowledged were {acknowledged}"
    titles = [article["title"] for article in traffic.writer.all("articles", unit_id=traffic.unit)]
    if len(titles) != len(set(titles)) or len(titles) < acknowledged:
        yield f"{len(titles)} articles under {len(set(titles))} titles, {acknowledged} were acknowledged"
    yield from traffic.refused
    if "whole" not in (verdict := _compose("run", "--rm", "operator", "verify")) or "BREAKS" in verdict:
        yield verdict
    if not (letters := _compose("run", "--rm", "operator", "dead-letters", "list")).startswith("0 "):
        yield letters


@click.command()
@click.option("--only", default="", help="Only acts with this in their name.")
def drill(only: str) -> None:
    """Scale, kill, restart and roll the containers of `make up` under traffic; exit code 1 when anything was lost."""
    address = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
    traffic = Traffic(Client(address, _key("drill: writer")), Client(address, _key("drill: reviewer")), uuid4().hex[:8])
    traffic.prepare()
    click.echo(f"{'act':<32} {'took':>7} {'published':>10} {'longest answer':>15}")
    with traffic.flowing():
        for name, act in acts():
            if only in name:
                _carry_out(name, act, traffic)
    faults = list(_faults(traffic))
    for fault in faults:
        click.secho(fault, fg="red")
    click.echo(
        f"{len(traffic.published)} articles published: {'nothing lost, nothing doubled' if not faults else 'FAULTS'}"
    )
    sys.exit(1 if faults else 0)


def _carry_out(name: str, act: Callable[[], None], traffic: Traffic) -> None:
    traffic.longest_s, before, began = 0.0, len(traffic.published), time.monotonic()
    act()
    took = time.monotonic() - began
    time.sleep(CALM_S)
    click.echo(f"{name:<32} {took:>5.1f} s {len(traffic.published) - before:>10} {traffic.longest_s:>13.1f} s")


if __name__ == "__main__":
    drill()
