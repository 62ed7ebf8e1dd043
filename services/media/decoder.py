"""The process that decodes photographs: one after the other from the socket at its standard input, under limits.

Whatever is wrong with a file, and with the libraries that read it, stays in here. ``imaging`` starts it.
"""

import json
import resource
import socket
import warnings
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms

from services.media import exif, frames
from services.media.limits import MAX_IMAGE_BYTES, MAX_PIXELS, RENDITIONS

MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
FORMATS = ("JPEG", "PNG", "WEBP")  # Pillow would open some forty by itself
ADDRESS_SPACE = 1536 * 1024 * 1024
CPU_S = 10
ORIENTATION, EXIF_IFD = 0x0112, 0x8769
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


class Refused(Exception):
    """The photograph is not taken, for a reason (a code) that the uploader is told."""


def decode(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return what is known of the photograph (pixels as it is displayed) and its renditions in order of RENDITIONS.

    Raises:
        Refused: it has too many pixels.
        Exception: whatever a parser meets in a damaged file.
    """
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Refused("asset.too_many_pixels")
        tags = _tags(image)
        turn = UPRIGHT.get(tags.get(ORIENTATION, 1))
        known = {
            "media_type": MEDIA_TYPES[str(image.format)],
            "width": height if tags.get(ORIENTATION) in (5, 6, 7, 8) else width,
            "height": width if tags.get(ORIENTATION) in (5, 6, 7, 8) else height,
            "taken_at": moment.isoformat() if (moment := exif.taken_at(tags)) else None,
            "camera": exif.camera(tags),
        }
        picture = _shrunk(image, RENDITIONS["web"][0])
    picture = _in_srgb(picture)
    if turn is not None:
        picture = picture.transpose(turn)
    renditions = []
    for side, quality in RENDITIONS.values():
        # What is smaller than the first is small: nobody sees a finer filter there, and it takes twice as long.
        picture.thumbnail((side, side), Image.Resampling.HAMMING, reducing_gap=2.0)
        renditions.append(_jpeg(picture, quality))
    return known, renditions


def _tags(image: Image.Image) -> dict[int, Any]:
    """Return what is readable of the EXIF data; damaged data is no reason to refuse a photograph."""
    try:
        found = image.getexif()
        return {**found, **found.get_ifd(EXIF_IFD)}
    except Image.DecompressionBombWarning:
        raise
    except Exception:
        return {}


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    """Return the picture no larger than ``side``; a JPEG is decoded at a fraction of its size where that is enough."""
    scale = min(side / max(image.size), 1.0)
    image.draft(None, (max(round(image.width * scale), 1), max(round(image.height * scale), 1)))
    image.load()
    picture: Image.Image = image
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")  # 16 bits a sample
    elif picture.mode in ("1", "P", "PA"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return picture


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Return the picture on white, in sRGB, with nothing attached to it: no profile, comment or text survives."""
    profile = picture.info.get("icc_profile")
    if picture.mode in ("LA", "PA", "La", "RGBa"):
        picture = picture.convert("RGBA")
    mask = picture.getchannel("A") if picture.mode == "RGBA" else None
    if profile and picture.mode in ("RGB", "RGBA", "CMYK"):
        picture = _converted(picture, profile)
    flat = picture.convert("RGB")
    if mask is None:
        flat.info = {}
        return flat
    clean = Image.new("RGB", picture.size, "white")
    clean.paste(flat, mask=mask)
    return clean


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    flat = picture.convert("RGB") if picture.mode == "RGBA" else picture
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(flat, source, ImageCms.createProfile("sRGB"), outputMode="RGB") or flat
    except (ImageCms.PyCMSError, OSError, ValueError):
        return flat  # a damaged profile: the colours are nearly right without it


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    written = BytesIO()
    picture.save(written, "JPEG", quality=quality)
    return written.getvalue()


def _answer(line: socket.socket, data: bytes) -> None:
    try:
        known, renditions = decode(data)
    except Refused as error:
        known, renditions = {"refused": str(error)}, []
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        known, renditions = {"refused": "asset.too_many_pixels"}, []
    except Exception as error:  # parsers raise whatever they like on damaged files
        known, renditions = {"refused": "asset.not_decodable", "detail": type(error).__name__}, []
    frames.send(line, json.dumps(known).encode())
    for rendition in renditions:
        frames.send(line, rendition)


def _limit() -> None:
    """Give up, for good, memory and everything that a decoder does not need."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _allow_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


def main() -> None:
    """Decode until the service closes the line; one that takes too much of a processor is killed by the system."""
    Image.preinit()
    Image.init()
    _limit()
    with socket.socket(fileno=0) as line:
        line.setblocking(True)  # a service under eventlet has set it otherwise
        while (data := frames.receive(line, MAX_IMAGE_BYTES)) is not None:
            _allow_cpu(CPU_S)
            _answer(line, data)


if __name__ == "__main__":
    main()
