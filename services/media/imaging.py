"""What a file is, by its content; and photographs decoded in processes of their own, kept for the next one."""

import atexit
import json
import os
import queue
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from services.media import frames
from services.media.limits import MAX_IMAGE_BYTES, MAX_PIXELS, RENDITIONS
from shared.errors import RuleBroken, Unavailable
from shared.logs import log

HEAD_BYTES = 64
PATIENCE_S = 20.0
MAX_ANSWER = 16 * 1024 * 1024
PROCESSES = min(os.cpu_count() or 1, 4)
ROOT = Path(__file__).parents[2]
VIDEO = "video/mp4"
MP4_BRANDS = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V "})
REASONS = {
    "asset.too_many_pixels": f"a photograph has at most {MAX_PIXELS // 1_000_000} million pixels",
    "asset.too_large": f"a photograph has at most {MAX_IMAGE_BYTES} bytes",
    "asset.not_decodable": "the file is damaged or takes too long to decode",
    "asset.type_refused": "a file is a JPEG, PNG or WebP picture or an MP4 video, by its content",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """A decoded photograph: pixels as displayed, and its renditions (JPEG, upright, without metadata) by name."""

    media_type: str
    width: int
    height: int
    taken_at: datetime | None
    camera: str | None
    renditions: dict[str, bytes]


def refusal(code: str) -> RuleBroken:
    """Return the refusal of a file for the reason ``code``."""
    return RuleBroken(code, REASONS[code])


def media_type_of(head: bytes) -> str:
    """Return the media type of a file that begins with ``head`` (64 bytes are enough); names do not count.

    Raises:
        RuleBroken: ``asset.type_refused``, it is none of the types that are taken.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in MP4_BRANDS:
        return VIDEO
    raise refusal("asset.type_refused")


class Decoders:
    """Up to ``processes`` decoders, each started when it is first needed and replaced when it fails."""

    def __init__(self, processes: int = PROCESSES, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._idle: queue.LifoQueue[_Decoder | None] = queue.LifoQueue()
        for _ in range(processes):
            self._idle.put(None)

    def decode(self, image: bytes) -> Photograph:
        """Return the photograph.

        Raises:
            RuleBroken: ``asset.too_large``, ``asset.too_many_pixels`` or ``asset.not_decodable``.
            Unavailable: ``decoder.busy``, every decoder had something to do for too long.
        """
        if len(image) > MAX_IMAGE_BYTES:
            raise refusal("asset.too_large")
        try:
            decoder = self._idle.get(timeout=self._patience_s)
        except queue.Empty as error:
            raise Unavailable("decoder.busy", "photographs are being decoded; try again") from error
        try:
            if decoder is not None and not decoder.lives():
                decoder.end()
                decoder = None
            decoder = decoder or _Decoder(self._patience_s)
            return decoder.decode(image)
        except OSError as error:
            raise Unavailable("decoder.not_started", "no decoder could be started; try again") from error
        finally:
            self._idle.put(decoder)

    def close(self) -> None:
        """End the decoders that are idle; the others end with this process."""
        idle: list[_Decoder | None] = []
        with suppress(queue.Empty):
            while True:
                idle.append(self._idle.get_nowait())
        for decoder in idle:
            if decoder is not None:
                decoder.end()
            self._idle.put(None)


@cache
def decoders() -> Decoders:
    """Return the decoders of this process."""
    made = Decoders()
    atexit.register(made.close)
    return made


class _Decoder:
    """One decoding process. Sockets, not pipes: they wait in turn under eventlet too."""

    def __init__(self, patience_s: float) -> None:
        self._line, theirs = socket.socketpair()
        self._line.settimeout(patience_s)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.media.decoder"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={"PYTHONDONTWRITEBYTECODE": "1"},  # nothing of ours: no secret, no address
            )

    def lives(self) -> bool:
        """Return whether the process is there."""
        return self._process.poll() is None

    def decode(self, image: bytes) -> Photograph:
        """Return the photograph; a decoder that fails is ended. Raises: RuleBroken: it is refused."""
        try:
            return self._decode(image)
        except (frames.Broken, OSError, ValueError, KeyError) as error:
            self.end()
            log.warning("decoder.failed", reason=repr(error), exit=self._process.returncode)
            raise refusal("asset.not_decodable") from error
        except BaseException as error:
            if not isinstance(error, RuleBroken):
                self.end()  # what it would still answer must not be taken for the answer to the next photograph
            raise

    def end(self) -> None:
        """Kill the process."""
        self._line.close()
        self._process.kill()
        self._process.wait()

    def _decode(self, image: bytes) -> Photograph:
        frames.send(self._line, image)
        known = json.loads(self._answer())
        if code := known.get("refused"):
            raise refusal(code)
        renditions = {name: self._answer() for name in RENDITIONS}
        return Photograph(
            media_type=known["media_type"],
            width=known["width"],
            height=known["height"],
            taken_at=datetime.fromisoformat(known["taken_at"]) if known["taken_at"] else None,
            camera=known["camera"],
            renditions=renditions,
        )

    def _answer(self) -> Any:
        answer = frames.receive(self._line, MAX_ANSWER)
        if answer is None:
            raise frames.Broken("the decoder ended")
        return answer
