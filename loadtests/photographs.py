"""Making a photograph's renditions in the decoder, beside the bare library in a process of its own."""

import json
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from loadtests.cpu import children, cpu_s
from loadtests.memory import high_water_mib
from loadtests.peers import Comparison, Sample, in_turns
from services.media.imaging import Decoders

PIXELS, LARGE = (3000, 2000), (9480, 6330)  # ten times as many pixels
TURNS = 3
Measured = tuple[Sample, Sample]


def renditions() -> list[Comparison]:
    """Return megapixels per second, and mebibytes at the peak of the process that decodes."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder:
        small, large = (_drawn(Path(folder) / f"{size[0]}.jpg", size) for size in (PIXELS, LARGE))
        ours, theirs, ten = in_turns(
            lambda: _ours(small, TURNS), lambda: _bare(small, TURNS), 5, lambda: _ours(large, 1)
        )

    def of(part: int, name: str, what: str, unit: str, cost: bool) -> Comparison:
        mine, others, grown = (tuple(each[part] for each in found) for found in (ours, theirs, ten))
        return Comparison(
            name=name, what=what, peer="bare Pillow", unit=unit, cost=cost, ours=mine, theirs=others, ten=grown
        )

    return [
        of(0, "renditions", "two renditions of 6 megapixels", "megapixels/s", False),
        of(1, "renditions-memory", "two renditions, memory", "MiB at the peak", True),
    ]


def _drawn(file: Path, size: tuple[int, int]) -> Path:
    Image.effect_noise((size[0] // 4, size[1] // 4), 60).resize(size).convert("RGB").save(file, "JPEG", quality=90)
    return file


def _dot() -> bytes:
    written = BytesIO()
    Image.new("RGB", (1, 1)).save(written, "JPEG")
    return written.getvalue()


def _pixels(file: Path) -> float:
    with Image.open(file) as image:
        return image.width * image.height / 1e6


def _ours(file: Path, turns: int) -> Measured:
    """Measure a decoder that has just been started, after a small photograph: as the service finds it."""
    content, decoders, others = file.read_bytes(), Decoders(1), children()
    try:
        decoders.decode(_dot())
        (decoder,) = children() - others
        used, started = cpu_s([decoder]), time.perf_counter()
        for _ in range(turns):
            decoders.decode(content)
        seconds, used = time.perf_counter() - started, cpu_s([decoder]) - used
        return _measured(turns * _pixels(file), seconds, used, high_water_mib(decoder))
    finally:
        decoders.close()


def _bare(file: Path, turns: int) -> Measured:
    command = [sys.executable, "-m", "loadtests.bare", "photographs", str(file), str(turns)]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return _measured(turns * _pixels(file), told["seconds"], told["cpu_s"], told["peak_mib"])


def _measured(done: float, seconds: float, cpu: float, peak: float) -> Measured:
    return Sample(done / seconds, cpu * 1e6 / done), Sample(peak)
