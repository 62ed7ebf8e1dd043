"""Who asks: signed by the gateway, believed by services only as it was signed, and only what the role names."""

import re
import time
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from shared.context import CALLER_LIFETIME_S, SIGNED_ANEW_S, SKEW_S, Caller, CallerSigner
from shared.errors import NotFound, RuleBroken
from shared.roles import ACTIONS, EVERY_UNIT, ROLES, Role

SECRET = "the-secret-of-the-platform-is-32-long"
SIGNER = CallerSigner((SECRET,))
SPORTS, LAW = UUID(int=1), UUID(int=2)
EVERYTHING = frozenset[str]().union(*ACTIONS.values())

callers = st.builds(
    Caller,
    account_id=st.uuids(),
    role=st.sampled_from(ROLES),
    units=st.frozensets(st.one_of(st.just(EVERY_UNIT), st.uuids().map(str)), max_size=3),
)


def caller(role: Role = "college_editor", *units: UUID | str) -> Caller:
    return Caller(account_id=UUID(int=9), role=role, units=frozenset(str(unit) for unit in units))


def assert_forged(token: object, signer: CallerSigner = SIGNER) -> None:
    with pytest.raises(RuleBroken) as refusal:
        signer.verify(token)
    assert refusal.value.code == "caller.forged"


@given(callers)
def test_a_caller_comes_back_as_it_was_signed(who: Caller) -> None:
    assert SIGNER.verify(SIGNER.sign(who)) == who


@given(callers, st.data())
def test_no_character_of_a_token_can_be_altered_left_out_or_added(who: Caller, data: st.DataObject) -> None:
    """S19."""
    token = SIGNER.sign(who)
    at = data.draw(st.integers(0, len(token) - 2))  # of the last character base64 does not use every bit
    other = data.draw(st.sampled_from("Ab0-_.").filter(lambda c: c != token[at]))
    for altered in (token[:at] + other + token[at + 1 :], token[:at] + token[at + 1 :], token + other):
        assert_forged(altered)


@pytest.mark.parametrize("token", [None, "", "admin", 7, {"role": "admin"}, ["a"], b"token", "a.b.c", "." * 3])
def test_what_is_no_token_is_refused(token: object) -> None:
    """S19."""
    assert_forged(token)


def test_a_token_of_another_secret_or_another_purpose_is_refused() -> None:
    """S19."""
    payload = [str(UUID(int=9)), "admin", [EVERY_UNIT]]
    assert_forged(CallerSigner(("another-secret-of-32-characters-or-more",)).sign(caller("admin", EVERY_UNIT)))
    assert_forged(URLSafeTimedSerializer(SECRET, salt="matrix.cursor").dumps(payload))
    assert_forged(URLSafeTimedSerializer(SECRET).dumps(payload))
    assert SIGNER.verify(URLSafeTimedSerializer(SECRET, salt="matrix.caller").dumps(payload)).role == "admin"


def test_a_role_that_does_not_exist_is_refused_even_when_signed() -> None:
    signed = URLSafeTimedSerializer(SECRET, salt="matrix.caller").dumps([str(UUID(int=9)), "root", [EVERY_UNIT]])
    assert_forged(signed)


@pytest.mark.parametrize(
    ("age", "accepted"), [(0, True), (CALLER_LIFETIME_S - 5, True), (CALLER_LIFETIME_S + 5, False)]
)
def test_a_token_is_good_for_a_minute(monkeypatch: pytest.MonkeyPatch, age: int, accepted: bool) -> None:
    """S19."""
    now = TimestampSigner.get_timestamp
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda self: now(self) - age)
        token = CallerSigner((SECRET,)).sign(caller())
    if accepted:
        assert SIGNER.verify(token) == caller()
    else:
        assert_forged(token)


def test_one_signature_serves_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """S19: the mutant keeps a caller's token for ever, and then everybody is turned away after a minute."""
    now, signer, who = 1_000_000.0, CallerSigner((SECRET,)), caller()
    monkeypatch.setattr(time, "time", lambda: now)
    token = signer.sign(who)
    assert signer.sign(who) == token != signer.sign(caller("admin"))
    now += SIGNED_ANEW_S
    assert signer.sign(who) != token
    now += CALLER_LIFETIME_S
    assert SIGNER.verify(signer.sign(who)) == who
    assert_forged(token)


def test_a_token_that_was_believed_is_not_believed_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """S19: the mutant that remembers the verdict with the caller believes it for ever."""
    now, signer = 1_000_000.0, CallerSigner((SECRET,))
    monkeypatch.setattr(time, "time", lambda: now)
    token = signer.sign(caller())
    assert signer.verify(token) == caller()
    now += CALLER_LIFETIME_S
    assert signer.verify(token) == caller()
    now += 1
    assert_forged(token, signer)
    now -= CALLER_LIFETIME_S + SKEW_S + 2  # a clock that was set back
    assert_forged(token, signer)


@pytest.mark.parametrize(("ahead", "accepted"), [(0.02, True), (SKEW_S, True), (SKEW_S + 1, False)])
def test_a_token_is_believed_also_where_the_gateways_clock_is_a_little_ahead(
    monkeypatch: pytest.MonkeyPatch, ahead: float, accepted: bool
) -> None:
    """S19: the mutant calls it forged, for as long as the clocks differ, whenever somebody's token was signed anew."""
    monkeypatch.setattr(time, "time", lambda: 1_000_000.0)  # each whole fifth second a token is signed anew
    token = CallerSigner((SECRET,)).sign(caller())
    monkeypatch.setattr(time, "time", lambda: 1_000_000.0 - ahead)
    if accepted:
        assert SIGNER.verify(token) == caller()
    else:
        assert_forged(token)


@pytest.mark.parametrize("role", ROLES)
def test_what_is_not_named_is_refused_to_every_role(role: Role) -> None:
    """S19: also to the administrator."""
    for action in ("", "*", "article", "article.*", "article.", "ARTICLE.READ", "article.read ", "account.read_all"):
        with pytest.raises(RuleBroken) as refusal:
            caller(role, EVERY_UNIT).require(action)
        assert refusal.value.code == "caller.denied"


def test_every_role_has_a_row_and_no_row_has_another_role() -> None:
    assert set(ACTIONS) == set(ROLES) == set(get_args(Role))


@pytest.mark.parametrize(
    ("actions", "roles"),
    [
        ({"person.erase", "account.write"}, {"admin"}),
        ({"ops.read", "ops.write"}, {"admin", "ops"}),
        (
            {"unit.write", "scheme.write", "term_list.write", "policy.write", "review.override"},
            {"admin", "office_editor"},
        ),
        ({"article.publish", "review.decide", "channel.write"}, {"admin", "office_editor", "college_editor"}),
        ({"article.write", "article.submit"}, {"admin", "office_editor", "college_editor", "correspondent"}),
        ({"shoot.write"}, {"admin", "office_editor", "college_editor", "photographer"}),
        ({"article.read", "review.read"}, set(ROLES) - {"ops"}),
        ({"matrix.read"}, set(ROLES)),
    ],
)
def test_who_holds_what(actions: set[str], roles: set[str]) -> None:
    for action in actions:
        assert {role for role in ROLES if caller(role).may(action)} == roles, action


def test_every_action_that_a_door_asks_for_is_held_by_somebody() -> None:
    """A misspelt action would be refused to all."""
    asked: set[str] = set()
    for path in Path("services").glob("*/service*"):
        for file in [path] if path.is_file() else path.rglob("*.py"):
            asked |= set(re.findall(r"""(?:open|require|may)\(\s*"([a-z_]+\.[a-z_]+)["]""", file.read_text()))
    assert len(asked) > 10
    assert asked <= EVERYTHING


def test_anothers_object_is_said_not_to_exist() -> None:
    """S15."""
    bound = caller("college_editor", SPORTS)
    bound.require("article.write", SPORTS)
    bound.require("article.write", str(SPORTS))
    with pytest.raises(NotFound) as refusal:
        bound.require("article.write", LAW)
    assert refusal.value.code == "caller.no_such_unit"
    with pytest.raises(RuleBroken):
        bound.require("person.erase", LAW)
    caller("college_editor", EVERY_UNIT).require("article.write", LAW)


def test_lists_show_the_callers_units_and_nothing_to_who_has_none() -> None:
    assert caller("viewer", SPORTS, LAW).unit_filter() == frozenset({SPORTS, LAW})
    assert caller("viewer", EVERY_UNIT).unit_filter() is None
    assert caller("viewer").unit_filter() == frozenset()
    assert not caller("viewer").sees(SPORTS) and not caller("viewer").sees(None)


def test_while_the_secret_changes_callers_signed_with_either_are_known_and_afterwards_only_the_new() -> None:
    """F60: the first secret signs, each that is listed is accepted."""
    new = "the-next-secret-of-the-platform-is-long"
    anna = caller("viewer", EVERY_UNIT)
    changing, changed = CallerSigner((new, SECRET)), CallerSigner((new,))
    assert changing.verify(SIGNER.sign(anna)) == changed.verify(changing.sign(anna)) == anna
    assert CallerSigner((SECRET, new)).verify(changed.sign(anna)) == anna
    for signer, token in ((changed, SIGNER.sign(anna)), (SIGNER, changing.sign(anna))):
        with pytest.raises(RuleBroken, match="forged"):
            signer.verify(token)
