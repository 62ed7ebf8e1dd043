"""Events: written names, canonical JSON, tolerant reading, upcasting."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from json import JSONDecodeError
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import REGISTRY
from shared.contracts.content.events import ArticleDrafted, ArticleText, UnitEstablished
from shared.errors import Invalid
from shared.events import Event, Registry, Unknown, encode
from shared.sealed import Sealed

ID = UUID(int=1)
TEXT = ArticleText(
    title="潮汐", body="<p>正文</p>", originality="original", source_url=None, tags=("校园",), topic=None, series=None,
    event_ended_at=datetime(2021, 3, 5, 8, tzinfo=UTC), asset_ids=(ID,),
)  # fmt: skip


@given(st.text(), st.sampled_from(["office", "department", "college", "campus"]), st.dates())
def test_an_event_is_read_back_as_it_was_written(name: str, kind: Any, since: date) -> None:
    event = UnitEstablished(unit_id=ID, name=name, kind=kind, parent_id=None, since=since)
    assert REGISTRY.decode(event.type, encode(event)) == event


def test_every_event_type_is_named_by_its_service_and_version() -> None:
    for name in REGISTRY.types:
        service, _, _, version = name.split(".")
        assert service in ("content", "review", "media", "training", "metrics")
        assert version.startswith("v") and version[1:].isdigit()


@pytest.mark.parametrize("data", ["", "{", "{} ", " {}", "{}{}", '{"unit_id":1}x'])
def test_data_that_are_not_one_json_value_are_refused(data: str) -> None:
    with pytest.raises(JSONDecodeError):
        REGISTRY.decode("content.unit.crowned.v9", data)


def test_an_unknown_event_is_kept_and_changes_nothing() -> None:
    assert REGISTRY.decode("content.unit.crowned.v9", '{"x":1}') == Unknown(
        name="content.unit.crowned.v9", data={"x": 1}
    )


def test_an_unknown_field_is_ignored_by_an_older_reader() -> None:
    event = UnitEstablished(unit_id=ID, name="x", kind="college", parent_id=None, since=date(2021, 1, 1))
    assert REGISTRY.decode(event.type, encode(event)[:-1] + ',"later":1}') == event


def test_a_missing_field_names_itself() -> None:
    with pytest.raises(Invalid, match="since"):
        REGISTRY.decode(
            "content.unit.established.v1",
            f'{{"unit_id":"{ID}","name":"x","kind":"college","parent_id":null}}',
        )


def test_a_personal_field_in_plain_text_cannot_be_stored() -> None:
    event = ArticleDrafted(article_id=ID, unit_id=ID, kind="news", author_id=ID, byline=Sealed("张三"), text=TEXT)
    with pytest.raises(ValueError, match="sealed"):
        encode(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Event):
    type: ClassVar[str] = "test.thing.moved.v2"
    metres: int


def test_an_old_event_is_lifted_to_its_newest_version() -> None:
    """F40."""
    registry = Registry(
        [Moved], {"test.thing.moved.v1": lambda data: ("test.thing.moved.v2", {"metres": data["km"] * 1000})}
    )
    assert registry.decode("test.thing.moved.v1", '{"km":2}') == Moved(metres=2000)
