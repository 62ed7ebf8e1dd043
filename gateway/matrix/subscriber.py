"""What a gateway worker hears on the bus: that the matrix moved, and which services have nobody at their queue."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError

from gateway.matrix.freshness import Freshness
from shared.contracts import SERVICES
from shared.logs import log_failure
from shared.topology import CHANGES, silent

HEARTBEAT_S = 15
ASK_S = 5.0
PAUSE_S = 2.0


class Subscriber:
    """Listens until cancelled, on connection after connection. A word missed is made up for by the watcher's poll."""

    def __init__(self, amqp_url: str, freshness: Freshness, wake: Callable[[], None]) -> None:
        self._amqp_url, self._freshness, self._wake = amqp_url, freshness, wake

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except (AMQPError, OSError, RuntimeError, TimeoutError) as error:
                log_failure("matrix.no_broker", silent(error))
                for service in SERVICES:
                    self._freshness.answers(service, alive=False)
            await asyncio.sleep(PAUSE_S)

    async def _listen(self) -> None:
        connection = await aio_pika.connect(
            self._amqp_url,
            heartbeat=HEARTBEAT_S,
            timeout=HEARTBEAT_S,
            client_properties={"connection_name": "matrix changes"},
        )
        async with connection:
            channel = await connection.channel(publisher_confirms=False)
            exchange = await channel.get_exchange(CHANGES)
            queue = await channel.declare_queue(exclusive=True, auto_delete=True)
            await queue.bind(exchange)
            await queue.consume(self._on_change, no_ack=True)
            while not connection.is_closed:
                for service in SERVICES:
                    self._freshness.answers(service, alive=await _is_served(connection, service))
                await asyncio.sleep(ASK_S)

    async def _on_change(self, _: AbstractIncomingMessage) -> None:
        self._wake()


async def _is_served(connection: AbstractConnection, service: str) -> bool:
    """Return whether somebody consumes the service's request queue. Asking for a queue that is gone costs a channel."""
    channel = await connection.channel(publisher_confirms=False)
    try:
        queue = await channel.declare_queue(f"rpc-{service}", passive=True)
        return bool(queue.declaration_result.consumer_count)
    except AMQPError:
        return False
    finally:
        with suppress(AMQPError, RuntimeError):
            await channel.close()
