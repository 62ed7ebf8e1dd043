"""What a unit's files take is known without counting them, and is what counting them would give."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection, insert, text

from conftest import MakeDatabase
from services.media.projections import VIEWS, asset, project
from services.media.quota import bytes_of_unit
from services.media.tables import upload
from services.media.tests.drawing import MP4, photograph
from services.media.tests.world import ADMIN, OTHER_UNIT, PHOTOGRAPHER, UNIT, World, known_world
from services.media.uploads import Upload
from shared.database import open_engine, reading, writing
from shared.errors import RuleBroken
from shared.execute import cause_of
from shared.migrations import migrate
from shared.read_model import read_model
from shared.row_security import show_only
from shared.testing import checksum, told


def used(world: World) -> int:
    with reading(world.runtime.engine) as db:
        show_only(db, [UNIT])
        return bytes_of_unit(db, UNIT)


def rows(world: World) -> str:
    with world.runtime.caught_up(None) as db:
        return checksum(db, VIEWS.metadata)


def video(size: int) -> bytes:
    return MP4 + bytes(size)


def test_a_unit_has_a_quota_that_files_on_their_way_count_for(world: World) -> None:
    """S42."""
    uploads = world.library.uploads
    upload = uploads.get(UUID(world.begin(60)), PHOTOGRAPHER.account_id, datetime.now(UTC))

    def another(**more: Any) -> Upload:
        return replace(upload, upload_id=uuid4(), **more)

    with pytest.raises(RuleBroken) as refusal:
        uploads.create(another(), quota=119)
    assert refusal.value.code == "unit.quota_used_up"
    uploads.create(another(unit_id=OTHER_UNIT), quota=60)
    uploads.create(another(), quota=120)
    kept = len(photograph())
    world.add(photograph())
    with pytest.raises(RuleBroken):
        uploads.create(another(), quota=179 + kept)
    uploads.create(another(), quota=180 + kept)


def test_of_those_who_upload_at_once_as_many_are_taken_as_fit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S42: the mutant looks how much is used before its turn to write."""
    uploads = world.library.uploads
    upload = uploads.get(UUID(world.begin(60)), PHOTOGRAPHER.account_id, datetime.now(UTC))

    def slowly(db: Connection, unit_id: UUID) -> int:
        found = bytes_of_unit(db, unit_id)
        time.sleep(0.02)
        return found

    def taken(_: int) -> bool:
        try:
            uploads.create(replace(upload, upload_id=uuid4()), quota=240)
        except RuleBroken:
            return False
        return True

    monkeypatch.setattr("services.media.uploads.bytes_of_unit", slowly)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(taken, range(8))) == 3


def test_what_no_list_shows_yet_counts_for_the_quota_once(both: World) -> None:
    """S42: the mutant counts the list's files alone, and lets in what comes quickly."""

    def used() -> int:
        with reading(both.runtime.engine) as db:
            show_only(db, [UNIT])
            return bytes_of_unit(db, UNIT)

    first, second = photograph(1), photograph(2)
    both.add(first)
    assert used() == len(first)
    both.ask("list_assets")
    assert used() == len(first)
    both.add(second)
    both.ask("finish_upload", upload_id=both.sent(first))
    assert used() == len(first) + len(second)


def test_files_that_are_removed_count_no_more(both: World) -> None:
    person = str(uuid4())
    kept, withdrawn, portrait = video(1), video(20), video(300)
    both.add(kept)
    both.ask("withdraw_asset", asset_id=both.add(withdrawn), reason="r")
    both.ask("withdraw_asset", asset_id=both.add(portrait, depicts_id=person), reason="r")
    both.begin(4000, depicts_id=person)
    both.ask("list_assets")
    assert used(both) == len(kept + withdrawn + portrait) + 4000
    both.ask("erase_person", ADMIN, person_id=person)
    both.ask("list_assets")
    assert used(both) == len(kept + withdrawn)
    assert both.runtime.views.rebuild().equal and used(both) == len(kept + withdrawn)


def test_every_event_told_twice_leaves_the_same_rows(both: World) -> None:
    """The mutant adds a file to the sum each time it is told."""
    for size in (1, 20, 300):
        asset_id = both.add(video(size))
    both.library.remove_files(both.added()[0].asset_id, "r", cause_of("test"))
    both.ask("describe_asset", asset_id=asset_id, title="t", tags=["b"])
    before = rows(both)
    for recorded in both.runtime.log.read(0).events:
        with writing(both.runtime.engine) as db, read_model(db) as model:
            show_only(db, None)
            for again in both.runtime.log.load(recorded.stream):  # so that the last word stays the last
                project(model, told(again))
    assert rows(both) == before


class Photographers(RuleBasedStateMachine):
    """Files come and go, and lists are looked at, in any order."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.before = used(self.world)
        self.here: dict[str, int] = {}
        self.on_their_way: dict[str, int] = {}

    @rule(size=st.integers(0, 9))
    def add(self, size: int) -> None:
        data = MP4 + uuid4().bytes + bytes(size)
        self.here[self.world.add(data)] = len(data)
        self.world.ask("finish_upload", upload_id=self.world.sent(data))  # which the unit has already

    @rule(size=st.integers(1, 9))
    def begin_upload(self, size: int) -> None:
        self.on_their_way[self.world.begin(size)] = size

    @precondition(lambda self: self.on_their_way)
    @rule()
    def cancel_upload(self) -> None:
        upload_id, _ = self.on_their_way.popitem()
        self.world.ask("cancel_upload", upload_id=upload_id)

    @precondition(lambda self: self.here)
    @rule()
    def withdraw(self) -> None:
        self.world.ask("withdraw_asset", asset_id=next(iter(self.here)), reason="r")

    @precondition(lambda self: self.here)
    @rule()
    def remove(self) -> None:
        asset_id = next(iter(self.here))
        del self.here[asset_id]
        self.world.library.remove_files(UUID(asset_id), "r", cause_of("test"))
        self.world.ask("list_assets")  # until then it counts

    @rule()
    def look(self) -> None:
        self.world.ask("list_assets")

    def teardown(self) -> None:
        assert used(self.world) == self.before + sum(self.here.values()) + sum(self.on_their_way.values())
        assert self.world.runtime.views.rebuild().equal


def test_whatever_comes_and_goes_the_sum_is_right(world: World) -> None:
    machine = type("PhotographersHere", (Photographers,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )


def steps(db: Connection) -> int:
    """Return how many steps SQLite takes to tell what a unit has used."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    session: Any = db.connection.dbapi_connection
    session.set_progress_handler(count, 1)
    bytes_of_unit(db, UNIT)
    session.set_progress_handler(None, 0)
    return taken


def test_a_long_library_costs_no_more_to_ask(world: World) -> None:
    """The mutant adds up the library's files, or the uploads that became some of them."""
    world.add(video(1))
    world.ask("list_assets")
    with writing(world.runtime.engine) as db:
        short = steps(db)
        for table, key in ((asset, "asset_id"), (upload, "upload_id")):
            row = db.execute(table.select()).mappings().one()
            db.execute(insert(table), [{**row, key: uuid4()} for _ in range(500)])
        assert steps(db) == short


OLDER = (
    "drop table unit_usage",
    "drop index upload_by_unit",
    "alter table upload drop column position",
    "create index upload_by_unit on upload (unit_id)",
    "update alembic_version set version_num = '0007'",
)


@pytest.mark.parametrize("shown", [True, False])
def test_a_library_of_an_older_version_is_counted_once(database: MakeDatabase, shown: bool) -> None:
    made = database("media")
    world = known_world(made.settings)
    for size in (1, 20, 300):
        world.add(video(size))
    world.ask("list_assets")
    world.library.remove_files(world.added()[0].asset_id, "r", cause_of("test"))
    world.begin(4000)
    if shown:
        world.ask("list_assets")
    owner = open_engine(made.owner_url)
    with writing(owner) as db:
        for statement in OLDER:
            db.execute(text(statement))
    owner.dispose()

    migrate("media", made.owner_url)

    world.ask("list_assets")
    assert used(world) == len(video(20) + video(300)) + 4000
    assert world.runtime.views.rebuild().equal
    world.runtime.engine.dispose()
