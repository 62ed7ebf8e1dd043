"""Nothing unknown is taken in: every schema of what a caller may send, nested ones too, refuses other fields."""

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from marshmallow import RAISE, Schema, fields

from shared.contracts import SERVICES
from shared.errors import Invalid
from shared.schema import WireSchema

NEVER_TAKEN = {"status": "published", "author_id": "me", "approved_by": "me", "version": 9, "surprise": True}


def modules() -> list[ModuleType]:
    """Return the modules that say what a caller may send."""
    names = [*(f"shared.contracts.{service}.requests" for service in SERVICES), "gateway.schemas"]
    return [importlib.import_module(name) for name in names]


def declared(*only: ModuleType, base: type[Schema] = WireSchema) -> list[type[Schema]]:
    """Return the schemas that these modules define (the gateway's plain ones describe answers)."""
    return [
        thing
        for module in only or modules()
        for thing in vars(module).values()
        if inspect.isclass(thing) and issubclass(thing, base) and thing.__module__ == module.__name__
    ]


def schemas_in(field: fields.Field[Any]) -> Iterator[Schema]:
    """Yield the schemas inside a field."""
    match field:
        case fields.Nested():
            yield from with_nested(field.schema)
        case fields.List():
            yield from schemas_in(field.inner)
        case fields.Mapping(value_field=fields.Field() as value):
            yield from schemas_in(value)


def with_nested(schema: Schema) -> Iterator[Schema]:
    """Yield a schema and all inside it."""
    yield schema
    for field in schema.fields.values():
        yield from schemas_in(field)


def test_there_are_schemas_to_look_at() -> None:
    assert len(declared()) > len(SERVICES)


def test_what_a_service_is_sent_is_always_a_wire_schema() -> None:
    requests = [module for module in modules() if module.__name__.endswith(".requests")]
    assert declared(*requests, base=Schema) == declared(*requests)


def test_every_schema_refuses_unknown_fields_at_every_depth() -> None:
    """S15."""
    for kind in declared():
        for schema in with_nested(kind()):
            assert isinstance(schema, WireSchema), f"{kind.__name__}: {type(schema).__name__} is no WireSchema"
            assert schema.unknown == RAISE, f"{kind.__name__}: {type(schema).__name__}"


def test_no_schema_takes_what_the_platform_decides_itself() -> None:
    """S15: mass assignment."""
    for kind in declared():
        extra = {name: value for name, value in NEVER_TAKEN.items() if name not in kind().fields}
        with pytest.raises(Invalid) as refusal:
            kind().load(extra)
        assert extra.keys() <= refusal.value.fields.keys(), kind.__name__


def test_the_naive_schema_would_have_taken_it() -> None:
    """S15: the mutant ``unknown = EXCLUDE`` drops the field in silence and answers as if all were well."""

    class Naive(Schema):
        class Meta:
            unknown = "exclude"

        title = fields.Str()

    assert Naive().load({"title": "t", "approved_by": "me"}) == {"title": "t"}
