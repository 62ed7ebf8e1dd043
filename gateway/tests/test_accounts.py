"""Accounts and keys as they are kept: hashed, bound to a role, and worthless the moment they are taken away."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text, update

from conftest import MakeDatabase
from gateway.accounts import Accounts, ensure_admin
from gateway.accounts.once import Once
from gateway.accounts.passwords import Login
from gateway.accounts.tables import api_key
from gateway.accounts.tokens import SECRET_BYTES, new_key, read_key
from gateway.tests.kit import OWN_UNIT, World
from shared.database import open_engine, writing
from shared.errors import Conflict, NotFound, RuleBroken


@pytest.fixture
def engine(database: MakeDatabase) -> Iterator[Engine]:
    engine = open_engine(database("gateway").url)
    yield engine
    engine.dispose()


@pytest.fixture
def accounts(engine: Engine) -> Accounts:
    return Accounts(engine)


def issued(accounts: Accounts, account_id: UUID) -> str:
    return str(accounts.keys.issue(account_id, "test").body["key"])


def added(accounts: Accounts, role: str = "viewer") -> UUID:
    return UUID(accounts.people.add("Li Hua", role, [str(OWN_UNIT)]).body["id"])  # type: ignore[arg-type]


def holds(accounts: Accounts, key: str) -> bool:
    proof = read_key(key)
    return proof is not None and accounts.identify(proof) is not None


def test_the_first_start_makes_one_administrator_and_shows_the_key_once(accounts: Accounts) -> None:
    key = ensure_admin(accounts)
    assert key is not None and holds(accounts, key)
    assert ensure_admin(accounts) is None


def test_a_key_has_256_bits_of_secret_and_a_prefix_to_find_it_by() -> None:
    """S01."""
    key, proof = new_key()
    assert SECRET_BYTES * 8 == 256
    assert key.startswith(f"mm_{proof.prefix}_") and len(key.rpartition(f"{proof.prefix}_")[2]) == 43
    assert read_key(key) == proof
    assert len({new_key()[0] for _ in range(1000)}) == 1000


@pytest.mark.parametrize("text", ["", "mm_", "mm_abcdefgh_short", "MM_abcdefgh_" + "a" * 43, "mm_abcdefgh_" + "é" * 43])
def test_what_is_no_key_is_no_proof(text: str) -> None:
    assert read_key(text) is None


def test_a_dump_of_the_database_holds_no_key_and_no_session(world: World) -> None:
    """S01: what is in the database opens nothing."""
    signed_in = world.ask("POST", "/v1/session", None, json={"key": world.key})
    token = signed_in.headers["set-cookie"].partition("=")[2].partition(";")[0]
    issued_answer = world.ask(
        "POST", f"/v1/accounts/{signed_in.json()['id']}/keys", headers={"Idempotency-Key": "1"}, json={"label": "x"}
    )
    with sqlite3.connect(world.deps.settings.data / "gateway.db") as db:
        dump = "\n".join(db.iterdump())
    keys = [world.key, issued_answer.json()["key"]]
    secrets = [*(key.split("_", 2)[2] for key in keys), token]
    assert not [secret for secret in secrets if secret in dump]
    assert read_key(world.key).digest in dump  # type: ignore[union-attr]


def test_a_right_prefix_with_a_wrong_secret_opens_nothing(accounts: Accounts) -> None:
    key = issued(accounts, added(accounts))
    forged = key[:-4] + ("aaaa" if key[-4:] != "aaaa" else "bbbb")
    assert holds(accounts, key) and not holds(accounts, forged)


def test_a_revoked_key_opens_nothing(accounts: Accounts) -> None:
    key = issued(accounts, added(accounts))
    accounts.keys.revoke(accounts.keys.all()[-1].id)
    accounts.keys.revoke(accounts.keys.all()[-1].id)
    assert not holds(accounts, key)


def test_an_expired_key_opens_nothing(accounts: Accounts, engine: Engine) -> None:
    """S02."""
    key = issued(accounts, added(accounts))
    with writing(engine) as db:
        db.execute(update(api_key).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert not holds(accounts, key)


def test_a_disabled_account_opens_nothing_with_any_key_or_session(accounts: Accounts) -> None:
    ensure_admin(accounts)
    account = added(accounts)
    key = issued(accounts, account)
    accounts.people.change(account, {"disabled": True})
    assert not holds(accounts, key)
    assert accounts.keys.prove(read_key(key)) is None  # type: ignore[arg-type]


def test_the_last_use_of_a_key_is_noted(accounts: Accounts) -> None:
    """S02."""
    account, now = added(accounts), datetime(2026, 1, 2, tzinfo=UTC)
    issued(accounts, account)
    key = accounts.keys.all(account)[0]
    assert key.last_used_at is None
    accounts.keys.used({key.id: now})
    assert accounts.keys.all(account)[0].last_used_at == now


def test_a_key_is_found_by_its_prefix_or_id(accounts: Accounts) -> None:
    key = issued(accounts, added(accounts))
    found = accounts.keys.get(key.split("_")[1])
    assert accounts.keys.get(str(found.id)) == found
    with pytest.raises(NotFound):
        accounts.keys.get("nothing!")


def test_every_change_of_access_moves_the_revision(accounts: Accounts) -> None:
    ensure_admin(accounts)
    account = added(accounts)
    issued(accounts, account)
    seen = [accounts.revision()]
    accounts.people.change(account, {"role": "correspondent"})
    seen.append(accounts.revision())
    accounts.keys.revoke(accounts.keys.all(account)[0].id)
    seen.append(accounts.revision())
    assert seen[0] < seen[1] < seen[2]


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "viewer"}, {"units": [str(OWN_UNIT)]}])
def test_the_last_administrator_cannot_be_removed(accounts: Accounts, change: dict[str, object]) -> None:
    """S14."""
    ensure_admin(accounts)
    admin = accounts.people.all()[0]
    with pytest.raises(RuleBroken, match="last_admin"):
        accounts.people.change(admin.id, change)
    assert accounts.people.get(admin.id) == admin
    accounts.people.add("another", "admin", ["*"])
    assert accounts.people.change(admin.id, change) == 2


def test_a_change_of_what_somebody_else_changed_is_a_conflict(accounts: Accounts) -> None:
    ensure_admin(accounts)
    account = added(accounts)
    accounts.people.change(account, {"name": "Li"}, expected_version=1)
    with pytest.raises(Conflict, match=r"stream\.changed"):
        accounts.people.change(account, {"name": "Hua"}, expected_version=1)


def test_an_erased_person_has_no_name_and_no_way_in(accounts: Accounts, engine: Engine) -> None:
    ensure_admin(accounts)
    account = added(accounts)
    key = issued(accounts, account)
    assert accounts.people.erase(account)
    assert accounts.people.get(account).name == "" and not holds(accounts, key)
    with engine.connect() as db:
        assert not db.execute(text("select * from account where name = 'Li Hua'")).all()
    assert not accounts.people.erase(UUID(int=9))


def test_those_a_record_names_have_names_and_nobody_else(accounts: Accounts) -> None:
    known = added(accounts)
    assert accounts.people.names([known, UUID(int=7)]) == {known: "Li Hua"}


def test_the_same_key_makes_one_account(accounts: Accounts) -> None:
    once = Once(key="a", fingerprint="f")
    first = accounts.people.add("Li", "viewer", ["*"], once)
    again = accounts.people.add("Li", "viewer", ["*"], once)
    assert (again.body, again.replayed) == (first.body, True)
    assert len(accounts.people.all()) == 1
    with pytest.raises(RuleBroken, match="key_reused"):
        accounts.people.add("Hua", "viewer", ["*"], Once(key="a", fingerprint="other"))


def test_a_repeated_request_for_a_key_gets_no_second_key_and_not_the_secret_again(accounts: Accounts) -> None:
    account, once = added(accounts), Once(key="k", fingerprint="f")
    first = accounts.keys.issue(account, "phone", key=once)
    again = accounts.keys.issue(account, "phone", key=once)
    assert again.replayed and "key" in first.body and "key" not in again.body
    assert len(accounts.keys.all(account)) == 1


def test_a_password_that_was_replaced_meanwhile_opens_no_session_and_chooses_none(accounts: Accounts) -> None:
    """S06: who was let in by the former password a moment ago is too late."""
    account = UUID(accounts.people.add("Li Hua", "viewer", ["*"], login="li.hua").body["id"])
    given, _ = accounts.passwords.give(account)
    first, second = (accounts.passwords.prove(Login("li.hua", given)) for _ in range(2))
    assert first is not None and second is not None
    chosen = accounts.passwords.choose(account, "tea in the garden", first)
    with pytest.raises(Conflict, match=r"password\.changed"):
        accounts.passwords.choose(account, "coffee in the yard", second)
    assert accounts.sessions.open(second) is None and accounts.sessions.open(chosen) is not None
    accounts.passwords.take(account)
    assert accounts.sessions.open(chosen) is None
