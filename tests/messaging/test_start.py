"""How processes start where something is missing: one line says what to do, and they go on when it is done."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from conftest import FreshDatabase, MakeDatabase
from infra.servers import Servers
from infra.servers.ports import answers, free_port
from shared.contracts import SERVICES
from tests.messaging.conftest import wait_until


class Started:
    """A process of the platform, and what it says."""

    def __init__(self, process: "subprocess.Popen[bytes]", path: Path) -> None:
        self.process, self._path = process, path

    def said(self) -> str:
        """Return everything."""
        return self._path.read_text()

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return its log lines of an event."""
        found = [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def until(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Return its log lines of an event when there are so many."""
        return wait_until(lambda: (lines := self.lines(event)) if len(self.lines(event)) >= count else None)  # type: ignore[no-any-return]


Start = Callable[..., Started]


@pytest.fixture
def database(postgres_database: MakeDatabase) -> FreshDatabase:
    """Give a migrated database of content."""
    return postgres_database("content")


@pytest.fixture
def start(database: FreshDatabase, servers: Servers, tmp_path: Path) -> Iterator[Start]:
    """Give a function that starts a process of the platform on the servers, with some settings changed."""
    started: list[Started] = []

    def begin(*command: str, **env: str) -> Started:
        path = tmp_path / f"{len(started)}.log"
        full = {**os.environ, **database.env, **env}
        with path.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "infra.cli", *command], env=full, stdout=output, stderr=output
            )
        started.append(Started(process, path))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.wait()


def note_version(database: FreshDatabase, version: str) -> None:
    engine = create_engine(database.owner_url)
    with engine.begin() as db:
        db.exec_driver_sql(f"update alembic_version set version_num = '{version}'")
    engine.dispose()


def wrong(amqp_url: str, *, password: str | None = None, vhost: str = "") -> dict[str, str]:
    """Return settings that lead to the broker in vain."""
    way, _, host = amqp_url.rpartition("@")
    way = f"{way.rpartition(':')[0]}:{password}" if password else way
    return {"MATRIX_AMQP_URL_FILE": "", "MATRIX_AMQP_URL": f"{way}@{host.partition('/')[0]}/{vhost}"}


def test_a_broker_that_refuses_the_password_is_said_in_one_line(start: Start, amqp_url: str) -> None:
    service = start("serve", "content", **wrong(amqp_url, password="guessed"))
    assert service.until("start.waits")[0]["reason"].startswith("RabbitMQ refuses user and password: correct")
    assert service.process.poll() is None and "Traceback" not in service.said()


def test_a_virtual_host_that_is_not_there_is_said_in_one_line(start: Start, amqp_url: str) -> None:
    service = start("serve", "content", **wrong(amqp_url, vhost="elsewhere"))
    assert "vhost elsewhere not found" in service.until("start.waits")[0]["reason"]
    assert "Traceback" not in service.said()


@pytest.mark.parametrize("host", ["127.0.0.1", "broker.invalid"])
def test_a_broker_that_is_not_there_is_said_in_one_line_however_often_it_is_tried(start: Start, host: str) -> None:
    """A host whose name is not known yet ended the process once."""
    nowhere = {"MATRIX_AMQP_URL_FILE": "", "MATRIX_AMQP_URL": f"amqp://x:y@{host}:{free_port()}/"}
    service, projector = start("serve", "content", **nowhere), start("relay", "content", **nowhere)
    assert "no RabbitMQ answers: start it" in service.until("start.waits")[0]["reason"]
    projector.until("relay.session_failed")
    with pytest.raises(subprocess.TimeoutExpired):
        service.process.wait(3)
    for one in (service, projector):
        assert len([line for line in one.said().splitlines() if "Connect" in line or "invalid" in line]) <= 1
        assert "Traceback" not in one.said() and one.process.poll() is None


def test_tables_that_are_older_are_waited_for_and_then_the_service_starts(
    start: Start, database: FreshDatabase
) -> None:
    note_version(database, "0001")
    service, relay = start("serve", "content"), start("relay", "content")
    said = "the tables of content are of version 0001, this program needs"
    for one in (service, relay):
        assert (
            said in one.until("start.waits")[0]["reason"]
            and "`matrix migrate`" in one.lines("start.waits")[0]["reason"]
        )
    note_version(database, "0099")  # newer ones serve too: a migration only adds
    service.until("service.started")
    relay.until("relay.leads")
    assert "Traceback" not in service.said() + relay.said()


def test_a_log_that_lacks_something_keeps_no_other_from_being_published(start: Start) -> None:
    """Only content has tables in this database."""
    relay = start("relay")
    assert len(relay.until("start.waits", len(SERVICES) - 1)) == len(SERVICES) - 1
    assert [line["log"] for line in relay.until("relay.leads")] == ["content"]


def test_a_gateway_waits_for_its_tables_and_answers_without_its_database(start: Start) -> None:
    """Only content has tables in this database."""
    lacking = start("gateway", MATRIX_PORT=str(free_port()))
    assert "run `matrix migrate`" in lacking.until("start.waits")[0]["reason"]
    nowhere, port = f"postgresql+psycopg2://matrix_{{owner}}@127.0.0.1:{free_port()}/matrix", free_port()
    alone = start("gateway", MATRIX_PORT=str(port), MATRIX_DATABASE=nowhere)
    wait_until(lambda: answers(port))
    assert len(alone.until("access.unchecked")) == 1
    assert "Traceback" not in lacking.said() + alone.said()


def test_a_setting_that_only_the_application_reads_ends_the_gateway_with_one_line(start: Start) -> None:
    gateway = start("gateway", MATRIX_CORS_ORIGINS="nonsense", MATRIX_PORT=str(free_port()),
                    MATRIX_DATABASE=f"postgresql+psycopg2://x@127.0.0.1:{free_port()}/x")  # fmt: skip
    assert gateway.process.wait(40)
    assert "setting: MATRIX_CORS_ORIGINS: 'nonsense' is no origin" in gateway.said()
    assert "Traceback" not in gateway.said()


def test_a_database_that_is_not_there_is_said_in_one_line(start: Start) -> None:
    nowhere = f"postgresql+psycopg2://matrix_{{owner}}@127.0.0.1:{free_port()}/matrix"
    for command in (["serve", "content"], ["project"], ["relay", "content"]):
        process = start(*command, MATRIX_DATABASE=nowhere)
        assert process.until("start.waits")[0]["reason"].startswith("no PostgreSQL answers: start it")
        assert "Traceback" not in process.said()
