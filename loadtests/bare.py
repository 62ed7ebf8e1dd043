"""Peers that are programs: what a library does with nothing around it. ``python -m loadtests.bare WHAT FILE [TIMES]``.

Imports nothing of the platform, and each library only where it is used: its memory is measured. Says in JSON how many
``seconds`` and how much processor time (``cpu_s``) the work took, and memory (``peak_mib``, resident) the process.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def photographs(file: Path) -> None:
    """Make both renditions as the library is documented to."""
    from PIL import Image

    with Image.open(file) as image:
        for side, quality in ((1600, 85), (400, 80)):
            image.thumbnail((side, side))
            image.save("/dev/null", "JPEG", quality=quality)


def lines(file: Path) -> None:
    """Read the rows of a CSV file."""
    import csv

    with file.open(newline="", encoding="utf-8") as content:
        for _ in csv.reader(content):
            pass


def sheet(file: Path) -> None:
    """Read the rows of a workbook's first sheet."""
    from openpyxl import load_workbook

    for _ in load_workbook(file, read_only=True).worksheets[0].iter_rows(values_only=True):
        pass


def copy(file: Path) -> None:
    """Write the file's bytes to another and hash them; return when they are safe on the disk."""
    from hashlib import sha256

    digest = sha256()
    with file.open("rb") as content, file.with_suffix(".copy").open("wb") as written:
        while chunk := content.read(256 * 1024):
            digest.update(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    digest.hexdigest()


WORK: dict[str, Callable[[Path], None]] = {"photographs": photographs, "lines": lines, "sheet": sheet, "copy": copy}


def main() -> None:
    """Work and say."""
    work, file = WORK[sys.argv[1]], Path(sys.argv[2])
    started, used = time.perf_counter(), time.process_time()
    for _ in range(int((*sys.argv, "1")[3])):
        work(file)
    seconds, peak = time.perf_counter() - started, Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    told = {"seconds": seconds, "cpu_s": time.process_time() - used, "peak_mib": int(peak.split()[0]) / 1024}
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main()
