"""Read models: rebuilt from nothing they are what they were."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from services.content.projections import metadata, project
from services.content.schedule import publish_due
from services.content.tests.world import DUE, World
from shared.database import reading, writing
from shared.read_model import read_model
from shared.row_security import show_only
from shared.testing import checksum, told


def a_busy_year(world: World) -> None:
    """Do one of everything."""
    campus, unit, other = world.unit("校"), world.unit("传媒学院"), world.unit("别院")
    world.ask("rename_unit", unit_id=unit, name="传媒与设计学院", since="2021-09-01")
    world.ask("move_unit", unit_id=unit, parent_id=campus, since="2021-09-01")
    world.ask("merge_unit", unit_id=other, into_id=unit, since="2021-10-01")
    channel = world.channel(unit)
    world.ask("rename_channel", channel_id=channel, name="新网")
    published, planned, gone = world.approved(unit), world.approved(unit), world.submitted(unit)
    done = world.ask("publish_article", article_id=published, channel_id=channel)
    world.ask("file_receipt", article_id=published, publication_id=done["id"], url="https://www.example.org/")
    world.ask("schedule_publication", article_id=planned, channel_id=channel, due_at=DUE.isoformat())
    world.ask("withdraw_article", article_id=gone, reason="错字")
    world.ask("withdraw_article", article_id=gone, reason="错字")
    world.ask("revise_article", article_id=published, title="潮汐二")


def rows(world: World) -> str:
    world.runtime.views.catch_up()
    with reading(world.runtime.engine) as db:
        return checksum(db, metadata)


def test_a_rebuild_gives_the_same_rows(either: World) -> None:
    """F43."""
    a_busy_year(either)
    rebuilt = either.runtime.views.rebuild()
    assert rebuilt.equal and rebuilt.rows > 0


def test_every_event_told_twice_leaves_the_same_rows(either: World) -> None:
    a_busy_year(either)
    before = rows(either)
    for recorded in either.runtime.log.read(0).events:
        stream = either.runtime.log.load(recorded.stream)
        with writing(either.runtime.engine) as db, read_model(db) as model:
            show_only(db, None)
            for again in stream:  # of one stream, so that the last word stays the last
                project(model, told(again))
    assert rows(either) == before


class Editors(RuleBasedStateMachine):
    """Anything, in any order; what is refused changes nothing."""

    world: World

    @initialize()
    def found(self) -> None:
        self.units = [self.world.unit("甲院"), self.world.unit("乙院")]
        self.channel = self.world.channel(self.units[0])
        self.articles = [self.world.approved(self.units[0])]

    @rule(method=st.sampled_from(["submit_article", "withdraw_article", "publish_article", "schedule_publication"]))
    def act(self, method: str) -> None:
        body: dict[str, Any] = {"article_id": self.articles[-1]}
        body |= {"reason": "错字"} if method == "withdraw_article" else {}
        body |= {"channel_id": self.channel} if method in ("publish_article", "schedule_publication") else {}
        body |= {"due_at": DUE.isoformat()} if method == "schedule_publication" else {}
        self.world.refusal(method, **body)

    @rule(title=st.text("潮汐海洋", min_size=1, max_size=3))
    def revise(self, title: str) -> None:
        self.world.refusal("revise_article", article_id=self.articles[-1], title=title)

    @rule()
    def begin_another(self) -> None:
        self.articles.append(self.world.approved(self.units[0]))

    @rule(name=st.sampled_from(["甲院", "丙院"]), day=st.integers(1, 28))
    def rename(self, name: str, day: int) -> None:
        self.world.refusal("rename_unit", unit_id=self.units[1], name=name, since=f"2021-02-{day:02}")

    @rule(day=st.integers(1, 28))
    def move(self, day: int) -> None:
        self.world.refusal("move_unit", unit_id=self.units[1], parent_id=self.units[0], since=f"2021-02-{day:02}")

    @rule()
    def clock(self) -> None:
        publish_due(self.world.runtime, DUE)

    def teardown(self) -> None:
        assert self.world.runtime.views.rebuild().equal


def test_whatever_happens_a_rebuild_gives_the_same_rows(world: World) -> None:
    """F43."""
    machine = type("EditorsHere", (Editors,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
