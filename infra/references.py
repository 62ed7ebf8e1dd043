"""Writes docs/reference: the API and the events as the code has them. ``python -m infra.references``"""

import json
import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from importlib.metadata import version
from inspect import cleandoc, getmodule
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from gateway.openapi import document
from gateway.routes import ROUTES
from shared.contracts import REGISTRY, SERVICES
from shared.contracts.consumers import CONSUMERS, MATRIX, Consumer
from shared.envelope import CONTENT_TYPE, SIGNATURE
from shared.events import Event
from shared.sealed import PREFIX, Sealed
from shared.topology import EVENTS, queue_arguments

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
Described = dict[str, Any]
SIMPLE: Mapping[Any, Described] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time", "description": "UTC."},
    Sealed: {
        "type": "string",
        "pattern": f"^{PREFIX.replace('.', r'[.]')}",
        "description": "Personal: encrypted with a key of its person's own, unreadable once the person was erased.",
    },
}
WORDS: Mapping[Any, str] = {
    str: "text", int: "whole number", bool: "yes or no", UUID: "id", date: "date", datetime: "moment",
    Sealed: "sealed text",
}  # fmt: skip
HEADERS: Mapping[str, str] = {
    "ce-specversion": "1.0",
    "ce-id": "The event's id (UUID version 7): the same however often it comes.",
    "ce-source": "/matrix/ and the service whose log holds it.",
    "ce-type": "The event's written name.",
    "ce-time": "When it happened in the world, UTC.",
    "ce-recordedtime": "When the log recorded it, UTC.",
    "ce-subject": "The stream.",
    "ce-stream": "The stream.",
    "ce-version": "Its number in the stream, from 1, as text.",
    "ce-position": "Its place in the service's log, as text.",
    "ce-actor": "The account, or the consumer, that caused it.",
    "ce-correlationid": "Everything that followed from one request has the same.",
    "ce-hash": "Its link of the stream's hash chain, hexadecimal.",
    SIGNATURE: "HMAC-SHA-256 over all other ce-* headers and the data: only a relay can make it.",
}
OPTIONAL_HEADERS: Mapping[str, str] = {
    "ce-unit": "The unit it belongs to.",
    "ce-causationid": "The event it answers.",
}


def references() -> dict[str, str]:
    """Return the text of each file of the folder by its name."""
    return {
        "openapi.json": document(ROUTES).decode() + "\n",
        "asyncapi.json": json.dumps(describe(CONSUMERS), ensure_ascii=False, indent=1) + "\n",
        "events.md": _tables(),
    }


def describe(consumers: Iterable[Consumer]) -> Described:
    """Return the AsyncAPI 3.0 description of the bus: a channel for each consumer, a message for each event type."""
    schemas: dict[str, Described] = {"Headers": _headers()}
    messages = {name: _message(event_type, schemas) for name, event_type in REGISTRY.types.items()}
    taken = {consumer: [name for name in messages if consumer.takes(name)] for consumer in consumers}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Media Matrix: events",
            "version": version("media-matrix"),
            "description": "CloudEvents 1.0 in binary mode over AMQP 0-9-1. An event comes to a consumer at least "
            "once, and in the order of its stream. Read tolerantly: later versions may add fields and types.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {consumer.name: _channel(consumer, names) for consumer, names in taken.items()},
        "operations": {
            f"{action}.{consumer.name}": _operation(action, consumer, names)
            for consumer, names in taken.items()
            for action in ("send", "receive")
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def _channel(consumer: Consumer, names: Iterable[str]) -> Described:
    queue = {"name": consumer.name, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": consumer.name,
        "description": f"A copy of each event it takes, sent to exchange {EVENTS} under the consumer's name.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": "0.3.0"}},
        "x-exchange": EVENTS,
        "x-queue-arguments": queue_arguments(consumer.name),
    }


def _operation(action: str, consumer: Consumer, names: Iterable[str]) -> Described:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{consumer.name}"},
        "summary": "The relay of each log." if action == "send" else f"The consumer, in {consumer.name.split('.')[0]}.",
        "messages": [{"$ref": f"#/channels/{consumer.name}/messages/{name}"} for name in names],
    }


def _message(event_type: type[Event], schemas: dict[str, Described]) -> Described:
    name = event_type.type
    schemas[name] = _object(event_type, schemas)
    return {
        "name": name,
        "title": _title(event_type),
        "summary": _text(event_type),
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "x-happened": event_type.happened or "when it was recorded",
    }


def _headers() -> Described:
    told = {**HEADERS, **OPTIONAL_HEADERS}
    properties = {name: {"type": "string", "description": meaning} for name, meaning in told.items()}
    return {"type": "object", "required": list(HEADERS), "properties": properties}


def _object(cls: type, schemas: dict[str, Described]) -> Described:
    """Return the JSON Schema of a dataclass; dataclasses inside it go to ``schemas`` under their names."""
    hints = get_type_hints(cls)
    properties = {field.name: _schema(hints[field.name], schemas) for field in fields(cls)}
    return {"type": "object", "description": _text(cls), "required": list(properties), "properties": properties}


def _schema(annotation: Any, schemas: dict[str, Described]) -> Described:
    if annotation in SIMPLE:
        return dict(SIMPLE[annotation])
    if is_dataclass(annotation) and isinstance(annotation, type):
        if annotation.__name__ not in schemas:
            schemas[annotation.__name__] = _object(annotation, schemas)
        return {"$ref": f"#/components/schemas/{annotation.__name__}"}
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], schemas)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [*(_schema(one, schemas) for one in arguments if one is not types.NoneType), {"type": "null"}]}
    raise TypeError(f"{annotation!r} has no description yet")


def _tables() -> str:
    lines = [
        "# Events",
        "",
        "Written by `python -m infra.references` from `shared/contracts`; a test holds it equal to the code.",
        f"`{MATRIX.name}` takes every event; the last column names who takes it besides. *Happened* is the field that",
        "says when it happened in the world (else: when it was recorded). `?` marks what may be null. Sealed text is",
        "personal: it is encrypted with its person's key. How events travel is in [asyncapi.json](asyncapi.json).",
    ]
    parts: dict[str, type] = {}
    for service in SERVICES:
        types_here = [cls for name, cls in REGISTRY.types.items() if name.startswith(f"{service}.")]
        lines += ["", f"## {service}", "", _module_text(types_here[0]), ""]
        lines += ["| type | fields | happened | meaning | taken by |", "|---|---|---|---|---|"]
        lines += [_row(cls, parts) for cls in types_here]
    lines += ["", "## Parts of events", "", "| part | fields | meaning |", "|---|---|---|"]
    waiting = list(parts.values())
    for cls in waiting:
        inner: dict[str, type] = {}
        lines.append(f"| `{cls.__name__}` | {_fields(cls, inner)} | {_text(cls)} |")
        waiting += [one for one in inner.values() if one not in waiting]
    return "\n".join(lines) + "\n"


def _row(cls: type[Event], parts: dict[str, type]) -> str:
    others = [f"`{one.name}`" for one in CONSUMERS if one != MATRIX and one.takes(cls.type)]
    happened = f"`{cls.happened}`" if cls.happened else ""
    return f"| `{cls.type}` | {_fields(cls, parts)} | {happened} | {_text(cls)} | {'<br>'.join(others)} |"


def _fields(cls: type, parts: dict[str, type]) -> str:
    hints = get_type_hints(cls)
    return "<br>".join(f"`{field.name}` {_words(hints[field.name], parts)}" for field in fields(cls))


def _words(annotation: Any, parts: dict[str, type]) -> str:
    if annotation in WORDS:
        return WORDS[annotation]
    if is_dataclass(annotation) and isinstance(annotation, type):
        parts[annotation.__name__] = annotation
        return f"`{annotation.__name__}`"
    arguments = get_args(annotation)
    if get_origin(annotation) is Literal:
        return " / ".join(arguments)
    if get_origin(annotation) is tuple:
        return f"list of {_words(arguments[0], parts)}"
    return " ".join(_words(one, parts) for one in arguments if one is not types.NoneType) + "?"


def _text(cls: type) -> str:
    """Return the class's docstring in one line; its name in words where Python made one up from the fields."""
    written = cls.__doc__ or ""
    made_up = written.startswith(f"{cls.__name__}(")
    return f"{_title(cls)}." if made_up else _one_line(written)


def _module_text(cls: type) -> str:
    return _one_line(getattr(getmodule(cls), "__doc__", ""))


def _one_line(text: str) -> str:
    return " ".join(cleandoc(text).split()).replace("``", "`").replace("|", "\\|")


def _title(cls: type) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).strip()
    return words.capitalize()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file_name, text in references().items():
        (FOLDER / file_name).write_text(text)
