"""How much may come: in a request, in an upload and in a unit."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.media.limits import MAX_PARTS
from services.media.tests.world import PHOTOGRAPHER, UNIT, World, refused
from services.media.uploads import Part, Uploads
from shared.contracts.media.requests import MAX_UPLOAD_BYTES
from shared.errors import Invalid, RuleBroken


def test_declared_and_read_bytes_are_limited(world: World) -> None:
    """S22, F48."""
    begin: dict[str, Any] = {"unit_id": str(UNIT), "filename": "a.jpg"}
    for length in (0, -1, MAX_UPLOAD_BYTES + 1, 10**18, 1.5, "9"):
        assert refused(Invalid, world, "create_upload", length=length, **begin) == "request.invalid"
    upload = world.begin(100)
    with pytest.raises(RuleBroken) as refusal:
        world.send(upload, 0, b"x" * 101)
    assert refusal.value.code == "upload.too_long"
    assert world.ask("get_upload", upload_id=upload)["offset"] == 0


def test_other_bounds_hold(world: World) -> None:
    """S22."""
    begin: dict[str, Any] = {"unit_id": str(UNIT), "filename": "a.jpg", "length": 9}
    for more in ({"filename": "x" * 2000}, {"title": "x" * 300}, {"tags": ["x"] * 99}, {"tags": ["x" * 99]}):
        assert refused(Invalid, world, "create_upload", **{**begin, **more}) == "request.invalid"
    for limit in (0, 10**9, -1):
        assert refused(Invalid, world, "list_assets", limit=limit) == "request.invalid"
    assert refused(Invalid, world, "list_assets", after="x") == "request.invalid"
    assert refused(Invalid, world, "list_assets", after=f"{10**40}|{UNIT}") == "request.invalid"
    many = [str(uuid4())] * 501
    assert refused(Invalid, world, "deliver_photos", shoot_id=str(UNIT), asset_ids=many) == "request.invalid"


def test_an_upload_comes_in_a_limited_number_of_parts(world: World) -> None:
    """S22."""
    uploads, now = Uploads(world.runtime.engine), datetime.now(UTC)
    upload = UUID(world.begin(MAX_PARTS + 1))
    with world.runtime.engine.begin() as db:
        rows = [{"upload_id": upload.hex, "start": at, "bytes": 1, "blob": "b"} for at in range(MAX_PARTS)]
        db.exec_driver_sql("insert into upload_part values (:upload_id, :start, :bytes, :blob)", rows)
        db.exec_driver_sql(f"update upload set received = {MAX_PARTS}")
    with pytest.raises(RuleBroken) as refusal:
        uploads.advance(upload, PHOTOGRAPHER.account_id, Part(start=MAX_PARTS, bytes=1, blob="b"), now)
    assert refusal.value.code == "upload.too_many_parts"
