"""Callers who come at once are looked up together, and nobody is answered with what was read before he asked."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.accounts import Identity, Proof
from gateway.lookups import Lookups
from shared.errors import Unavailable

MANY = 200


def proof(number: int) -> Proof:
    return Proof("key", f"{number:08}", "x")


def identity(of: Proof) -> Identity:
    account: Any = None
    return Identity(name=of.prefix, key_id=None, account=account, expires_at=datetime.max.replace(tzinfo=UTC))


class Book:
    """Answers when it is let; ``readings`` are the proofs of each reading."""

    def __init__(self) -> None:
        self.readings: list[list[Proof]] = []
        self.open = asyncio.Event()
        self.failure: Exception | None = None

    async def read(self, proofs: Sequence[Proof]) -> list[Identity | None]:
        self.readings.append(list(proofs))
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return [identity(each) if each.digest == "x" else None for each in proofs]


class OneByOne(Lookups):
    """Mutant: a reading for each."""

    async def find(self, proof: Proof) -> Identity | None:
        return (await self._read([proof]))[0]


def readings(kind: type[Lookups]) -> int:
    """Return how many readings it took to look up many who came while one was under way."""

    async def scene() -> int:
        book = Book()
        lookups = kind(book.read)
        coming = [asyncio.create_task(lookups.find(proof(number))) for number in range(MANY)]
        await asyncio.sleep(0)
        coming += [asyncio.create_task(lookups.find(proof(number))) for number in range(MANY)]
        await asyncio.sleep(0)
        book.open.set()
        found = await asyncio.gather(*coming)
        assert [each.name for each in found if each] == 2 * [f"{number:08}" for number in range(MANY)]
        return len(book.readings)

    return asyncio.run(scene())


def test_many_who_come_at_once_are_looked_up_together() -> None:
    assert readings(Lookups) <= 2 < MANY <= readings(OneByOne)


def test_who_asks_while_a_reading_is_under_way_is_not_answered_by_it() -> None:
    """It may have begun before the caller's key was revoked."""

    async def scene() -> None:
        book = Book()
        lookups = Lookups(book.read)
        first = asyncio.create_task(lookups.find(proof(1)))
        while not book.readings:
            await asyncio.sleep(0)
        second = asyncio.create_task(lookups.find(proof(1)))
        await asyncio.sleep(0)
        book.open.set()
        await asyncio.gather(first, second)
        assert book.readings == [[proof(1)], [proof(1)]]

    asyncio.run(scene())


def test_who_is_nobody_is_nobody_beside_others() -> None:
    async def scene() -> None:
        book = Book()
        book.open.set()
        lookups = Lookups(book.read)
        somebody, nobody = await asyncio.gather(lookups.find(proof(1)), lookups.find(Proof("key", "1", "other")))
        assert somebody is not None and nobody is None

    asyncio.run(scene())


def test_a_silent_database_is_told_to_everybody_and_the_next_are_looked_up_again() -> None:
    async def scene() -> None:
        book = Book()
        book.open.set()
        book.failure = Unavailable("database.unavailable")
        lookups = Lookups(book.read)
        told = await asyncio.gather(*(lookups.find(proof(number)) for number in range(3)), return_exceptions=True)
        assert all(isinstance(each, Unavailable) for each in told)
        book.failure = None
        assert await lookups.find(proof(1)) is not None

    asyncio.run(scene())


def test_who_goes_away_takes_nobody_with_him() -> None:
    async def scene() -> None:
        book = Book()
        lookups = Lookups(book.read)
        impatient, patient = (asyncio.create_task(lookups.find(proof(1))) for _ in range(2))
        while not book.readings:
            await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        book.open.set()
        assert await patient is not None

    asyncio.run(scene())
