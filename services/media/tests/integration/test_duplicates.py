"""The same file twice: one asset in a unit, and nothing told to another."""

from concurrent.futures import ThreadPoolExecutor

from services.media.tests.drawing import photograph
from services.media.tests.world import OTHER_UNIT, UNIT, World, refused
from shared.errors import NotFound
from shared.testing import caller


def test_the_same_file_in_a_unit_is_the_same_asset(world: World) -> None:
    """S42."""
    first = world.add(photograph(1), title="first")
    before = world.stored()
    again = world.ask("finish_upload", upload_id=world.sent(photograph(1), title="second"))
    assert again["id"] == first and again["duplicate"]
    assert len(world.added()) == 1 and world.stored() == before
    assert world.ask("get_asset", asset_id=first)["title"] == "first"


def test_the_same_file_at_once_is_one_asset(both: World) -> None:
    """S42."""
    uploads = [both.sent(photograph()) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda upload: both.ask("finish_upload", upload_id=upload), uploads))
    assert len({answer["id"] for answer in answers}) == 1 and len(both.added()) == 1
    assert sum(not answer["duplicate"] for answer in answers) == 1
    both.assert_every_asset_has_its_files()


def test_another_unit_learns_nothing_of_a_file(world: World) -> None:
    """S42: no answer differs, and nothing is shared, whether a unit elsewhere has the file or not."""
    ours, theirs = caller("photographer", UNIT), caller("photographer", OTHER_UNIT)
    known = world.add(photograph(1), ours)
    same = world.ask("finish_upload", theirs, upload_id=world.sent(photograph(1), theirs, unit_id=str(OTHER_UNIT)))
    fresh = world.ask("finish_upload", theirs, upload_id=world.sent(photograph(2), theirs, unit_id=str(OTHER_UNIT)))
    assert same["id"] != known
    assert {**same, "id": 0, "position": 0} == {**fresh, "id": 0, "position": 0}
    assert refused(NotFound, world, "get_asset", theirs, asset_id=known) == "caller.no_such_unit"
    assert [item["id"] for item in world.ask("list_assets", theirs)["items"]] == [fresh["id"], same["id"]]
