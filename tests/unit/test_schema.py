"""The base of every wire schema: what does not fit is refused by field and reason."""

from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import fields

from shared.errors import Invalid
from shared.schema import Moment, WireSchema


class Inner(WireSchema):
    name = fields.Str()


class Message(WireSchema):
    title = fields.Str(required=True)
    tags = fields.List(fields.Str())
    inner = fields.Nested(Inner)
    inners = fields.List(fields.Nested(Inner))
    at = Moment()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": 1}, "title"),
        ({"title": "a", "author": "me"}, "author"),
        ({"title": "a", "inner": {"surprise": 1}}, "inner.surprise"),
        ({"title": "a", "inners": [{"name": "b"}, {"name": 2}]}, "inners.1.name"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "a\ud800"}, "title"),
        ({"title": "a", "tags": ["ok", "\x1b[31m"]}, "tags"),
        ({"title": "a", "inner": {"name": "\x00"}}, "inner.name"),
        ({"title": "a", "at": "2021-01-01T00:00:00"}, "at"),
        ({"title": "a", "at": "0001-01-01T00:00:00+08:00"}, "at"),
        ({"title": "a", "at": "9999-12-31T23:59:59-08:00"}, "at"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(body: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Message().load(body)
    assert list(refusal.value.fields) == [field]


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_a_message_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(Invalid):
        Message().load(body)


def test_lines_and_tabs_are_text() -> None:
    assert Message().load({"title": "一\n\t二\r\n"}) == {"title": "一\n\t二\r\n"}


def test_a_moment_is_read_in_utc() -> None:
    moment = Message().load({"title": "a", "at": "2021-07-01T08:00:00+08:00"})["at"]
    assert moment == datetime(2021, 7, 1, tzinfo=UTC) and moment.tzinfo is UTC
