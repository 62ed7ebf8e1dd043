"""Photographs drawn by code, with what cameras write into them, and the first bytes of a video."""

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, TiffImagePlugin

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 60), (30, 60, 200), (220, 200, 40)
GPS_MAKER = b"GPS-CANARY"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>30,15N</exif:GPSLatitude></x:xmpmeta>'


def upright(width: int = 60, height: int = 40) -> Image.Image:
    """Return a picture in four colours: red at the top left, green, then blue at the bottom left, yellow."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    picture.paste(YELLOW, (width // 2, height // 2, width, height))
    return picture


def as_stored(picture: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as a camera stores it: EXIF says where the stored first row and first column belong."""
    row_at, column_at = {
        1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left"),
        5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"), 8: ("left", "bottom"),
    }[orientation]  # fmt: skip
    width, height = picture.size
    turned = row_at in ("left", "right")
    stored = Image.new("RGB", (height, width) if turned else (width, height))

    def place(side: str, index: int, last: int) -> int:
        return index if side in ("top", "left") else last - index

    for row in range(stored.height):
        for column in range(stored.width):
            if turned:
                x, y = place(row_at, row, width - 1), place(column_at, column, height - 1)
            else:
                x, y = place(column_at, column, width - 1), place(row_at, row, height - 1)
            stored.putpixel((column, row), picture.getpixel((x, y)))  # type: ignore[arg-type]
    return stored


def exif(orientation: int = 1, **tags: Any) -> Image.Exif:
    """Return what a camera writes: maker, time, position and serial number."""
    written = Image.Exif()
    written[0x0112] = orientation
    written[0x010F], written[0x0110] = tags.get("make", "NIKON"), tags.get("model", "NIKON Z 6")
    camera = written.get_ifd(0x8769)
    camera[0x9003] = tags.get("taken_at", "2021:09:01 09:30:00")
    camera[0xA431] = "SERIAL-CANARY"
    position = written.get_ifd(0x8825)
    position[1], position[3], position[27] = "N", "E", GPS_MAKER
    position[2] = tuple(TiffImagePlugin.IFDRational(number) for number in (30, 15, 10))
    position[4] = tuple(TiffImagePlugin.IFDRational(number) for number in (120, 9, 40))
    return written


def jpeg(picture: Image.Image | None = None, **more: Any) -> bytes:
    """Return a JPEG."""
    return _saved(picture or upright(), "JPEG", **{"quality": 95, "subsampling": 0, **more})


def png(picture: Image.Image | None = None, **more: Any) -> bytes:
    """Return a PNG."""
    return _saved(picture or upright(), "PNG", **more)


def webp(picture: Image.Image | None = None, **more: Any) -> bytes:
    """Return a WebP."""
    return _saved(picture or upright(), "WEBP", **more)


@cache
def profile() -> bytes:
    """Return a colour profile; made once, for it holds the time of its making."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def photograph(number: int = 0, orientation: int = 1) -> bytes:
    """Return a JPEG with everything a camera and an editor attach; another number is another file."""
    plain = jpeg(
        as_stored(upright(), orientation),
        exif=exif(orientation),
        xmp=XMP,
        comment=f"COMMENT-CANARY {number}",
        icc_profile=profile(),
    )
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x12\x1c\x02\x5a\0\x0dIPTC-HANGZHOU"
    return plain[:2] + b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc + plain[2:]


def png_of_nothing(width: int, height: int) -> bytes:
    """Return a PNG whose one-bit pixels are all black: few bytes for any number of pixels."""
    packer = zlib.compressobj(9)
    row, pixels = bytes((width + 7) // 8 + 1), b""
    for _ in range(height):
        pixels += packer.compress(row)
    pixels += packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _piece(b"IHDR", header) + _piece(b"IDAT", pixels) + _piece(b"IEND", b"")


def segments(image: bytes) -> list[tuple[int, bytes]]:
    """Return the markers of a JPEG up to its pixels, with their contents, and what stands after its end as 0."""
    found, at = [], 2
    while image[at + 1] != 0xDA:
        (length,) = struct.unpack(">H", image[at + 2 : at + 4])
        found.append((image[at + 1], image[at + 4 : at + 2 + length]))
        at += 2 + length
    end = image.rindex(b"\xff\xd9") + 2
    return [*found, (0, image[end:])] if image[end:] else found


def _piece(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _saved(picture: Image.Image, kind: str, **more: Any) -> bytes:
    written = BytesIO()
    picture.save(written, kind, **more)
    return written.getvalue()
