"""What a relay really sent: its messages, read off the wire in the order in which they went."""

from dataclasses import dataclass
from typing import Any

from pika.frame import Header, Method, decode_frame
from pika.spec import Basic


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy of an event on its way to one consumer."""

    event_id: str
    receiver: str
    source: str
    position: int


class Sent:
    """Collects the copies that pass; bytes are told apart by connection."""

    def __init__(self) -> None:
        self.copies: list[Copy] = []
        self._buffers: dict[int, bytes] = {}
        self._receivers: dict[int, str] = {}

    def see(self, connection: int, data: bytes) -> None:
        """Take the next bytes of a connection."""
        rest = self._buffers.get(connection, b"") + data
        while rest:
            used, frame = decode_frame(rest)
            if frame is None:
                break
            rest = rest[used:]
            self._take(connection, frame)
        self._buffers[connection] = rest

    def _take(self, connection: int, frame: Any) -> None:
        if isinstance(frame, Method) and isinstance(frame.method, Basic.Publish):
            self._receivers[connection] = frame.method.routing_key
        elif isinstance(frame, Header) and (headers := frame.properties.headers) and "ce-position" in headers:
            source = str(headers["ce-source"]).rpartition("/")[2]
            receiver, position = self._receivers[connection], int(headers["ce-position"])
            event_id = str(frame.properties.message_id).replace("-", "")
            self.copies.append(Copy(event_id=event_id, receiver=receiver, source=source, position=position))
