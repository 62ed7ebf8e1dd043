"""Who was erased stays erased, whatever copy is brought back, because a ledger beside the copies names them."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from gateway.accounts import Accounts
from infra import erasures
from infra.backup import back_up, bring_back
from infra.erase import erase, erase_again
from infra.prepare import prepare
from infra.servers import servers_in
from infra.servers.postgres import Postgres
from shared.blobs import open_blobs
from shared.config import BadSetting, Settings, load_settings
from shared.database import open_engine, reading
from shared.errors import Unavailable
from shared.keys import SqlKeyRing
from shared.log import open_log
from shared.log.tables import person_key
from shared.sealed import ERASED, Sealed, seal, unseal
from shared.testing import SECRET

NAME = "姓名"


@dataclass(frozen=True)
class Signed:
    """Somebody with an account, and their name as content's log holds it."""

    person: UUID
    token: Sealed


@pytest.fixture(scope="module")
def own_database(server_folder: Path, postgres: Postgres) -> Iterator[dict[str, str]]:
    """Give the settings that lead to a database of every owner, made once."""
    name = f"erasures_{uuid4().hex[:8]}"
    postgres.psql("postgres", "--command", f"create database {name}")
    postgres.make_roles(name)
    yield servers_in(server_folder, durable=False).environment(name)
    postgres.psql("postgres", "--command", f"drop database {name} with (force)")


@pytest.fixture(params=["embedded", "distributed"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give the settings of a platform with nothing in it."""
    if request.param == "embedded":
        env = {"MATRIX_DATA": str(tmp_path / "data"), "MATRIX_SECRET": SECRET}
    else:
        env = request.getfixturevalue("own_database") | {"MATRIX_DATA": str(tmp_path / "data")}
    settings = load_settings(env)
    prepare(settings)
    return settings


@pytest.fixture
def elsewhere(platform: Settings, tmp_path: Path) -> Settings:
    """Give where a copy is brought back: another data directory, or the same servers."""
    if platform.mode == "distributed":
        return platform
    return load_settings({"MATRIX_DATA": str(tmp_path / "elsewhere"), "MATRIX_SECRET": SECRET})


def signed(settings: Settings) -> Signed:
    """Let somebody come in and be named in content's log."""
    people = Accounts(open_engine(settings.database_url("gateway"))).people
    people.add("an administrator", "admin", ["*"])
    person = UUID(people.add(NAME, "viewer", ["*"]).body["id"])
    return Signed(person, seal(keys(settings), person, "byline", NAME))


def keys(settings: Settings) -> SqlKeyRing:
    return SqlKeyRing(open_engine(settings.database_url("content")), settings.secrets)


def names_read(settings: Settings, one: Signed) -> tuple[str | None, str]:
    """Return the name as content reads it, and as the account has it."""
    people = Accounts(open_engine(settings.database_url("gateway"))).people
    return unseal(keys(settings), one.token, "byline"), people.get(one.person).name


def still_there(settings: Settings, one: Signed, key: bytes) -> list[str]:
    """Return where the name can be read, and what of name and key is in the bytes of the data directory."""
    found = [f"{name} is read" for name in names_read(settings, one) if name not in (ERASED, "")]
    for path in filter(Path.is_file, settings.data.rglob("*")):
        held = path.read_bytes()
        found += [f"{path.name} holds the {what}" for what, it in (("name", NAME.encode()), ("key", key)) if it in held]
    return found


def wrapped(settings: Settings, person: UUID) -> bytes:
    """Return the person's key as content's database holds it."""
    with reading(open_engine(settings.database_url("content"))) as db:
        key: bytes = db.execute(select(person_key.c.wrapped).where(person_key.c.person_id == person)).scalar_one()
    return bytes(key)


def test_after_an_erasure_neither_name_nor_key_is_anywhere(platform: Settings) -> None:
    """E1, G8: not even in pages of the database that hold no row any more."""
    one = signed(platform)
    key = wrapped(platform, one.person)
    assert still_there(platform, one, key)
    list(erase(platform, one.person))
    assert still_there(platform, one, key) == []


def test_an_erasure_that_only_marks_the_person_is_caught(platform: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant of G8: the event is recorded and the account closed, and the key stays."""
    monkeypatch.setattr(SqlKeyRing, "erase", lambda ring, person: ring.key(person) is not None)
    one = signed(platform)
    key = wrapped(platform, one.person)
    list(erase(platform, one.person))
    log = open_log("content", open_engine(platform.database_url("content")))
    assert log.load(f"person-{one.person}") and still_there(platform, one, key)


@pytest.mark.parametrize("platform", ["embedded"], indirect=True)
def test_who_was_erased_after_the_copy_is_erased_again_when_it_is_brought_back(
    platform: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    """E5, F57, F59: the operator need not know who it was."""
    one = signed(platform)
    list(back_up(platform, tmp_path / "copy"))
    assert names_read(platform, one) == (NAME, NAME)
    list(erase(platform, one.person))
    said = list(bring_back(elsewhere, tmp_path / "copy"))
    assert "content: 1 of them had a key again, and have none now" in said
    assert names_read(elsewhere, one) == (ERASED, "")
    assert "the ledger names 1 who were erased" in list(erase_again(elsewhere)), "the next restore knows of it too"


def test_a_restore_without_the_ledger_shows_the_name_and_with_it_no_more(
    platform: Settings, elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E5, in both modes: first the mutant, then what it left out."""
    one = signed(platform)
    list(back_up(platform, tmp_path / "copy"))
    list(erase(platform, one.person))
    monkeypatch.setattr("infra.backup.erase_again", lambda _: iter(()))
    list(bring_back(elsewhere, tmp_path / "copy"))
    assert names_read(elsewhere, one) == (NAME, NAME)
    list(erase_again(elsewhere))
    assert names_read(elsewhere, one) == (ERASED, "")
    log = open_log("content", open_engine(elsewhere.database_url("content")))
    assert [recorded.type for recorded in log.load(f"person-{one.person}")] == ["content.person.erased.v1"]


@pytest.mark.parametrize("platform", ["embedded"], indirect=True)
def test_where_the_ledger_is_gone_nothing_is_brought_back_unless_one_says_so(
    platform: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    """Moved or lost with the disk: then nobody knows who was erased since the copy."""
    before, after = signed(platform), signed(platform)
    list(erase(platform, before.person))
    list(back_up(platform, tmp_path / "copy"))
    list(erase(platform, after.person))
    shutil.move(platform.data, tmp_path / "moved")
    with pytest.raises(BadSetting, match="no ledger of erasures"):
        list(bring_back(elsewhere, tmp_path / "copy"))
    assert not list(elsewhere.data.glob("*.db"))
    list(bring_back(elsewhere, tmp_path / "copy", without_ledger=True))
    assert names_read(elsewhere, before) == (ERASED, "") and names_read(elsewhere, after) == (NAME, NAME)


@pytest.mark.parametrize("platform", ["embedded"], indirect=True)
def test_nobody_is_erased_who_could_not_be_noted(platform: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restore would bring them back: the operator is told, and repeats it."""
    one = signed(platform)

    def full(*_: object) -> None:
        raise Unavailable("blobs.full", "no space is left for files")

    with monkeypatch.context() as patch:
        patch.setattr(type(open_blobs(platform)), "put", full)
        with pytest.raises(Unavailable):
            list(erase(platform, one.person))
    assert names_read(platform, one) == (NAME, NAME)
    list(erase(platform, one.person))
    assert erasures.noted(open_blobs(platform)) == [one.person]


def test_the_ledger_holds_ids_and_times_and_keeps_the_first(tmp_path: Path) -> None:
    """Nothing personal: whoever reads it learns that somebody was erased, and not who it was."""
    blobs = open_blobs(load_settings({"MATRIX_DATA": str(tmp_path), "MATRIX_SECRET": SECRET}))
    person = uuid4()
    erasures.note(blobs, person)
    said = b"".join(blobs.open(f"{erasures.FOLDER}{person}"))
    erasures.note(blobs, person)
    assert b"".join(blobs.open(f"{erasures.FOLDER}{person}")) == said and said.decode()[:2] == "20"
