"""S37: a workbook is an archive, and is refused before it inflates."""

import struct
import time
import tracemalloc
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.importing.reading.archive import MAX_INFLATED, require_harmless
from gateway.importing.reading.sniff import sniff
from gateway.tests.importing import samples
from shared.errors import Invalid


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 5000), st.integers(0, 255))
def test_a_workbook_with_a_wrong_byte_is_read_or_refused(at, byte):
    content = bytearray(SOUND)
    content[at % len(content)] = byte
    try:
        require_harmless(bytes(content))
    except Invalid as refused:
        assert refused.code in ("import.bomb", "import.broken_zip")  # noqa: PT017


SOUND = samples.xlsx(samples.CONTENT_COLUMNS, samples.CONTENT_ROW)


def test_a_workbook_that_inflates_beyond_the_limits_is_refused_before_it_is_inflated():
    """S37: the declared size, and the ratio; at once and in little memory."""
    _require_refused_cheaply(
        samples.archive({"xl/workbook.xml": bytes(2**20), "xl/worksheets/sheet1.xml": bytes(201 * 2**20)})
    )


def test_a_workbook_that_lies_about_its_size_is_refused():
    """S37: the naive mutant, which adds up what the archive declares, lets it pass."""
    honest = samples.archive({"xl/workbook.xml": b"<workbook/>", "xl/sheet.xml": bytes(100 * 2**20)})
    lying = honest.replace(struct.pack("<I", 100 * 2**20), struct.pack("<I", 1000))

    naive = sum(entry.file_size for entry in zipfile.ZipFile(BytesIO(lying)).infolist())
    assert naive < MAX_INFLATED and naive < 100 * len(lying)
    _require_refused_cheaply(lying)


def test_entries_that_share_their_bytes_are_counted_each():
    """S37: overlapping entries, each within the ratio, together far beyond it."""
    once = samples.archive({"xl/workbook.xml": bytes(range(256)) * 40})
    at = once.index(b"PK\x01\x02")
    end = once.index(b"PK\x05\x06")
    entry = once[at:end]
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 3000, 3000, 3000 * len(entry), at, 0)

    _require_refused_cheaply(once[:at] + 3000 * entry + tail)


@pytest.mark.parametrize("entries", [10_001, 60_000])
def test_a_workbook_of_too_many_entries_is_refused(entries):
    """S37: entries."""
    one = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, entries, entries, entries * len(one), 4, 0)

    _require_refused_cheaply(b"PK\x03\x04" + entries * one + tail)


def test_a_workbook_of_the_usual_kind_passes_also_with_an_archive_inside():
    """S37: nesting: an archive inside is a file like another, it is not opened."""
    inside = samples.archive({"bomb": bytes(2**20)})
    assert require_harmless(samples.archive({"xl/workbook.xml": b"<workbook/>", "xl/embeddings/1.zip": inside}))
    assert "xl/workbook.xml" in require_harmless(SOUND)


def _require_refused_cheaply(content: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(Invalid, match=r"import\.bomb"):
            sniff(BytesIO(content))
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
        assert time.process_time() - started < 2  # a second without the tracing
    finally:
        tracemalloc.stop()
