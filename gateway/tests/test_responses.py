"""What goes out: tags, versions, replays, cursors, and nothing that was not promised."""

from typing import Any
from uuid import UUID

import pytest

from gateway.cursors import Cursors
from gateway.responses import pick
from gateway.routes import ROUTES
from gateway.schemas.accounts import OneAccount
from gateway.schemas.content import OneArticle
from gateway.tests.kit import OTHER_UNIT, OWN, OWN_UNIT, World, thing
from shared.errors import Conflict, Invalid
from shared.roles import ROLES

UNIT = {"name": "Law", "kind": "college", "since": "2021-01-01"}
ARTICLE = f"/v1/articles/{OWN}"


@pytest.fixture
def world(lasting_world: World) -> World:
    """Give the module's gateway, its services as at first."""
    return lasting_world.forget()


def test_what_was_made_is_answered_with_its_place_and_version(world: World) -> None:
    answered = world.ask("POST", "/v1/units", json=UNIT)
    assert answered.status_code == 201
    assert answered.json() == {"id": str(OWN), "version": 3, "position": "7"}
    assert answered.headers["Location"] == f"/v1/units/{OWN}"
    assert answered.headers["ETag"] == '"v3"'
    assert "Idempotent-Replayed" not in answered.headers


def test_a_repeated_request_is_answered_the_same_and_says_so(world: World) -> None:
    world.services.answers["establish_unit"] = thing(replayed=True)
    answered = world.ask("POST", "/v1/units", headers={"Idempotency-Key": "monday-1"}, json=UNIT)
    assert answered.status_code == 201
    assert answered.headers["Idempotent-Replayed"] == "true"
    assert world.services.last["key"] == "monday-1"


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\tbed", "ключ".encode()])
def test_an_idempotency_key_that_cannot_be_kept_is_refused(world: World, key: Any) -> None:
    answered = world.ask("POST", "/v1/units", headers={"Idempotency-Key": key}, json=UNIT)
    assert answered.status_code == 400 and not world.services.requests


def test_a_tag_known_already_is_answered_with_nothing(world: World) -> None:
    first = world.ask("GET", ARTICLE)
    tag = first.headers["ETag"]
    assert tag.startswith('"v3-')
    again = world.ask("GET", ARTICLE, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)


def test_what_changed_without_a_new_version_has_a_new_tag(world: World) -> None:
    """An erased name changes no version: a tag of the version alone would keep it alive in every cache."""
    world.services.answers["get_article"] = thing(byline="Li Hua")
    tag = world.ask("GET", ARTICLE).headers["ETag"]
    world.services.answers["get_article"] = thing(byline=None)
    after = world.ask("GET", ARTICLE, headers={"If-None-Match": tag})
    assert after.status_code == 200 and after.json()["byline"] is None


@pytest.mark.parametrize("tag", ['"v3"', '"v3-0123456789abcdef"', 'W/"v3"'])
def test_the_version_insisted_on_reaches_the_service(world: World, tag: str) -> None:
    world.ask("PATCH", ARTICLE, headers={"If-Match": tag}, json={"title": "t"})
    assert world.services.last["if_match"] == 3


def test_a_version_that_is_gone_is_412_for_who_named_it_and_409_for_who_lost_a_race(world: World) -> None:
    world.services.answers["revise_article"] = Conflict("stream.changed", "at 4")
    world.services.answers["submit_article"] = Conflict("stream.changed", "at 4")
    assert world.ask("PATCH", ARTICLE, headers={"If-Match": '"v3"'}, json={"title": "t"}).status_code == 412
    assert world.ask("POST", f"{ARTICLE}/submission", json={}).status_code == 409


def test_a_revision_without_the_version_one_saw_is_refused(world: World) -> None:
    answered = world.ask("PATCH", ARTICLE, json={"title": "t"})
    assert answered.status_code == 428 and not world.services.requests


@pytest.mark.parametrize("tag", ["v3", '"3"', '"v3", "v4"', '"v-1"', '"vx"', '"v' + "9" * 30 + '"'])
def test_a_tag_that_is_none_of_ours_is_refused(world: World, tag: str) -> None:
    assert world.ask("PATCH", ARTICLE, headers={"If-Match": tag}, json={"title": "t"}).status_code == 400


def test_a_list_goes_on_where_its_cursor_says(world: World) -> None:
    world.services.answers["list_articles"] = thing(next="1234|abc")
    cursor = world.ask("GET", "/v1/articles?kind=news&limit=2").json()["next"]
    assert "1234" not in cursor
    world.services.answers["list_articles"] = thing(next=None)
    assert world.ask("GET", f"/v1/articles?limit=2&kind=news&cursor={cursor}").json()["next"] is None
    assert world.services.last["body"] == {"kind": "news", "limit": 2, "after": "1234|abc"}


def test_a_cursor_of_another_list_or_other_filters_is_refused(world: World) -> None:
    world.services.answers["list_articles"] = thing(next="1234|abc")
    cursor = world.ask("GET", "/v1/articles?kind=news").json()["next"]
    for path in (f"/v1/articles?cursor={cursor}", f"/v1/articles?kind=video_post&cursor={cursor}",
                 f"/v1/channels?cursor={cursor}", f"/v1/articles?kind=news&cursor={cursor[:-2]}"):  # fmt: skip
        assert world.ask("GET", path).json()["code"] == "cursor.invalid"


def test_nobody_makes_a_cursor_himself() -> None:
    forged = Cursors(("another-secret-of-32-characters-or-more",)).wrap("0|0", "/v1/units", {})
    with pytest.raises(Invalid):
        Cursors(("the-secret-of-the-platform-is-32-long",)).unwrap(forged, "/v1/units", {})


def test_a_list_goes_on_while_the_secret_changes() -> None:
    """F60."""
    old, new = "the-secret-of-the-platform-is-32-long", "the-next-secret-of-the-platform-is-long"
    begun = Cursors((old,)).wrap("0|0", "/v1/units", {})
    assert Cursors((new, old)).unwrap(begun, "/v1/units", {}) == "0|0"
    assert Cursors((new,)).unwrap(Cursors((new, old)).wrap("0|0", "/v1/units", {}), "/v1/units", {}) == "0|0"
    with pytest.raises(Invalid):
        Cursors((new,)).unwrap(begun, "/v1/units", {})


def test_only_promised_fields_go_out_at_every_level(world: World) -> None:
    """S16."""
    found = thing(
        title="t", byline="Li", reviewer_notes="secret",
        publications=[{"id": "1", "channel_id": "2", "by": "3", "internal": "secret"}],
    )  # fmt: skip
    assert "secret" not in str(pick(OneArticle(), found))
    assert "digest" not in str(pick(OneAccount(), {"keys": [{"id": "1", "digest": "secret"}], "digest": "x"}))


PERSONAL = {"digest", "secret", "password", "photographer_token", "depicts_id", "blob", "exif", "email", "hash"}


def test_no_answer_promises_what_nobody_should_read() -> None:
    """S16."""
    promised = {
        name
        for route in ROUTES
        for operation in route.operations.values()
        if operation.answer is not None
        for name in _names(operation.answer)
    }
    assert not promised & PERSONAL


def _names(schema: Any) -> set[str]:
    found = set(schema.fields)
    for field in schema.fields.values():
        inner = getattr(field, "inner", field)
        if hasattr(inner, "schema"):
            found |= _names(inner.schema)
    return found


@pytest.mark.parametrize("role", [role for role in ROLES if role != "ops"])
def test_every_role_reads_the_same_fields_of_an_article(world: World, role: Any) -> None:
    """S16: the allow-list."""
    world.services.answers["get_article"] = {name: None for name in OneArticle().fields} | {"draft_notes": "secret"}
    shown = world.ask("GET", ARTICLE, world.add(role, OWN_UNIT)).json()
    assert sorted(shown) == [
        "asset_ids", "author_ids", "body", "byline", "changed_at", "drafted_at", "event_ended_at", "id",
        "kind", "originality", "publications",
        "reason", "revision", "series", "source_url", "status", "tags", "title", "topic", "unit_id", "version",
    ]  # fmt: skip


def test_two_callers_never_get_each_others_answer(world: World) -> None:
    """S56: nothing on the way may keep an answer for somebody else."""
    units = {"a": OWN_UNIT, "b": OTHER_UNIT}
    keys = {name: world.add("viewer", unit) for name, unit in units.items()}

    def whose(request: dict[str, Any]) -> dict[str, Any]:
        (unit,) = world.deps.calls.signer.verify(request["caller"]).units
        return thing(items=[{"id": str(OWN), "name": unit}])

    world.services.answers["list_units"] = whose
    for _ in range(500):
        for name, unit in units.items():
            answered = world.ask("GET", "/v1/units", keys[name])
            assert answered.json()["items"][0]["name"] == str(unit)
    assert answered.headers["Cache-Control"].startswith("private")
    assert {"Authorization", "Cookie"} <= set(answered.headers["Vary"].split(", "))


def test_the_matrix_of_two_callers_is_never_mixed_up(world: World) -> None:
    """S56."""
    keys = {unit: world.add("viewer", unit) for unit in (OWN_UNIT, OTHER_UNIT)}
    for _ in range(100):
        for unit, key in keys.items():
            answered = world.ask("GET", "/v1/matrix?period=2021", key)
            assert answered.status_code == 200 and "private" in answered.headers["Cache-Control"]
            assert world.ask("GET", f"/v1/matrix?unit={UUID(int=7)}", key).status_code == 404
            assert world.ask("GET", f"/v1/matrix?unit={unit}", key).status_code == 200
