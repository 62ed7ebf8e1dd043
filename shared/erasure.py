"""Erasing a person in one service: the key first, then the fact. Repeating it converges, wherever it was cut."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from shared.context import Call
from shared.errors import Conflict
from shared.events import Event
from shared.failpoints import failpoint
from shared.runtime import Runtime


def erase_person(
    runtime: Runtime,
    call: Call,
    erased: Event,
    person_id: UUID,
    remove_files: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Delete the person's key, remove files that show them, and record ``erased`` once; return whether there was a key.

    From the key's deletion on no token of the person can be read, in the log, read models or dead letters.
    """
    had = runtime.keys.erase(person_id)
    failpoint("erase.after_key_delete_before_event")
    remove_files()
    stream = f"person-{person_id}"
    if not runtime.log.load(stream):
        with suppress(Conflict):  # another request recorded it meanwhile
            runtime.log.append(stream, [erased], expected_version=0, cause=call.cause())
    return {"id": str(person_id), "service": runtime.name, "erased": had}
