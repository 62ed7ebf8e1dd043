"""Refuses zip bombs before anything inflates them: what is declared is not believed, it is counted."""

import struct
import zipfile
import zlib
from io import BytesIO

from shared.errors import Invalid

MAX_ENTRIES, MAX_RATIO, MAX_INFLATED = 10_000, 100, 200 * 2**20
MAX_DIRECTORY = 2 * 2**20  # the list of entries; reading a longer one would itself take the memory
CHUNK = 2**18
END, ZIP64, LOCAL = b"PK\x05\x06", b"PK\x06\x07", b"PK\x03\x04"
END_BYTES, LOCAL_BYTES, LONGEST_COMMENT = 22, 30, 2**16
ENCRYPTED = 0x1


def require_harmless(content: bytes) -> frozenset[str]:
    """Return the names of the entries of a zip file whose inflated size, declared and counted, is within limits.

    Raises:
        Invalid: ``import.bomb`` over a limit, ``import.broken_zip`` where it is not a sound zip file.
    """
    _require_short_directory(content)
    try:
        entries = zipfile.ZipFile(BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise _broken(str(error)) from error
    if len(entries) > MAX_ENTRIES:
        raise _bomb(f"more than {MAX_ENTRIES} entries")
    allowed = min(MAX_INFLATED, MAX_RATIO * len(content))
    if sum(entry.file_size for entry in entries) > allowed:
        raise _bomb(f"it declares more than {allowed} bytes inflated")
    for entry in entries:
        allowed -= _inflated(content, entry, min(allowed, MAX_RATIO * entry.compress_size))
    return frozenset(entry.filename for entry in entries)


def _require_short_directory(content: bytes) -> None:
    at = content.rfind(END, max(0, len(content) - END_BYTES - LONGEST_COMMENT))
    if at < 0 or at + END_BYTES > len(content):
        raise _broken("its end is missing")
    if content[max(0, at - 20) : at].startswith(ZIP64):
        raise _bomb("it is a zip64 file, which no small workbook is")
    (size,) = struct.unpack_from("<I", content, at + 12)
    if size > MAX_DIRECTORY:
        raise _bomb(f"its list of entries is longer than {MAX_DIRECTORY} bytes")


def _inflated(content: bytes, entry: zipfile.ZipInfo, allowed: int) -> int:
    """Return the bytes an entry really inflates to; never more than a chunk of them is held."""
    packed = _packed(content, entry)
    if entry.compress_type == zipfile.ZIP_STORED:
        size = len(packed)
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        size = _count(packed, allowed)
    else:
        raise _broken(f"{entry.filename} is packed in an unusual way")
    if size > allowed:
        raise _bomb(f"{entry.filename} inflates to more than {MAX_RATIO} times its size")
    if size != entry.file_size:
        raise _bomb(f"{entry.filename} lies about its size")
    return size


def _packed(content: bytes, entry: zipfile.ZipInfo) -> memoryview:
    start = entry.header_offset
    if entry.flag_bits & ENCRYPTED:
        raise _broken("it is protected by a password")
    if content[start : start + 4] != LOCAL or start + LOCAL_BYTES > len(content):
        raise _broken(f"{entry.filename} is not where the list says")
    name, extra = struct.unpack_from("<HH", content, start + 26)
    first = start + LOCAL_BYTES + name + extra
    packed = memoryview(content)[first : first + entry.compress_size]
    if len(packed) != entry.compress_size:
        raise _broken(f"{entry.filename} is cut short")
    return packed


def _count(packed: memoryview, allowed: int) -> int:
    inflater, size, rest = zlib.decompressobj(-zlib.MAX_WBITS), 0, bytes(packed)
    try:
        while not inflater.eof and size <= allowed:
            piece = inflater.decompress(rest, CHUNK)
            rest = inflater.unconsumed_tail
            size += len(piece)
            if not piece and not rest:
                break
    except zlib.error as error:
        raise _broken(str(error)) from error
    return size


def _bomb(why: str) -> Invalid:
    return Invalid("import.bomb", f"the file is refused, it could fill the memory: {why}")


def _broken(why: str) -> Invalid:
    return Invalid("import.broken_zip", f"the workbook cannot be opened: {why}")
