"""A machine whose clock is wrong: with this folder on PYTHONPATH, Python's clock is ``CHAOS_CLOCK`` seconds off."""

import datetime
import os
import time
from typing import Any

_OFF = float(os.environ.get("CHAOS_CLOCK", "0"))
_time, _real = time.time, datetime.datetime


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _real)


class _Moved(_real, metaclass=_Kind):  # type: ignore[valid-type,misc]
    __slots__ = ()

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return _real.now(tz) + datetime.timedelta(seconds=_OFF)


if _OFF:
    time.time = lambda: _time() + _OFF
    datetime.datetime = _Moved  # type: ignore[misc]
