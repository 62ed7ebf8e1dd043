"""The doors of media, on SQLite and PostgreSQL."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.media.tests.drawing import photograph
from services.media.tests.world import ADMIN, OTHER_UNIT, PHOTOGRAPHER, UNIT, World, refused
from shared.errors import Conflict, Invalid, NotFound, RuleBroken
from shared.testing import caller, request

STREAM: dict[str, Any] = {"unit_id": str(UNIT), "title": "毕业典礼", "starts_at": "2021-06-30T12:00:00+08:00"}
SHOOT: dict[str, Any] = {
    "unit_id": str(UNIT),
    "title": "开学典礼",
    "kind": "photo",
    "starts_at": "2021-09-01T09:00:00+08:00",
}
VIEWER = caller("viewer")


def test_a_photograph_is_found_with_what_its_camera_said(both: World) -> None:
    asset = both.add(
        photograph(),
        title="操场\n全景",
        tags=["校园", "校园", " 秋 "],
        photographer="王摄影",
        photographer_id=str(PHOTOGRAPHER.account_id),
    )
    shown = both.ask("get_asset", VIEWER, asset_id=asset)
    told = {name: shown[name] for name in ("title", "tags", "width", "height", "camera", "taken_at", "photographer")}
    assert told == {
        "title": "操场 全景", "tags": ["校园", "秋"], "width": 60, "height": 40, "camera": "NIKON Z 6",
        "taken_at": "2021-09-01T01:30:00Z", "photographer": "王摄影",
    }  # fmt: skip
    assert "王摄影" not in str([recorded.data for recorded in both.runtime.log.read(0).events])
    assert both.ask("list_assets", VIEWER)["items"][0].keys() & {"photographer", "blob", "depicts_id"} == set()


def test_the_original_is_kept_as_it_came_and_only_editors_reach_it(world: World) -> None:
    """S39."""
    data = photograph()
    asset = world.add(data)
    assert world.rendition(asset, "original") == data and b"GPS-CANARY" in data
    assert b"CANARY" not in world.rendition(asset, "web", VIEWER) + world.rendition(asset, "thumbnail", VIEWER)
    assert refused(RuleBroken, world, "get_rendition", VIEWER, asset_id=asset, name="original") == "caller.denied"


def test_a_rendition_has_a_type_a_name_and_a_tag(world: World) -> None:
    told = world.ask("get_rendition", asset_id=world.add(photograph()), name="thumbnail")
    assert (told["media_type"], told["filename"]) == ("image/jpeg", "DSC_0001-thumbnail.jpg")
    assert re.fullmatch(r"[0-9a-f]{32}-thumbnail", told["etag"])


def test_a_withdrawn_asset_is_shown_no_more_but_listed(world: World) -> None:
    asset = world.add(photograph())
    world.ask("withdraw_asset", asset_id=asset, reason="闭眼")
    assert refused(NotFound, world, "get_rendition", asset_id=asset, name="web") == "asset.withdrawn"
    assert world.ask("get_asset", asset_id=asset)["reason"] == "闭眼"
    assert [one["id"] for one in world.ask("list_assets", status="withdrawn")["items"]] == [asset]
    assert refused(RuleBroken, world, "finish_upload", upload_id=world.sent(photograph())) == "asset.withdrawn"


def test_a_stale_description_is_refused(world: World) -> None:
    asset = world.add(photograph())
    body: dict[str, Any] = {"asset_id": asset, "title": "新", "tags": []}
    world.ask("describe_asset", **body)
    with pytest.raises(Conflict):
        world.service.describe_asset(request(world.runtime, PHOTOGRAPHER, {**body, "title": "旧"}, if_match=1))
    assert world.ask("get_asset", asset_id=asset)["title"] == "新"


def test_assets_are_listed_by_pages_without_gap_or_repetition(both: World) -> None:
    added = [both.add(photograph(number), title=f"No. {number}") for number in range(7)]
    seen: list[str] = []
    page = both.ask("list_assets", limit=3)
    while True:
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        page = both.ask("list_assets", limit=3, after=page["next"])
    assert seen == added[::-1]


def test_assets_are_found_by_words_tag_kind_and_shoot(both: World) -> None:
    one = both.add(photograph(1), title="100%_real", tags=["秋"])
    two = both.add(photograph(2), title="100 real", filename="Dawn.jpg", unit_id=str(OTHER_UNIT))
    shoot = both.ask("plan_shoot", **SHOOT)["id"]
    both.ask("deliver_photos", shoot_id=shoot, asset_ids=[one])

    def found(**wanted: Any) -> list[str]:
        return [item["id"] for item in both.ask("list_assets", **wanted)["items"]]

    assert found(q="%_R") == [one] and found(q="dawn") == [two] and found(q="100") == [two, one]
    assert found(tag="秋") == found(shoot_id=shoot) == found(unit_id=str(UNIT)) == [one]
    assert found(kind="image") == [two, one] and found(kind="video") == []


def test_tags_that_were_taken_away_are_not_found(world: World) -> None:
    asset = world.add(photograph(), tags=["a", "b"])
    world.ask("describe_asset", asset_id=asset, title="t", tags=["b"])
    assert world.ask("list_assets", tag="a")["items"] == []
    assert world.ask("list_assets", tag="b")["items"][0]["id"] == asset


def test_a_shoot_is_planned_completed_and_handed_over(both: World) -> None:
    photographs = [both.add(photograph(number)) for number in range(3)]
    shoot = both.ask("plan_shoot", key="k", **SHOOT)["id"]
    assert both.ask("plan_shoot", key="k", **SHOOT)["id"] == shoot
    both.ask("complete_shoot", shoot_id=shoot, at="2021-09-01T12:00:00+08:00")
    both.ask("deliver_photos", shoot_id=shoot, asset_ids=photographs[:2])
    again = both.ask("deliver_photos", shoot_id=shoot, asset_ids=photographs[1:])
    shown = both.ask("get_shoot", VIEWER, shoot_id=shoot)
    assert (shown["status"], shown["photographs"], shown["version"]) == ("completed", 3, again["version"])
    assert shown["completed_at"] == "2021-09-01T04:00:00Z"
    assert both.ask("list_shoots", status="completed", kind="photo")["items"][0]["photographs"] == 3


def test_a_list_of_shoots_counts_what_it_was_asked_for(both: World) -> None:
    photographs = [both.add(photograph(number)) for number in range(3)]
    for number, day in enumerate(("2021-08-31T23:59:59", "2021-09-01T00:00:00", "2021-09-30T23:59:59")):
        shoot = both.ask("plan_shoot", **{**SHOOT, "starts_at": f"{day}+08:00"})["id"]
        both.ask("deliver_photos", shoot_id=shoot, asset_ids=photographs[: number + 1])
    september: dict[str, Any] = {
        "starts_from": "2021-09-01T00:00:00+08:00",
        "starts_before": "2021-10-01T00:00:00+08:00",
    }
    found = both.ask("list_shoots", limit=1, **september)
    assert (len(found["items"]), found["shoots"], found["photographs"]) == (1, 2, 5)
    strangers = both.ask("list_shoots", caller("viewer", OTHER_UNIT))
    assert (strangers["items"], strangers["shoots"], strangers["photographs"]) == ([], 0, 0)


def test_photographs_that_are_withdrawn_or_another_units_are_not_handed_over(world: World) -> None:
    shoot = world.ask("plan_shoot", **SHOOT)["id"]
    withdrawn, elsewhere = world.add(photograph(1)), world.add(photograph(2), unit_id=str(OTHER_UNIT))
    world.ask("withdraw_asset", asset_id=withdrawn, reason="r")
    for asset in (withdrawn, elsewhere, str(uuid4())):
        assert refused(RuleBroken, world, "deliver_photos", shoot_id=shoot, asset_ids=[asset]) == "asset.not_in_unit"


def test_a_stream_is_planned_watched_and_ended(both: World) -> None:
    stream = both.ask("plan_stream", ADMIN, **STREAM, play_url="https://live.example/1")["id"]
    shown = both.ask("get_stream", VIEWER, stream_id=stream)
    assert (shown["status"], shown["peak"], shown["average"], shown["samples"]) == ("planned", None, None, [])
    both.ask("start_stream", ADMIN, stream_id=stream, at="2021-06-30T04:00:00Z")
    for minute, viewers in ((5, 300), (1, 100), (9, 251)):
        at = f"2021-06-30T04:0{minute}:00Z"
        both.ask("sample_viewers", ADMIN, stream_id=stream, viewers=viewers, method="concurrent", at=at)
    both.ask("end_stream", ADMIN, stream_id=stream, at="2021-06-30T05:00:00Z")
    shown = both.ask("get_stream", VIEWER, stream_id=stream)
    assert (shown["status"], shown["method"], shown["peak"], shown["average"]) == ("ended", "concurrent", 300, 217.0)
    assert [sample["viewers"] for sample in shown["samples"]] == [100, 300, 251]
    listed = both.ask("list_streams", VIEWER, status="ended")["items"]
    assert [(one["id"], one["peak"]) for one in listed] == [(stream, 300)]


def test_a_play_address_is_a_web_address(world: World) -> None:
    for url in ("javascript:alert(1)", "file:///etc/passwd", "live"):
        assert refused(Invalid, world, "plan_stream", ADMIN, **STREAM, play_url=url) == "request.invalid"


def test_roles_without_the_action_are_refused_at_every_door(world: World) -> None:
    methods = ("create_upload", "describe_asset", "withdraw_asset", "plan_shoot", "plan_stream", "erase_person")
    for method in methods:
        assert refused(RuleBroken, world, method, VIEWER) == "caller.denied"
    assert refused(RuleBroken, world, "plan_stream", PHOTOGRAPHER) == "caller.denied"


def test_another_units_objects_are_not_there(world: World) -> None:
    asset, shoot = world.add(photograph()), world.ask("plan_shoot", **SHOOT)["id"]
    stream = world.ask("plan_stream", ADMIN, **STREAM)["id"]
    other = caller("college_editor", OTHER_UNIT)
    asked: list[tuple[str, dict[str, Any]]] = [
        ("get_asset", {"asset_id": asset}),
        ("get_rendition", {"asset_id": asset, "name": "web"}),
        ("describe_asset", {"asset_id": asset, "title": "t", "tags": []}),
        ("withdraw_asset", {"asset_id": asset, "reason": "r"}),
        ("get_shoot", {"shoot_id": shoot}),
        ("complete_shoot", {"shoot_id": shoot}),
        ("deliver_photos", {"shoot_id": shoot, "asset_ids": [asset]}),
        ("get_stream", {"stream_id": stream}),
        ("start_stream", {"stream_id": stream}),
        ("create_upload", {"unit_id": str(UNIT), "filename": "a", "length": 1}),
    ]
    for method, body in asked:
        assert refused(NotFound, world, method, other, **body) == "caller.no_such_unit", method
    for method in ("list_assets", "list_shoots", "list_streams"):
        assert world.ask(method, other)["items"] == []


def test_what_does_not_exist_is_not_found(world: World) -> None:
    nowhere = str(uuid4())
    assert refused(NotFound, world, "get_asset", asset_id=nowhere) == "asset.not_found"
    assert refused(NotFound, world, "get_shoot", shoot_id=nowhere) == "shoot.not_found"
    assert refused(NotFound, world, "get_stream", stream_id=nowhere) == "live_stream.not_found"
    assert refused(NotFound, world, "complete_shoot", shoot_id=nowhere) == "shoot.not_found"


def test_nothing_happens_in_the_future(world: World) -> None:
    shoot, later = world.ask("plan_shoot", **SHOOT)["id"], (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert refused(RuleBroken, world, "complete_shoot", shoot_id=shoot, at=later) == "media.in_the_future"
    assert refused(Invalid, world, "complete_shoot", shoot_id=shoot, at="2021-09-01T12:00:00") == "request.invalid"


def test_the_read_models_are_the_same_when_they_are_built_anew(world: World) -> None:
    """G4."""
    asset = world.add(photograph(), tags=["a"])
    world.ask("describe_asset", asset_id=asset, title="t", tags=["b"])
    shoot = world.ask("plan_shoot", **SHOOT)["id"]
    world.ask("deliver_photos", shoot_id=shoot, asset_ids=[asset])
    stream = world.ask("plan_stream", ADMIN, **STREAM)["id"]
    world.ask("start_stream", ADMIN, stream_id=stream)
    world.ask("withdraw_asset", asset_id=asset, reason="r")
    assert world.runtime.views.rebuild().equal


def test_the_clock_sweeps(world: World) -> None:
    upload = world.begin(9)
    with world.runtime.engine.begin() as db:
        db.exec_driver_sql("update upload set expires_at = 0")
    world.service.sweep()
    assert refused(NotFound, world, "get_upload", upload_id=upload) == "upload.not_found"
