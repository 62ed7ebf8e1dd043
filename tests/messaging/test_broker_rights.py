"""Who may declare, publish and read what on a real broker: each process what its contract needs, and no more. S46."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from infra import broker_users
from infra.broker_users import PROCESSES
from infra.servers import Servers
from shared import topology
from shared.contracts import SERVICES
from shared.contracts.consumers import CONSUMERS

Act = Callable[[Any], object]
REFUSED = 403
LISTENS, LOOPBACK = "0A", {"0100007F", f"{'0' * 24}01000000"}  # in the kernel's table of sockets
ONE_AT_A_TIME = 405  # may read, but not beside the one active consumer
EXCHANGES = (topology.EVENTS, topology.DEAD, topology.CHANGES, topology.REQUESTS, topology.retry_queue(1))
# By hand, once more: who may publish to which exchange (with a routing key of its contract).
PUBLISHES = {
    topology.EVENTS: {"relay"},
    topology.DEAD: {"relay", "projector", *SERVICES},
    topology.CHANGES: {"relay", "projector"},
    topology.retry_queue(1): {"relay", *SERVICES},
    topology.REQUESTS: {"gateway", *SERVICES},
}


@pytest.fixture(scope="module")
def urls(servers: Servers) -> dict[str, str]:
    """Give the URL of each process's user; the relay has declared the bus, and services their queues for requests."""
    found = {name: (servers.folder / "secrets" / f"amqp_{name}").read_text() for name in PROCESSES}
    topology.declare(found["relay"], CONSUMERS)
    for service in SERVICES:
        assert attempt(found[service], declaring(f"rpc-{service}"))
    return found


def attempt(url: str, act: Act) -> bool:
    """Return whether the broker let the user act."""
    connection = topology.connect(url)
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        act(channel)
        return True
    except ChannelClosedByBroker as closed:
        if closed.reply_code not in (REFUSED, ONE_AT_A_TIME):
            raise
        return bool(closed.reply_code == ONE_AT_A_TIME)
    finally:
        connection.close()


def publishing(exchange: str, key: str) -> Act:
    return lambda channel: channel.basic_publish(exchange, key, b"", pika.BasicProperties(expiration="0"))


def reading(queue: str) -> Act:
    return lambda channel: channel.basic_get(queue, auto_ack=False)


def declaring(queue: str) -> Act:
    return lambda channel: channel.queue_declare(queue, durable=True)


def binding(queue: str, exchange: str, key: str) -> Act:
    return lambda channel: channel.queue_bind(queue, exchange, key)


def key_for(exchange: str, user: str) -> str:
    if exchange != topology.REQUESTS:
        return "nobody"
    return "rpc.reply-gateway-1" if user in SERVICES else "content.get_unit"


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_only_who_must_may_publish(urls: dict[str, str], exchange: str) -> None:
    may = {user for user, url in urls.items() if attempt(url, publishing(exchange, key_for(exchange, user)))}
    assert may == PUBLISHES[exchange]


@pytest.mark.parametrize("consumer", [each.name for each in CONSUMERS])
def test_only_its_owner_and_the_relay_read_a_consumers_queue(urls: dict[str, str], consumer: str) -> None:
    owner = "projector" if consumer == "gateway.matrix" else consumer.partition(".")[0]
    may = {user for user, url in urls.items() if attempt(url, reading(consumer))}
    assert may == {owner, "relay"}


@pytest.mark.parametrize("service", SERVICES)
def test_only_a_service_reads_the_requests_to_it(urls: dict[str, str], service: str) -> None:
    may = {user for user, url in urls.items() if attempt(url, reading(f"rpc-{service}"))}
    assert may == {service}


def test_a_service_sends_answers_and_no_requests(urls: dict[str, str]) -> None:
    asks = publishing(topology.REQUESTS, "content.publish_article")
    assert not any(attempt(urls[service], asks) for service in SERVICES)


def test_nobody_listens_to_what_is_anothers(urls: dict[str, str]) -> None:
    """A queue of one's own bound to a stranger's routing key would hear everything that is said to him."""
    for service in SERVICES:
        for exchange, key in ((topology.EVENTS, "#"), (topology.REQUESTS, "#"), (topology.REQUESTS, "other.*")):
            assert not attempt(urls[service], binding(f"rpc-{service}", exchange, key)), (service, exchange, key)
        assert attempt(urls[service], binding(f"rpc-{service}", topology.REQUESTS, f"{service}.*"))


def test_only_the_relay_declares_and_deletes_the_bus(urls: dict[str, str]) -> None:
    deletes: list[Act] = [
        lambda channel: channel.queue_delete("review.on-submission"),
        lambda channel: channel.queue_purge("gateway.matrix"),
        lambda channel: channel.exchange_delete(topology.EVENTS),
        lambda channel: channel.exchange_delete(topology.REQUESTS),
        lambda channel: channel.queue_declare("mine"),
    ]
    for user in PROCESSES:
        refused = [not attempt(urls[user], act) for act in deletes] if user not in ("relay",) else [True]
        allowed = {"review": [1], "projector": [1]}.get(user, [])  # purging what one reads is reading it
        assert all(told or at in allowed for at, told in enumerate(refused)), (user, refused)


def test_looking_needs_no_right(urls: dict[str, str]) -> None:
    for url in urls.values():
        topology.ensure(url, CONSUMERS)


def test_the_mutant_of_one_user_for_all_is_caught(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, urls: dict[str, str]
) -> None:
    everybody = dict.fromkeys(PROCESSES, servers.amqp_url)
    may = {user for user, url in everybody.items() if attempt(url, publishing(topology.EVENTS, "nobody"))}
    assert may != PUBLISHES[topology.EVENTS]


def test_no_user_but_the_operators_is_an_administrator_and_there_is_no_guest(servers: Servers) -> None:
    """S48."""
    import httpx

    address = f"{servers.rabbit.management_url}/api/users"
    user, _, password = servers.amqp_url.removeprefix("amqp://").partition("@")[0].partition(":")
    told = httpx.get(address, auth=(user, password), trust_env=False).json()
    assert {each["name"] for each in told} == {broker_users.OPERATOR, *PROCESSES}
    assert [each["name"] for each in told if each["tags"]] == [broker_users.OPERATOR]
    refused = httpx.get(address, auth=("guest", "guest"), trust_env=False)
    assert refused.status_code == 401


def test_the_broker_is_reached_from_this_machine_only(servers: Servers) -> None:
    """S50: neither its cluster's port nor that of Erlang's port mapper is open to others."""
    rabbit = servers.rabbit
    ports = {rabbit.port, rabbit.management_port, rabbit.cluster_port, rabbit.epmd_port}
    found = {port: hosts for port, hosts in listeners().items() if port in ports}
    assert found.keys() == ports and all(hosts <= LOOPBACK for hosts in found.values())


def listeners() -> dict[int, set[str]]:
    """Return the addresses on which anything listens, by port, as the kernel writes them."""
    found: dict[int, set[str]] = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == LISTENS:
                found.setdefault(int(local.partition(":")[2], 16), set()).add(local.partition(":")[0])
    return found
