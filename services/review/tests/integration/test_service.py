"""The doors of review."""

from uuid import UUID, uuid4

import pytest

from services.review.tests.world import UNIT, World, recorded, retraction_of
from shared.contracts.review.events import CaseOpened
from shared.errors import Invalid, NotFound, RuleBroken
from shared.testing import caller


def test_a_submission_is_checked_opened_and_approved_by_another(world: World) -> None:
    world.adopt()
    world.ask(
        "publish_term_list",
        name="广告法",
        terms=[{"term": "最佳", "category": "ad_law", "severity": "warning"}],
    )
    world.submitted("<p>最佳学校</p>")
    (row,) = world.ask("list_cases", status="open")["items"]
    found = world.ask("get_case", case_id=row["id"])
    assert [finding["found"] for finding in found["findings"]] == ["最佳"]
    assert found["char_count"] == 6
    world.ask("decide_case", case_id=row["id"], decision="approve")
    assert world.ask("get_case", case_id=row["id"])["status"] == "approved"


def test_a_term_list_is_read_in_any_of_its_versions(world: World) -> None:
    made = world.ask("publish_term_list", name="x", terms=[])
    term = {"term": "最佳", "category": "c", "severity": "hint"}
    world.ask("publish_term_list", list_id=made["id"], name="x", terms=[term], allow=["最佳实践"])
    newest = world.ask("get_term_list", list_id=made["id"])
    assert (newest["version"], newest["newest"], newest["terms"][0]["term"]) == (2, 2, "最佳")
    first = world.ask("get_term_list", list_id=made["id"], version=1)
    assert (first["version"], first["newest"], first["terms"], first["allow"]) == (1, 2, [], [])
    for nowhere in ({"list_id": made["id"], "version": 3}, {"list_id": str(uuid4())}):
        with pytest.raises(NotFound):
            world.ask("get_term_list", **nowhere)


def test_a_text_is_tried_with_terms_that_are_not_published_and_nothing_is_kept(world: World) -> None:
    term = {"term": "最佳", "category": "c", "severity": "blocking", "suggestion": "优秀"}
    world.ask("publish_term_list", name="x", terms=[{**term, "term": "登陆"}])
    before = world.runtime.log.head()
    tried = world.ask("try_terms", caller("correspondent"), text="最佳登陆，最佳实践", terms=[term], allow=["最佳实践"])
    assert [(each["found"], each["start"], each["suggestion"]) for each in tried["findings"]] == [("最佳", 0, "优秀")]
    in_force = world.ask("try_terms", text="最佳登陆")
    assert [each["found"] for each in in_force["findings"]] == ["登陆"]
    assert world.runtime.log.head() == before
    with pytest.raises(RuleBroken):
        world.ask("try_terms", caller("viewer"), text="最佳")


def test_a_submission_delivered_twice_opens_one_case(world: World) -> None:
    world.adopt()
    event = recorded(world.submitted())
    world.service.on_submission(event)
    world.service.on_submission(event)
    opened = [r for r in world.runtime.log.read(0).events if isinstance(r.event, CaseOpened)]
    assert len(opened) == 1


def test_a_submission_taken_back_and_made_again_is_open_again(world: World) -> None:
    world.adopt()
    event = world.submitted()
    world.service.on_submission(recorded(retraction_of(event)))
    assert [row["status"] for row in world.ask("list_cases")["items"]] == ["closed"]
    world.service.on_submission(recorded(event))
    assert [row["status"] for row in world.ask("list_cases")["items"]] == ["open"]


def test_another_units_caller_sees_and_decides_no_case(world: World) -> None:
    """S10."""
    world.adopt()
    world.submitted()
    (row,) = world.ask("list_cases")["items"]
    stranger = caller("college_editor", UUID(int=99))
    assert world.ask("list_cases", stranger)["items"] == []
    for method, body in (("get_case", {}), ("claim_case", {}), ("decide_case", {"decision": "approve"})):
        with pytest.raises(NotFound):
            world.ask(method, stranger, case_id=row["id"], **body)


def test_what_was_found_stands_where_the_case_shows_it(world: World) -> None:
    world.adopt()
    world.ask("publish_term_list", name="x", terms=[{"term": "最佳", "category": "c", "severity": "hint"}])
    world.submitted("<h2>题</h2><p>是<b>最</b>佳 &amp; 最&#8203;佳</p>")
    (row,) = world.ask("list_cases")["items"]
    case = world.ask("get_case", case_id=row["id"])
    places = [(finding["start"], finding["end"], finding["found"]) for finding in case["findings"]]
    assert [case["text"][start:end] for start, end, _ in places] == [found for _, _, found in places]
    assert [found for _, _, found in places] == ["最佳", "最\u200b佳"]


def test_a_scheme_for_every_unit_takes_a_caller_who_sees_every_unit(world: World) -> None:
    bound = caller("office_editor", UNIT)
    scheme = {"name": "一审", "article_kinds": ["news"]}
    with pytest.raises(RuleBroken):
        world.ask("adopt_scheme", bound, **scheme)
    with pytest.raises(NotFound):
        world.ask("adopt_scheme", bound, **scheme, unit_ids=[str(uuid4())])
    world.ask("adopt_scheme", bound, **scheme, unit_ids=[str(UNIT)])
    for_all = world.ask("adopt_scheme", **scheme)["id"]
    with pytest.raises(RuleBroken):
        world.ask("retire_scheme", bound, scheme_id=for_all)


def test_a_place_that_is_none_is_refused(world: World) -> None:
    for method, places in (
        ("list_schemes", ("x", "9" * 30)),
        ("list_cases", ("x", "1|x", f"{'9' * 30}|{uuid4()}", f"-|{uuid4()}")),
        ("list_term_lists", ("x",)),
    ):
        for place in places:
            with pytest.raises(Invalid):
                world.ask(method, after=place)
