"""Files of all kinds against real decoders."""

import gzip
import os
import signal
import time
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import psutil
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from services.media import imaging
from services.media.imaging import Decoders, media_type_of
from services.media.limits import MAX_IMAGE_BYTES, MAX_PIXELS
from services.media.tests.drawing import MP4, jpeg, photograph, png, png_of_nothing, upright, webp
from shared.errors import RuleBroken

SCRIPT = b"<script>alert('PAYLOAD')</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">%s</svg>'


def archive() -> bytes:
    """Return a JAR."""
    written = BytesIO()
    with ZipFile(written, "w") as jar:
        jar.writestr("PAYLOAD.class", b"\xca\xfe\xba\xbe")
    return written.getvalue()


def text_piece() -> PngInfo:
    """Return a PNG's text chunk."""
    text = PngInfo()
    text.add_text("Comment", "<svg onload=PAYLOAD>")
    return text


def decoder_process() -> psutil.Process:
    """Return the decoder that was started last."""
    children = [child for child in psutil.Process().children() if "services.media.decoder" in child.cmdline()]
    return max(children, key=lambda child: (child.create_time(), child.pid))


def peak_megabytes(process: psutil.Process) -> int:
    """Return the most memory the process had so far."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def test_the_type_is_that_of_the_content() -> None:
    """S36."""
    files = {"image/jpeg": jpeg(), "image/png": png(), "image/webp": webp(), "video/mp4": MP4}
    assert {name: media_type_of(file[:64]) for name, file in files.items()} == {name: name for name in files}


REFUSED = {
    "gif": b"GIF89a\x01\0\x01\0\0\0\0;", "gifar": b"GIF89a\x01\0\x01\0\0\0\0;" + archive(), "zip": archive(),
    "html": b"<!doctype html>" + SCRIPT, "pdf": b"%PDF-1.7\n/JavaScript (PAYLOAD)", "php": b"<?php PAYLOAD ?>",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0", "tiff": b"II*\0\x08\0\0\0", "bmp": b"BM" + bytes(60), "ico": b"\0\0\1\0\1\0",
    "fits": b"SIMPLE  =                    T", "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "text": b"hello",
    "wav": b"RIFF\x24\0\0\0WAVEfmt ", "elf": b"\x7fELF", "short": b"\xff", "spaces": b" " * 64,
    "late": b"\n" + jpeg(),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_any_other_type_is_refused(kind: str) -> None:
    """S36, S38."""
    with pytest.raises(RuleBroken) as refusal:
        media_type_of(REFUSED[kind][:64])
    assert refusal.value.code == "asset.type_refused"


@pytest.mark.parametrize(
    "drawing",
    [
        SVG % SCRIPT,
        b'<?xml version="1.0"?>' + SVG % b"<foreignObject><iframe src='javascript:x'/></foreignObject>",
        b"\xef\xbb\xbf  <!-- x -->" + SVG % b"<a href='javascript:alert(1)'>x</a>",
        SVG.replace(b"<svg", b"<svg onload='x'") % b"",
        gzip.compress(SVG % SCRIPT),
        (SVG % SCRIPT).decode().encode("utf-16"),
    ],
    ids=["script", "foreignObject", "href", "onload", "svgz", "utf-16"],
)
def test_vector_drawings_are_refused(drawing: bytes) -> None:
    """S40."""
    with pytest.raises(RuleBroken) as refusal:
        media_type_of(drawing[:64])
    assert refusal.value.code == "asset.type_refused"


@pytest.mark.parametrize(
    "file",
    [
        jpeg(comment=b"<?php PAYLOAD ?>"),
        jpeg(comment=b"%PDF-1.7 /JavaScript (PAYLOAD)"),
        jpeg() + archive(),
        png() + b"<html>PAYLOAD" + SCRIPT,
        png(pnginfo=text_piece()),
        webp() + SCRIPT,
    ],
    ids=["php-jpeg", "pdf-jpeg", "jar-jpeg", "html-png", "text-png", "html-webp"],
)
def test_a_picture_that_is_something_else_as_well_gives_clean_renditions(decoders: Decoders, file: bytes) -> None:
    """S36: the original is kept as it came, where only editors reach it; what everybody sees is drawn anew."""
    assert b"PAYLOAD" in file
    for rendition in decoders.decode(file).renditions.values():
        assert b"PAYLOAD" not in rendition and rendition.endswith(b"\xff\xd9")


def test_a_picture_of_too_many_pixels_is_refused_by_its_header(decoders: Decoders) -> None:
    """S38: 50 000 by 50 000 pixels in some 300 kB."""
    bomb = png_of_nothing(50_000, 50_000)
    decoders.decode(photograph())
    before = peak_megabytes(decoder_process())
    started = time.monotonic()
    with pytest.raises(RuleBroken) as refusal:
        decoders.decode(bomb)
    assert refusal.value.code == "asset.too_many_pixels"
    assert peak_megabytes(decoder_process()) - before <= 16
    assert time.monotonic() - started < 5
    assert len(bomb) < 1_000_000


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_other_bombs_are_refused_too(decoders: Decoders, kind: str) -> None:
    """S38."""
    written = BytesIO()
    size = (10_000, 8_001) if kind == "JPEG" else (16_383, 4_900)
    Image.new("L", size).convert("RGB").save(written, kind, quality=1, method=0)
    assert size[0] * size[1] > MAX_PIXELS
    with pytest.raises(RuleBroken) as refusal:
        decoders.decode(written.getvalue())
    assert refusal.value.code == "asset.too_many_pixels"


def test_of_a_moving_picture_only_the_first_frame_is_drawn(decoders: Decoders) -> None:
    """S38."""
    frames = [upright() for _ in range(200)]
    moving = png(frames[0], save_all=True, append_images=frames[1:], duration=9, default_image=False)
    assert decoders.decode(moving).width == 60


def test_a_file_that_is_cut_off_or_damaged_is_refused_and_the_decoder_lives_on(decoders: Decoders) -> None:
    decoders.decode(jpeg())
    alive = decoder_process().pid
    for file in (jpeg()[:600], png()[:60], b"\xff\xd8\xff", webp()[:40], jpeg()[:300] + os.urandom(300)):
        with pytest.raises(RuleBroken) as refusal:
            decoders.decode(file)
        assert refusal.value.code == "asset.not_decodable"
    assert decoders.decode(jpeg()).width == 60
    assert decoder_process().pid == alive


def test_a_decoder_that_hangs_is_killed_and_replaced() -> None:
    decoders = Decoders(processes=1, patience_s=1)
    decoders.decode(jpeg())
    hung = decoder_process()
    hung.send_signal(signal.SIGSTOP)
    with pytest.raises(RuleBroken) as refusal:
        decoders.decode(jpeg())
    assert refusal.value.code == "asset.not_decodable"
    assert not hung.is_running()
    assert decoders.decode(jpeg()).width == 60
    decoders.close()


def test_a_decoder_that_died_is_replaced(decoders: Decoders) -> None:
    decoders.decode(jpeg())
    dead = decoder_process()
    dead.kill()
    dead.wait(5)
    assert decoders.decode(jpeg()).width == 60


def test_a_decoder_is_limited_and_knows_no_secret(decoders: Decoders) -> None:
    decoders.decode(jpeg())
    process = decoder_process()
    assert process.rlimit(psutil.RLIMIT_AS)[1] < 2**31 and process.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert 0 < process.rlimit(psutil.RLIMIT_CPU)[0] < 30
    assert not [name for name in process.environ() if name.startswith(("MATRIX", "AWS", "S3"))]


def test_the_decoders_of_a_process_are_the_same_ones() -> None:
    assert imaging.decoders() is imaging.decoders()


def test_a_decoder_ends_with_its_service() -> None:
    decoders = Decoders(processes=1)
    decoders.decode(jpeg())
    process = decoder_process()
    decoders.close()
    assert not process.is_running()


def test_a_file_that_is_too_long_is_not_even_sent(decoders: Decoders) -> None:
    """S22."""
    with pytest.raises(RuleBroken) as refusal:
        decoders.decode(b"\xff\xd8\xff" + bytes(MAX_IMAGE_BYTES))
    assert refusal.value.code == "asset.too_large"
