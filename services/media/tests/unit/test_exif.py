"""What cameras write."""

from datetime import UTC, datetime

import pytest

from services.media import exif


def test_a_time_without_a_zone_is_chinas() -> None:
    assert exif.taken_at({0x9003: "2021:09:01 09:30:00"}) == datetime(2021, 9, 1, 1, 30, tzinfo=UTC)


def test_a_time_with_a_zone_is_that_zones() -> None:
    tags = {0x9003: "2021:09:01 09:30:00", 0x9011: "+01:00"}
    assert exif.taken_at(tags) == datetime(2021, 9, 1, 8, 30, tzinfo=UTC)


def test_the_time_of_the_file_stands_in_where_the_camera_wrote_none() -> None:
    tags = {0x9003: "0000:00:00 00:00:00", 0x0132: b"2021:09:01 09:30:00\0"}
    assert exif.taken_at(tags) == datetime(2021, 9, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", [None, "", "    :  :     :  :  ", "2021-09-01", b"\xff\xfe", 7, (1, 2), "9" * 500])
def test_what_is_no_time_is_none(written: object) -> None:
    assert exif.taken_at({0x9003: written, 0x9011: written, 0x0132: written}) is None


def test_the_maker_is_named_once() -> None:
    assert exif.camera({0x010F: "NIKON", 0x0110: "NIKON Z 6\0\0"}) == "NIKON Z 6"
    assert exif.camera({0x010F: "Canon", 0x0110: "EOS R5"}) == "Canon EOS R5"


def test_a_camera_without_a_name_is_none_and_a_strange_one_is_short_and_plain() -> None:
    assert exif.camera({}) is None
    assert exif.camera({0x0110: b"\x80"}) == "\ufffd"
    assert exif.camera({0x010F: "A\r\nB\x1b[31m", 0x0110: "x" * 500}) == ("A B [31m " + "x" * 500)[:100]
