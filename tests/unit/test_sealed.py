"""Personal fields: sealed, readable with the key, and gone with it."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RuleBroken
from shared.sealed import ERASED, is_sealed, seal, subject, unseal

PERSON = UUID(int=7)


class DictKeyRing:
    """Keys in memory; a person once erased gets no other."""

    def __init__(self) -> None:
        self.keys: dict[UUID, bytes | None] = {}

    def key(self, person: UUID) -> bytes | None:
        return self.keys.get(person)

    def make_key(self, person: UUID) -> bytes | None:
        return self.keys.setdefault(person, uuid4().bytes + uuid4().bytes)

    def erase(self, person: UUID) -> bool:
        had = self.keys.get(person) is not None
        self.keys[person] = None
        return had


@given(st.text())
def test_what_was_sealed_is_read_back_by_who_holds_the_key(plain: str) -> None:
    keys = DictKeyRing()
    token = seal(keys, PERSON, "name", plain)
    assert unseal(keys, token, "name") == plain


@given(st.text(alphabet="张王李赵钱孙", min_size=2))
def test_a_token_does_not_hold_the_plain_text(plain: str) -> None:
    token = seal(DictKeyRing(), PERSON, "name", plain)
    assert is_sealed(token) and plain not in token and subject(token) == PERSON


def test_erasing_a_person_leaves_tokens_nobody_can_read() -> None:
    keys = DictKeyRing()
    token = seal(keys, PERSON, "name", "张三")
    assert keys.erase(PERSON)
    assert unseal(keys, token, "name") == ERASED


def test_nothing_more_is_sealed_about_a_person_once_erased() -> None:
    keys = DictKeyRing()
    keys.erase(PERSON)
    with pytest.raises(RuleBroken, match=r"person\.erased"):
        seal(keys, PERSON, "name", "张三")


def test_erasing_one_person_leaves_the_others_data() -> None:
    """E4."""
    keys, other = DictKeyRing(), UUID(int=8)
    mine, theirs = seal(keys, PERSON, "name", "张三"), seal(keys, other, "name", "李四")
    keys.erase(PERSON)
    assert (unseal(keys, mine, "name"), unseal(keys, theirs, "name")) == (ERASED, "李四")


def test_a_token_moved_to_another_field_is_not_read() -> None:
    keys = DictKeyRing()
    token = seal(keys, PERSON, "name", "张三")
    assert unseal(keys, token, "phone") == ERASED
