"""Files out of the library: whole, tagged, named safely, and harmless in a browser."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.resources.assets import disposition
from gateway.tests.kit import BLOB, OWN, World, thing
from shared.blobs import open_blobs

PATH = f"/v1/assets/{OWN}/renditions"
PICTURE = b"\xff\xd8\xff" + bytes(range(256)) * 5000
NAMES = [
    "../../etc/passwd", "..\\..\\boot.ini", "C:\\x.jpg", 'a"; filename="b.exe', "a\r\nSet-Cookie: x=1", "a\0b.jpg",
    "%2e%2e%2fx", "照片.jpg", "￼\u202egpj.exe", "", ".", "...", "-rf", "\ud800.jpg", "x" * 1000,
]  # fmt: skip


@pytest.fixture
def shown(world: World) -> World:
    open_blobs(world.deps.settings).put(BLOB, PICTURE)
    return world


def test_a_rendition_is_given_whole_with_its_type_and_tag(shown: World) -> None:
    answered = shown.ask("GET", f"{PATH}/web")
    assert answered.content == PICTURE
    assert answered.headers["Content-Type"] == "image/jpeg"
    assert shown.services.last["body"] == {"asset_id": str(OWN), "name": "web"}
    again = shown.ask("GET", f"{PATH}/web", headers={"If-None-Match": answered.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_nothing_in_a_file_runs_in_the_readers_browser(shown: World) -> None:
    headers = shown.ask("GET", f"{PATH}/web").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cache-Control"].startswith("private")


def test_an_original_is_downloaded_and_a_rendition_is_shown(shown: World) -> None:
    assert shown.ask("GET", f"{PATH}/web").headers["Content-Disposition"].startswith("inline;")
    shown.services.answers["get_rendition"] = thing(name="original", filename="照片.jpg")
    named = shown.ask("GET", f"{PATH}/original").headers["Content-Disposition"]
    assert named.startswith("attachment;") and named.endswith("filename*=UTF-8''%E7%85%A7%E7%89%87.jpg")


def test_a_file_that_is_gone_is_a_problem_not_half_an_answer(world: World) -> None:
    assert world.ask("GET", f"{PATH}/web").status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leaves_the_header_or_its_folder(name: str) -> None:
    """S41."""
    check(name)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_at_all_does(name: str) -> None:
    """S41."""
    check(name)


HEADER = re.compile(r"attachment; filename=\"([A-Za-z0-9._ -]+)\"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)")


def check(name: str) -> None:
    found = HEADER.fullmatch(disposition("attachment", name))
    assert found
    for shown in (found[1], unquote(found[2])):
        assert shown.isprintable() and not set(shown) & set("/\\\r\n\0") and shown not in (".", "..")
