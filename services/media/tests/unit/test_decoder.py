"""Renditions, made in this process; ``integration/test_imaging.py`` has the same in a process of its own."""

from io import BytesIO

import pytest
from PIL import Image

from services.media import decoder
from services.media.tests.drawing import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    as_stored,
    exif,
    jpeg,
    photograph,
    png,
    segments,
    upright,
    webp,
)

JFIF, TABLES = 0xE0, {0xDB, 0xC4, 0xC0, 0xC2}  # all that a picture itself needs
CANARIES = (b"CANARY", b"HANGZHOU", b"GPS", b"Exif", b"adobe", b"ICC_PROFILE", b"NIKON", b"2021:09")


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 25 for a, b in zip(pixel, colour, strict=True))


def size_of(rendition: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(rendition)) as picture:
        return picture.size


def corners(picture: Image.Image) -> list[object]:
    right, bottom = picture.width - 3, picture.height - 3
    return [picture.getpixel(at) for at in ((2, 2), (right, 2), (2, bottom), (right, bottom))]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_baked_in(orientation: int) -> None:
    """S39."""
    known, renditions = decoder.decode(photograph(orientation=orientation))
    assert (known["width"], known["height"]) == (60, 40)
    for rendition in renditions:
        with Image.open(BytesIO(rendition)) as picture:
            assert picture.size == (60, 40)
            assert all(map(near, corners(picture), (RED, GREEN, BLUE, YELLOW)))


def test_the_drawings_are_turned_as_the_standard_says() -> None:
    """S39: a naive copy that forgets to turn is caught by seven of the eight."""
    stored = [as_stored(upright(), orientation) for orientation in range(1, 9)]
    right = [one.size == (60, 40) and all(map(near, corners(one), (RED, GREEN, BLUE, YELLOW))) for one in stored]
    assert right == [True] + [False] * 7


@pytest.mark.parametrize("file", [photograph(), png(exif=exif(6)), webp(exif=exif(6))], ids=["jpeg", "png", "webp"])
def test_nothing_is_attached_to_a_rendition(file: bytes) -> None:
    """S39."""
    assert b"CANARY" in file
    known, renditions = decoder.decode(file)
    assert known["taken_at"] == "2021-09-01T01:30:00+00:00" and known["camera"] == "NIKON Z 6"
    for rendition in renditions:
        assert {marker for marker, _ in segments(rendition)} <= {JFIF} | TABLES
        assert not [canary for canary in CANARIES if canary in rendition]
        with Image.open(BytesIO(rendition)) as picture:
            assert not picture.getexif() and "icc_profile" not in picture.info


def test_a_small_picture_is_not_blown_up_and_a_large_one_fits() -> None:
    known, (web, thumbnail) = decoder.decode(jpeg(upright(3000, 1000)))
    assert (known["width"], known["height"]) == (3000, 1000)
    assert size_of(web) == (1600, 533) and size_of(thumbnail) == (400, 133)
    assert size_of(decoder.decode(jpeg())[1][0]) == (60, 40)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_pixel_becomes_a_jpeg(mode: str) -> None:
    picture = Image.new("I;16", (50, 30), 40_000) if mode == "I;16" else upright().convert(mode)
    for rendition in decoder.decode(png(picture))[1]:
        with Image.open(BytesIO(rendition)) as made:
            assert made.mode == "RGB"
            assert mode != "I;16" or near(made.getpixel((9, 9)), (156, 156, 156))


def test_what_is_transparent_becomes_white() -> None:
    with Image.open(BytesIO(decoder.decode(png(Image.new("RGBA", (9, 9), (0, 0, 0, 0))))[1][0])) as picture:
        assert near(picture.getpixel((4, 4)), (255, 255, 255))


def test_print_colours_become_screen_colours() -> None:
    with Image.open(BytesIO(decoder.decode(jpeg(upright().convert("CMYK")))[1][0])) as picture:
        assert picture.mode == "RGB" and all(map(near, corners(picture), (RED, GREEN, BLUE, YELLOW)))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_damaged_colour_profile_or_exif_is_no_reason_to_refuse() -> None:
    known, _ = decoder.decode(jpeg(icc_profile=b"no profile", exif=b"Exif\0\0MM\0*\0\0\xff\xff"))
    assert known["camera"] is None and known["width"] == 60
