"""What the gateway remembers of callers, and how soon it forgets."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine

from conftest import MakeDatabase
from gateway.accounts import Accounts, Proof
from gateway.accounts.tokens import read_key
from gateway.auth import Access, Unknown
from gateway.tests.kit import OTHER_UNIT, OWN_UNIT, World
from shared.database import open_engine
from shared.errors import Unavailable


@pytest.fixture
def engine(sqlite_database: MakeDatabase) -> Engine:
    return open_engine(sqlite_database("gateway").url)


def somebody(accounts: Accounts) -> tuple[UUID, Proof]:
    """Return an account and a proof of it; there is an administrator besides."""
    accounts.people.add("admin", "admin", ["*"])
    account = UUID(accounts.people.add("Li", "viewer", [str(OWN_UNIT)]).body["id"])
    proof = read_key(str(accounts.keys.issue(account, "x").body["key"]))
    assert proof is not None
    return account, proof


def test_a_change_made_by_another_process_is_seen_within_a_second(engine: Engine) -> None:
    async def story() -> None:
        account, proof = somebody(Accounts(engine))
        access, elsewhere = Access(Accounts(engine)), Accounts(engine)
        assert (await access.identify(proof)).account.units == {str(OWN_UNIT)}
        elsewhere.people.change(account, {"units": [str(OTHER_UNIT)]})
        async with asyncio.timeout(1):
            while (await access.identify(proof)).account.units != {str(OTHER_UNIT)}:
                await asyncio.sleep(0.02)
        elsewhere.keys.revoke(elsewhere.keys.all(account)[0].id)
        async with asyncio.timeout(1):
            while await access.check(proof) is not None:
                await asyncio.sleep(0.02)

    asyncio.run(story())


def test_open_connections_are_checked_within_a_second_of_a_change(engine: Engine) -> None:
    """S55: what keeps a stream open is asked again as soon as anybody's access changed."""

    async def story() -> None:
        account, _ = somebody(Accounts(engine))
        access, told = Access(Accounts(engine)), asyncio.Event()

        async def listener() -> None:
            told.set()

        access.on_change(listener)
        watching = asyncio.create_task(access.run())
        await asyncio.sleep(0.3)
        assert not told.is_set()
        Accounts(engine).people.change(account, {"disabled": True})
        async with asyncio.timeout(1):
            await told.wait()
        watching.cancel()

    asyncio.run(story())


def test_a_remembered_caller_is_not_asked_for_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        _, proof = somebody(Accounts(engine))
        access = Access(Accounts(engine))
        await access.identify(proof)
        monkeypatch.setattr(access.accounts, "identify_all", None)
        for _ in range(100):
            await access.identify(proof)

    asyncio.run(story())


def test_while_the_database_is_silent_who_was_known_is_known_and_nobody_else(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        _, proof = somebody(Accounts(engine))
        access = Access(Accounts(engine))
        await access.identify(proof)

        def silent(*_: object) -> int:
            raise Unavailable("database.unavailable")

        monkeypatch.setattr(access.accounts, "revision", silent)
        monkeypatch.setattr(access.accounts, "identify_all", silent)
        access.changed()
        assert (await access.identify(proof)).account.role == "viewer"
        with pytest.raises(Unavailable):
            await access.identify(Proof("key", "somebody", "else"))
        monkeypatch.setattr("gateway.auth.LEFT_ALONE_S", 0.0)
        access.changed()
        with pytest.raises(Unavailable):
            await access.identify(proof)

    asyncio.run(story())


def test_nobody_is_told_why_a_proof_does_not_hold(engine: Engine) -> None:
    async def story() -> None:
        account, proof = somebody(Accounts(engine))
        access = Access(Accounts(engine))
        Accounts(engine).people.change(account, {"disabled": True})
        refusals = []
        for each in (proof, Proof("key", "unknown0", "x"), Proof("session", "", "x")):
            with pytest.raises(Unknown) as refused:
                await access.identify(each)
            refusals.append(refused.value.args)
        assert len(set(map(str, refusals))) == 1

    asyncio.run(story())


def test_using_a_key_is_noted_behind_the_requests_back(world: World, tmp_path: Path) -> None:
    """S02."""
    world.ask("GET", "/v1/me")
    prefix = world.key.split("_")[1]

    async def noted() -> None:
        async with asyncio.timeout(2):
            while world.accounts.keys.get(prefix).last_used_at is None:
                await asyncio.sleep(0.02)

    world.runner.run(noted())


def test_a_changed_role_acts_on_the_next_request(world: World) -> None:
    key = world.add("office_editor")
    account = world.ask("GET", "/v1/me", key).json()["id"]
    before = {"name": "x", "kind": "college", "since": "2021-01-01"}
    assert world.ask("POST", "/v1/units", key, json=before).status_code == 201
    tag = world.ask("GET", f"/v1/accounts/{account}").headers["ETag"]
    changed = world.ask("PATCH", f"/v1/accounts/{account}", headers={"If-Match": tag}, json={"role": "viewer"})
    assert changed.status_code == 200
    assert world.ask("POST", "/v1/units", key, json=before).status_code == 403
