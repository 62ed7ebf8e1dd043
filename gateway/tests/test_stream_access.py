"""Who listens to the stream, and how soon a listener who no longer may is cut off. S55."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from falcon import testing

from gateway.tests.kit import OTHER_UNIT, OWN_UNIT, World

Story = Callable[[testing.ASGIConductor], Awaitable[None]]


@pytest.fixture
def world(unstarted_world: World) -> World:
    """Give a gateway that a conductor starts and ends."""
    return unstarted_world


def conducted(world: World, story: Story) -> None:
    async def whole() -> None:
        async with testing.ASGIConductor(world.app) as conductor:
            await story(conductor)

    asyncio.run(whole())


async def heard(stream: Any, word: bytes, within: float) -> None:
    """Read the stream until the word comes."""
    async with asyncio.timeout(within):
        while word not in await stream.stream.read():
            await asyncio.sleep(0.01)  # nothing to read comes at once: spinning would starve the threads


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_nobody_listens_without_a_key(world: World) -> None:
    """S55."""

    async def story(conductor: testing.ASGIConductor) -> None:
        assert (await conductor.simulate_get("/v1/stream")).status_code == 401

    conducted(world, story)


@pytest.mark.parametrize("change", [{"disabled": True}, {"units": [str(OTHER_UNIT)]}])
def test_a_listener_whose_rights_change_hears_of_it_within_a_second(world: World, change: dict[str, Any]) -> None:
    """S55, S09: an account that is closed is cut off; one that is moved must ask for everything anew."""
    key = world.add("viewer", OWN_UNIT)
    account = world.accounts.people.all()[-1].id
    word = b"event: denied" if "disabled" in change else b"event: resync"

    async def story(conductor: testing.ASGIConductor) -> None:
        async with conductor.simulate_get_stream("/v1/stream", headers=bearer(key)) as stream:
            await heard(stream, b"event: hello", 2)
            await asyncio.sleep(0.6)  # the change must be seen, not be there from the start
            await asyncio.to_thread(world.accounts.people.change, account, change)
            await heard(stream, word, 1)

    conducted(world, story)


def test_a_listener_whose_key_is_revoked_is_cut_off_within_a_second(world: World) -> None:
    """S55."""
    key = world.add("viewer", OWN_UNIT)
    revoked: UUID = world.accounts.keys.get(key.split("_")[1]).id

    async def story(conductor: testing.ASGIConductor) -> None:
        async with conductor.simulate_get_stream("/v1/stream", headers=bearer(key)) as stream:
            await heard(stream, b"event: hello", 2)
            await asyncio.sleep(0.6)
            await asyncio.to_thread(world.accounts.keys.revoke, revoked)
            await heard(stream, b"event: denied", 1)

    conducted(world, story)
