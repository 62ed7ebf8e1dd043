"""The console's files in memory: read once, compressed once, and named by what is in all of them."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent."""

    content_type: str
    data: bytes
    zipped: bytes


@dataclass(frozen=True, slots=True)
class Files:
    """``version`` changes with any byte of any file; modules that import each other are always of one version."""

    version: str
    files: Mapping[str, File]


def read_files(folder: Path = FOLDER) -> Files:
    """Return what may be sent: the files below ``folder`` whose type is a page's style, script or picture."""
    found: dict[str, File] = {}
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        if content_type := TYPES.get(path.suffix):
            name, data = path.relative_to(folder).as_posix(), path.read_bytes()
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
            found[name] = File(content_type, data, gzip.compress(data, 6, mtime=0))
    return Files(digest.hexdigest()[:16], found)
