"""The keys of persons: one each, wrapped at rest, and gone for good once erased."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import Engine, select, update

from conftest import MakeDatabase
from shared.database import open_engine, reading, writing
from shared.errors import RuleBroken
from shared.keys import KEY_BYTES, UNREADABLE, SqlKeyRing, Wrapped
from shared.log.tables import person_key
from shared.sealed import ERASED, seal, unseal
from shared.testing import SECRET, SECRETS

ANNA, BO = UUID(int=1), UUID(int=2)


@pytest.fixture
def engine(database: MakeDatabase) -> Iterator[Engine]:
    """Give a fresh database of content."""
    engine = open_engine(database("content").url)
    yield engine
    engine.dispose()


@pytest.fixture
def keys(engine: Engine) -> SqlKeyRing:
    """Give the key ring in it."""
    return SqlKeyRing(engine, SECRETS)


def wrapped(engine: Engine, person: UUID) -> bytes | None:
    with reading(engine) as db:
        found: bytes | None = db.execute(
            select(person_key.c.wrapped).where(person_key.c.person_id == person)
        ).scalar_one()
    return found


def test_a_person_has_one_key_and_no_other_persons(keys: SqlKeyRing, engine: Engine) -> None:
    assert keys.key(ANNA) is None
    key = keys.make_key(ANNA)
    assert key is not None and len(key) == KEY_BYTES
    assert keys.make_key(ANNA) == keys.key(ANNA) == SqlKeyRing(engine, SECRETS).key(ANNA) == key
    assert keys.make_key(BO) != key


def test_many_who_make_a_persons_key_at_once_get_the_same(keys: SqlKeyRing) -> None:
    gate = threading.Barrier(6)

    def make(_: int) -> bytes | None:
        gate.wait()
        return keys.make_key(ANNA)

    with ThreadPoolExecutor(6) as threads:
        made = set(threads.map(make, range(6)))
    assert made == {keys.key(ANNA)} and None not in made


def test_an_erased_person_never_gets_a_key_again(keys: SqlKeyRing) -> None:
    token = seal(keys, ANNA, "name", "安娜")
    assert keys.erase(ANNA) is True
    assert keys.erase(ANNA) is False
    assert keys.key(ANNA) is None and keys.make_key(ANNA) is None
    assert unseal(keys, token, "name") == ERASED
    with pytest.raises(RuleBroken) as refusal:
        seal(keys, ANNA, "name", "安娜")
    assert refusal.value.code == "person.erased"


def test_a_person_erased_before_anything_was_known_of_them_stays_unknown(keys: SqlKeyRing) -> None:
    assert keys.erase(BO) is False
    assert keys.make_key(BO) is None


def test_erasing_one_leaves_the_others(keys: SqlKeyRing) -> None:
    token = seal(keys, BO, "name", "Bo")
    keys.make_key(ANNA)
    keys.erase(ANNA)
    assert unseal(keys, token, "name") == "Bo"


def test_at_rest_a_key_is_wrapped_by_the_platforms_secret_and_bound_to_its_person(
    keys: SqlKeyRing, engine: Engine
) -> None:
    key = keys.make_key(ANNA)
    stored = wrapped(engine, ANNA)
    assert key is not None and stored is not None and key not in stored
    with pytest.raises(InvalidTag):
        SqlKeyRing(engine, (SECRET + "!",)).key(ANNA)
    keys.make_key(BO)
    with writing(engine) as db:
        db.execute(update(person_key).where(person_key.c.person_id == BO).values(wrapped=stored))
    with pytest.raises(InvalidTag):
        keys.key(BO)


NEW = "another-secret-for-tests-only-0123456789abcdef"


def test_while_the_secret_changes_names_of_before_and_after_are_read(engine: Engine) -> None:
    """F60."""
    before, during = SqlKeyRing(engine, SECRETS), SqlKeyRing(engine, (NEW, SECRET))
    of_anna, of_bo = seal(before, ANNA, "name", "安娜"), seal(during, BO, "name", "Bo")
    assert during.under() == {0: 1, 1: 1}
    assert during.wrap_anew() == 1 and during.under() == {0: 2} and during.wrap_anew() == 0
    for keys in (during, SqlKeyRing(engine, (NEW,))):
        assert (unseal(keys, of_anna, "name"), unseal(keys, of_bo, "name")) == ("安娜", "Bo")
    assert before.under() == {UNREADABLE: 2}
    with pytest.raises(InvalidTag):
        before.key(ANNA)


def test_more_keys_than_a_page_are_all_wrapped_anew_and_the_erased_are_left_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.keys.PAGE", 2)
    old, new = SqlKeyRing(engine, SECRETS), SqlKeyRing(engine, (NEW, SECRET))
    made = {person: old.make_key(person) for person in (UUID(int=n) for n in range(5))}
    old.erase(UUID(int=2))
    assert new.wrap_anew() == 4
    assert {person: SqlKeyRing(engine, (NEW,)).key(person) for person in made} == made | {UUID(int=2): None}


def wrap_without_looking(keys: SqlKeyRing, page: Sequence[Wrapped]) -> int:
    """The mutant: write what was made of what was read, whatever is there by now."""
    with writing(keys._engine) as db:
        for person, old in page:
            fresh = keys._wrap(person, keys._unwrap(person, old).key)
            db.execute(update(person_key).where(person_key.c.person_id == person).values(wrapped=fresh))
    return len(page)


@pytest.mark.parametrize(("wrap", "read"), [(SqlKeyRing._wrap_page, ERASED), (wrap_without_looking, "安娜")])
def test_a_person_erased_while_keys_are_wrapped_anew_stays_erased(engine: Engine, wrap: Any, read: str) -> None:
    """F60; the mutant brings back somebody who asked to be forgotten."""
    old, new = SqlKeyRing(engine, SECRETS), SqlKeyRing(engine, (NEW, SECRET))
    token = seal(old, ANNA, "name", "安娜")
    page = next(new._pages())
    old.erase(ANNA)
    wrap(new, page)
    assert unseal(new, token, "name") == read


def test_erasing_leaves_nothing_of_the_key_in_its_row(keys: SqlKeyRing, engine: Engine) -> None:
    keys.make_key(ANNA)
    keys.erase(ANNA)
    assert wrapped(engine, ANNA) is None
