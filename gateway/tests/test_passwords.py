"""People sign in with a login and a password: nobody learns who is there, and what is taken away ends at once."""

import sqlite3
import time
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from gateway.accounts import passwords
from gateway.accounts.passwords import Login, why_weak
from gateway.tests.kit import OTHER_UNIT, OWN_UNIT, World

INTENT = {"X-Matrix-Request": "1"}
OWN = "correct horse battery"
OTHERS = "another staple 42"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash quickly: what is tested here is not how long it takes."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()


def sign_in(world: World, login: str, password: str, headers: Any = None, **more: Any) -> httpx.Response:
    return world.ask("POST", "/v1/session", None, headers, json={"login": login, "password": password, **more})


def cookie(answered: httpx.Response) -> dict[str, str]:
    assert answered.status_code < 300, answered.text
    return {"Cookie": answered.headers["set-cookie"].partition(";")[0], **INTENT}


def at_home(world: World, login: str = "li.hua") -> dict[str, str]:
    """Return the cookie of a person who chose a password."""
    return cookie(sign_in(world, login, world.person(login), new_password=OWN))


def me(world: World, shown: dict[str, str]) -> int:
    return world.ask("GET", "/v1/me", None, shown).status_code


def test_a_one_time_password_is_good_for_nothing_but_a_password_of_ones_own(world: World) -> None:
    given = world.person("li.hua")
    refused = sign_in(world, "li.hua", given)
    assert (refused.status_code, refused.json()["code"]) == (403, "password.must_change")
    assert "set-cookie" not in refused.headers
    assert sign_in(world, "li.hua", given, new_password=given).status_code == 422
    shown = cookie(sign_in(world, "Ｌi.Hua", given, new_password=OWN))
    assert world.ask("GET", "/v1/me", None, shown).json()["login"] == "li.hua"
    assert sign_in(world, "li.hua", given).status_code == 401
    assert cookie(sign_in(world, "LI.HUA", OWN)) != shown


def test_a_one_time_password_ends_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "ONE_TIME", passwords.ONE_TIME * 0)
    assert sign_in(world, "li.hua", world.person("li.hua"), new_password=OWN).status_code == 401


def test_the_session_is_another_after_each_sign_in_and_the_former_ends(world: World) -> None:
    """S06."""
    first = at_home(world)
    second = cookie(sign_in(world, "li.hua", OWN, {"Cookie": first["Cookie"]}))
    assert me(world, second) == 200 and me(world, first) == 401


def test_signing_out_everywhere_ends_every_session(world: World) -> None:
    """S06."""
    desk, phone = at_home(world), cookie(sign_in(world, "li.hua", OWN))
    assert world.ask("DELETE", "/v1/sessions", None, phone).status_code == 204
    assert [me(world, desk), me(world, phone)] == [401, 401]


def test_another_password_ends_every_other_session(world: World) -> None:
    desk, phone = at_home(world), cookie(sign_in(world, "li.hua", OWN))
    body = {"password": OWN, "new_password": OTHERS}
    fresh = cookie(world.ask("PUT", "/v1/me/password", None, desk, json=body))
    assert [me(world, desk), me(world, phone), me(world, fresh)] == [401, 401, 200]
    assert sign_in(world, "li.hua", OWN).status_code == 401 and sign_in(world, "li.hua", OTHERS).status_code == 201


def test_another_password_needs_the_former_one(world: World) -> None:
    shown = at_home(world)
    body = {"password": "not this one", "new_password": OTHERS}
    assert world.ask("PUT", "/v1/me/password", None, shown, json=body).status_code == 401
    assert world.ask("PUT", "/v1/me/password", world.add("viewer"), json=body).status_code == 422


@pytest.mark.parametrize(
    "change", [{"disabled": True}, {"login": None}], ids=["closed account", "no login any more"]
)  # fmt: skip
def test_who_is_shut_out_is_out_at_once(world: World, change: dict[str, Any]) -> None:
    """S09."""
    shown = at_home(world)
    account = world.ask("GET", "/v1/me", None, shown).json()["id"]
    assert world.ask("PATCH", f"/v1/accounts/{account}", headers={"If-Match": "*"}, json=change).status_code == 200
    assert me(world, shown) == 401 and sign_in(world, "li.hua", OWN).status_code == 401


def test_another_role_acts_at_once(world: World) -> None:
    """S09."""
    shown = at_home(world)
    account = world.ask("GET", "/v1/me", None, shown).json()["id"]
    world.ask("PATCH", f"/v1/accounts/{account}", headers={"If-Match": "*"}, json={"role": "admin"})
    assert world.ask("GET", "/v1/accounts", None, shown).status_code == 200


def test_an_administrator_gives_takes_and_ends(world: World) -> None:
    shown = at_home(world)
    path = f"/v1/accounts/{world.ask('GET', '/v1/me', None, shown).json()['id']}"
    told = world.ask("GET", path).json()
    assert told["login"] == "li.hua" and told["sign_in"]["expires_at"] is None
    assert world.ask("DELETE", f"{path}/sessions").status_code == 204 and me(world, shown) == 401
    given = world.ask("POST", f"{path}/password")
    assert given.headers["Cache-Control"] == "no-store" and sign_in(world, "li.hua", OWN).status_code == 401
    assert world.ask("GET", path).json()["sign_in"]["expires_at"] == given.json()["expires_at"]
    shown = cookie(sign_in(world, "li.hua", given.json()["one_time_password"], new_password=OTHERS))
    assert world.ask("DELETE", f"{path}/password").status_code == 204
    assert me(world, shown) == 401 and sign_in(world, "li.hua", OTHERS).status_code == 401
    assert world.ask("GET", path).json()["sign_in"] is None


def test_nobody_gives_a_password_to_another_units_account(world: World) -> None:
    """S10."""
    world.person("theirs", "viewer", OTHER_UNIT)
    theirs = world.accounts.people.all()[-1].id
    college_admin = world.add("admin", OWN_UNIT)
    for method, tail in (("POST", "password"), ("DELETE", "password"), ("DELETE", "sessions")):
        assert world.ask(method, f"/v1/accounts/{theirs}/{tail}", college_admin).status_code == 404


def test_an_account_without_a_login_gets_no_password_and_a_login_is_one_persons(world: World) -> None:
    world.person("li.hua")
    new = {"name": "Li", "role": "viewer", "units": ["*"]}
    nameless = world.ask("POST", "/v1/accounts", json=new).json()["id"]
    assert world.ask("POST", f"/v1/accounts/{nameless}/password").json()["code"] == "password.no_login"
    assert world.ask("POST", "/v1/accounts", json={**new, "login": "LI.hua"}).json()["code"] == "accounts.login_taken"
    patched = world.ask("PATCH", f"/v1/accounts/{nameless}", headers={"If-Match": "*"}, json={"login": "li.hua"})
    assert patched.json()["code"] == "accounts.login_taken"
    assert world.ask("POST", "/v1/accounts", json={**new, "login": "no spaces"}).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"login": "x"}, {"key": "mm_", "login": "x", "password": "y"}, {"new_password": "z"}]
)  # fmt: skip
def test_half_a_way_in_is_none(world: World, body: dict[str, str]) -> None:
    assert world.ask("POST", "/v1/session", None, json=body).status_code == 400


@pytest.mark.parametrize("text", ["short", "aaaaaaaaaaaaaaaa", "Password2024!", "my li.hua secret", "x" * 129])
def test_what_is_easily_guessed_is_no_password(text: str) -> None:
    assert why_weak(text, "li.hua")


def test_a_refused_choice_names_the_field(world: World) -> None:
    refused = sign_in(world, "li.hua", world.person("li.hua"), new_password="short")
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "new_password"


def test_no_answer_tells_who_is_there(world: World) -> None:
    """S03: one answer for a wrong password, for nobody, for a closed account, for one without a password."""
    shown = at_home(world)
    account = UUID(world.ask("GET", "/v1/me", None, shown).json()["id"])
    closed, bare = UUID(int=0), UUID(int=0)
    world.person("closed.one")
    closed = world.accounts.people.all()[-1].id
    world.accounts.people.change(closed, {"disabled": True})
    world.person("bare.one")
    bare = world.accounts.people.all()[-1].id
    world.accounts.passwords.take(bare)
    told = [sign_in(world, login, "wrong one") for login in ("li.hua", "nobody", "closed.one", "bare.one")]
    assert account not in (closed, bare) and {answered.status_code for answered in told} == {401}
    assert len({answered.json()["detail"] for answered in told}) == 1


def test_who_is_not_there_takes_as_long_as_who_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S03: within 20 %, on the quietest of a few rounds. The mutant that hashes nothing for nobody answers at once."""
    hasher = PasswordHasher(time_cost=2, memory_cost=8 * 1024, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    passwords._nobodys.cache_clear()
    world.person("li.hua")
    assert any(abs(here - nobody) < 0.2 * here for here, nobody in (_quickest(world) for _ in range(5)))
    monkeypatch.setattr(passwords, "_fits", lambda stored, _: stored != passwords._nobodys() and _check(hasher, stored))
    here, nobody = _quickest(world)
    assert nobody < 0.8 * here


def _quickest(world: World) -> tuple[float, float]:
    """Return the shortest times (s) of wrong passwords, of somebody who is there and of nobody, asked in turns."""
    took: dict[str, list[float]] = {"li.hua": [], "nobody": []}
    for _ in range(15):
        for login, times in took.items():
            began = time.perf_counter()
            world.accounts.passwords.prove(Login(login, "wrong"))
            times.append(time.perf_counter() - began)
    return min(took["li.hua"]), min(took["nobody"])


def _check(hasher: PasswordHasher, stored: str) -> bool:
    with suppress(VerificationError):
        hasher.verify(stored, "wrong")
    return False


def test_the_real_hash_is_argon2id_as_the_standard_recommends() -> None:
    """S03: RFC 9106, second recommended option."""
    hasher = PasswordHasher()
    assert (hasher.type.name, hasher.memory_cost, hasher.time_cost) == ("ID", 64 * 1024, 3)


def test_a_dump_of_the_database_holds_no_password(world: World) -> None:
    """S03."""
    given = world.person("li.hua")
    cookie(sign_in(world, "li.hua", given, new_password=OWN))
    with sqlite3.connect(world.deps.settings.data / "gateway.db") as db:
        dump = "\n".join(db.iterdump())
    assert OWN not in dump and given not in dump and "$argon2id$" in dump


def test_an_older_hash_is_renewed_at_the_next_sign_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home(world)
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    cookie(sign_in(world, "li.hua", OWN))
    with sqlite3.connect(world.deps.settings.data / "gateway.db") as db:
        assert "t=2" in db.execute("select hash from password").fetchone()[0]
    cookie(sign_in(world, "li.hua", OWN))


def test_an_erased_person_signs_in_no_more_and_the_login_is_gone(world: World) -> None:
    shown = at_home(world)
    account = UUID(world.ask("GET", "/v1/me", None, shown).json()["id"])
    assert world.accounts.people.erase(account)
    with sqlite3.connect(world.deps.settings.data / "gateway.db") as db:
        assert "li.hua" not in "\n".join(line for line in db.iterdump() if "limit." not in line)
        assert not db.execute("select * from password").fetchall()


def test_a_guesser_waits_and_the_owner_elsewhere_does_not(world: World) -> None:
    """S03, S07."""
    at_home(world)
    guesses = [sign_in(world, "li.hua", f"guess {number}") for number in range(7)]
    assert [answered.status_code for answered in guesses] == [401] * 5 + [429] * 2
    assert 1 <= int(guesses[-1].headers["Retry-After"]) <= 30
    assert guesses[-1].json()["code"] == "limit.sign_in"
    assert sign_in(world, "li.hua", OWN).status_code == 429
    assert sign_in(world, "somebody", "else").status_code == 401


def test_a_header_anybody_may_write_is_no_other_address(world: World) -> None:
    """S07."""
    tries = [
        sign_in(world, "li.hua", "x", {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=10.0.0.{number}"})
        for number in range(100)
    ]
    assert sum(answered.status_code != 429 for answered in tries) == 5


@pytest.mark.parametrize("unit", [OWN_UNIT])
def test_what_was_typed_is_in_no_log_line(world: World, unit: UUID, capsys: pytest.CaptureFixture[str]) -> None:
    """S08: neither password nor token nor a login that may be a password typed into the wrong field."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    given = world.person("canary-login", "viewer", unit)
    shown = cookie(sign_in(world, "canary-login", given, new_password=OWN))
    sign_in(world, "canary-typed", "canary-password")
    world.ask("GET", "/v1/units", None, shown)
    said = capsys.readouterr().out
    assert "session.opened" in said and "session.refused" in said
    token = shown["Cookie"].partition("=")[2]
    assert not [word for word in (given, OWN, token, "canary-typed", "canary-password") if word in said]


def test_work_begun_with_a_password_goes_on_until_the_account_is_closed(world: World) -> None:
    """An import outlasts its request; with a key it ends with the key."""
    world.person("li.hua")
    account = world.accounts.people.all()[-1]
    assert world.accounts.behind(account.id, None) == account
    world.accounts.people.change(account.id, {"disabled": True})
    assert world.accounts.behind(account.id, None) is None
