"""Calling a service through our door, beside a bare nameko service: the same echo, client and broker for both."""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import pika
from pika.exceptions import AMQPError

from infra.health import listening
from loadtests.cpu import cpu_s, family
from loadtests.peers import Comparison, Sample, compare
from loadtests.world import World
from shared import topology
from shared.config import Settings

CALLS_AT_ONCE = 8
SLICE_S = 0.6
START_S = 60.0
REQUEST = {"body": {"unit_id": str(uuid4()), "name": "体育学院融媒体中心"}, "correlation_id": str(uuid4())}


def calls(world: World) -> list[Comparison]:
    """Return calls per second to one process of each service, eight under way; processor time is the service's."""
    settings = world.settings
    with _service(settings, "ours", "training") as ours, _service(settings, "bare", "bare") as bare:
        found = compare(
            "rpc", f"RPC, {CALLS_AT_ONCE} at once", "bare nameko service", "calls/s",
            lambda: _rate(settings, "training.echo", ours), lambda: _rate(settings, "bare.echo", bare),
        )  # fmt: skip
    return [found]


@contextmanager
def _service(settings: Settings, whose: str, name: str) -> Iterator[int]:
    """Give the process of a service that listens."""
    process = subprocess.Popen([sys.executable, "-m", "loadtests.echo", whose], stdin=subprocess.PIPE)
    assert process.stdin
    pickle.dump(settings, process.stdin)
    process.stdin.close()
    try:
        _await(settings, f"rpc-{name}", process)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _await(settings: Settings, queue: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with suppress(AMQPError):  # there is no such queue yet
            if listening(settings.amqp_url, queue)() is None:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nobody listens on {queue}")


def _rate(settings: Settings, method: str, service: int) -> Sample:
    """Return calls per second over one slice; each answer is followed by the next call."""
    connection = topology.connect(settings.amqp_url)
    channel, answers = connection.channel(), 0
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, topology.REQUESTS, queue)

    def call() -> None:
        properties = pika.BasicProperties(
            content_type="application/json", content_encoding="utf-8", reply_to=queue, correlation_id=str(uuid4())
        )
        channel.basic_publish(topology.REQUESTS, method, json.dumps({"args": [REQUEST], "kwargs": {}}), properties)

    def on_answer(_channel: Any, _method: Any, _properties: Any, body: bytes) -> None:
        nonlocal answers
        assert json.loads(body) == {"result": REQUEST, "error": None}, body
        answers += 1
        call()

    channel.basic_consume(queue, on_answer, auto_ack=True)
    for _ in range(CALLS_AT_ONCE):
        call()
    started, used = time.perf_counter(), cpu_s(family(service))
    while (now := time.perf_counter()) < started + SLICE_S:
        connection.process_data_events(0.1)
    used = cpu_s(family(service)) - used
    connection.close()
    return Sample(answers / (now - started), used * 1e6 / max(answers, 1))
