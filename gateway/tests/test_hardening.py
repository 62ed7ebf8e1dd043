"""True of the whole tree: no secret lies about, no line is forged, no entity grows."""

import io
import json
import re
import subprocess
import time
import zipfile
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from gateway.tests.importing import samples
from gateway.tests.kit import OTHER, World
from shared import logs
from shared.config import WELL_KNOWN_SECRETS
from shared.errors import PlatformError

ROOT = Path(__file__).parents[2]
# What looks like a secret: keys of ours and of clouds, private keys, passwords in addresses.
SECRET = re.compile(
    r"mm_[a-z0-9]{8}_[A-Za-z0-9_-]{43}|AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|"
    r"(?:amqps?|postgresql(?:\+psycopg2)?)://[^:{}\s/]+:(?!guest@|\{)[^@{}\s]{8,}@"
)
ENTITIES = (
    '<!DOCTYPE w [<!ENTITY a "AAAAAAAAAA"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("bcdefgh", "cdefghi", strict=True))
    + "]>"
)
EXTERNAL = '<!DOCTYPE w [<!ENTITY i SYSTEM "file:///etc/passwd">]>'


@pytest.fixture
def world(lasting_world: World) -> World:
    """Give a gateway, its services as at first."""
    return lasting_world.forget()


def test_no_committed_file_holds_a_secret() -> None:
    """S49."""
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = [ROOT / name for name in told.split("\0") if name and not name.startswith("gateway/console/static/vendor")]
    found = {
        str(path.relative_to(ROOT)): hit.group()
        for path in texts
        if path.suffix in (".py", ".md", ".yml", ".toml", ".conf", ".sql", ".sh", ".json", "") and path.is_file()
        for hit in SECRET.finditer(path.read_text(errors="replace"))
    }
    assert found == {}
    assert {"changeme", "password", "guest"} <= WELL_KNOWN_SECRETS


def test_the_search_for_secrets_finds_one() -> None:
    assert SECRET.search("amqp://matrix:" + "hunter2hunter2@broker:5672/")
    assert SECRET.search("key = mm_abcdefgh_" + "x" * 43)


def test_no_line_of_the_log_can_be_forged(capsys: pytest.CaptureFixture[str]) -> None:
    """S32: line breaks of a client's text stay inside their line."""
    logs.configure("canary")
    forged = 'x\n{"event": "session.opened", "account": "root"}\r\n\x1b[31m'
    structlog.get_logger().warning("request.refused", path=forged, **{"with": forged})
    said = capsys.readouterr().err
    structlog.reset_defaults()
    assert len(said.strip().splitlines()) == 1
    assert json.loads(said)["event"] == "request.refused" and "\x1b" not in said


def test_a_header_cannot_be_split(world: World) -> None:
    """S32."""
    answered = world.ask("GET", "/v1/articles?cursor=%0d%0aSet-Cookie:%20a=b")
    assert "set-cookie" not in answered.headers
    answered = world.ask("GET", f"/v1/articles/{OTHER}%0d%0aX-Forged:%201")
    assert "x-forged" not in answered.headers


def test_who_was_refused_is_noted_with_what_they_wanted(world: World) -> None:
    """S58."""
    viewer = world.add("viewer")
    account = str(world.accounts.people.all()[-1].id)
    with structlog.testing.capture_logs() as lines:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
        world.ask("DELETE", f"/v1/review-schemes/{OTHER}", viewer)
        world.ask("GET", f"/v1/articles/{OTHER}", world.add("viewer", UUID(int=1)))
    refused = [line for line in lines if line["event"] == "request.refused"]
    assert [(line["code"], line["path"]) for line in refused] == [
        ("caller.denied", f"/v1/review-schemes/{OTHER}"),
        ("caller.no_such_unit", f"/v1/articles/{OTHER}"),
    ]
    assert refused[0]["account"] == account and refused[0]["with"].startswith("key-")


@pytest.mark.parametrize("doctype", [ENTITIES, EXTERNAL], ids=["entities that grow", "an entity outside"])
def test_entities_in_a_workbook_are_not_followed(doctype: str) -> None:
    """S33, S37: refused or read as nothing; at once, and without what they lead to."""
    honest = zipfile.ZipFile(io.BytesIO(samples.xlsx(("a", "b"))))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as hostile:
        for entry in honest.namelist():
            data = honest.read(entry)
            if entry.endswith(("sheet1.xml", "sharedStrings.xml")):
                data = doctype.encode() + data.replace(b">a<", b">&i;<").split(b"?>")[-1]
            hostile.writestr(entry, data)
    assert "root:" not in _read(written.getvalue())


def test_entities_in_a_page_are_not_followed() -> None:
    """S33."""
    page = f"{EXTERNAL}<html><body><table><tr><td>&i;</td></tr></table></body></html>"
    assert "root:" not in _read(page.encode())


def _read(content: bytes) -> str:
    began = time.monotonic()
    try:
        said = str(samples.tables(content))
    except PlatformError as error:
        said = error.detail
    assert time.monotonic() - began < 20
    return said
