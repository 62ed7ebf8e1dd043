"""The keys of persons: one each, wrapped at rest, and gone for good once erased."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import Engine, select, update

from conftest import MakeDatabase
from shared.database import open_engine, reading, writing
from shared.errors import RuleBroken
from shared.keys import KEY_BYTES, SqlKeyRing
from shared.log.tables import person_key
from shared.sealed import ERASED, seal, unseal
from shared.testing import SECRET

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
    return SqlKeyRing(engine, SECRET)


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
    assert keys.make_key(ANNA) == keys.key(ANNA) == SqlKeyRing(engine, SECRET).key(ANNA) == key
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
        SqlKeyRing(engine, SECRET + "!").key(ANNA)
    keys.make_key(BO)
    with writing(engine) as db:
        db.execute(update(person_key).where(person_key.c.person_id == BO).values(wrapped=stored))
    with pytest.raises(InvalidTag):
        keys.key(BO)


def test_erasing_leaves_nothing_of_the_key_in_its_row(keys: SqlKeyRing, engine: Engine) -> None:
    keys.make_key(ANNA)
    keys.erase(ANNA)
    assert wrapped(engine, ANNA) is None
