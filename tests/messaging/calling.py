"""Calls as the gateway makes them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from gateway.rpc import BrokerRpc
from tests.messaging.conftest import World


@asynccontextmanager
async def calling(world: World) -> AsyncIterator[BrokerRpc]:
    rpc = BrokerRpc(world.settings.amqp_url)
    try:
        yield rpc
    finally:
        await rpc.close()


def with_rpc(world: World, work: Callable[[BrokerRpc], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with calling(world) as rpc:
            return await work(rpc)

    return asyncio.run(run())


def asking(**body: Any) -> dict[str, Any]:
    return {"body": body}
