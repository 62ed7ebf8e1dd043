"""Several requests in one message (``many``): carried out one after another, each answered as if it had come alone."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from shared.errors import Invalid, PlatformError, Unavailable
from shared.logs import log

MANY = "many"  # the door of every service: {"calls": [[method, request], …], "deadline": milliseconds since the epoch}
MAX_CALLS = 50
MAX_BYTES = 1024 * 1024  # of the message
MAX_ANSWER_BYTES = 4 * 1024 * 1024  # a broker takes 16 MiB: the last answer may be as large again as all before it
Request = dict[str, Any]


def answer_all(told: Request, do: Callable[[str, Request], Any]) -> dict[str, Any]:
    """Return ``{"answers": […]}``, for each call ``{"result": …, "error": …}`` in its place.

    ``do(method, request)`` carries out one, and checks its caller and key as for a request of its own. What the
    deadline or the size of the answers leaves undone is answered with ``rpc.not_reached``, which may be tried again.

    Raises:
        Invalid: ``rpc.bad_bundle``, this is no bundle, or too large; nothing was carried out.
    """
    calls, deadline = _read(told)
    return {"answers": list(_answers(calls, deadline, do))}


def _answers(calls: list[tuple[str, Request]], deadline: int, do: Callable[[str, Request], Any]) -> Iterator[Any]:
    size = 0
    for method, request in calls:
        if size >= MAX_ANSWER_BYTES or time.time() * 1000 >= deadline:
            yield _failure(Unavailable("rpc.not_reached", "there was too much at once; ask again"))
            continue
        try:
            result = do(method, request)
            size += len(json.dumps(result))  # what is not JSON fails alone
            yield {"result": result, "error": None}
        except PlatformError as refusal:
            yield _failure(refusal)
        except Exception as error:  # whatever it is, the other calls are answered
            log.exception("rpc.call_failed", method=method)
            yield _failure(error)


def _failure(error: Exception) -> dict[str, Any]:
    """Return the error as nameko writes it; of what nobody foresaw only the kind."""
    arguments = [error.code, error.detail, error.fields or None] if isinstance(error, PlatformError) else []
    return {"result": None, "error": {"exc_type": type(error).__name__, "exc_args": arguments}}


def _read(told: Request) -> tuple[list[tuple[str, Request]], int]:
    calls, deadline = told.get("calls"), told.get("deadline")
    if not isinstance(calls, list) or not isinstance(deadline, int) or len(calls) > MAX_CALLS:
        raise Invalid("rpc.bad_bundle", f"a bundle has a deadline and at most {MAX_CALLS} calls")
    if not all(map(_is_call, calls)):
        raise Invalid("rpc.bad_bundle", "each call of a bundle is a method and a request")
    return [(method, request) for method, request in calls], deadline


def _is_call(told: Any) -> bool:
    return isinstance(told, list) and list(map(type, told)) == [str, dict]
