"""Whatever a newcomer gets wrong is said in one line with what to do, and never as a traceback."""

import errno
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from alembic.util import CommandError
from pika.exceptions import AMQPConnectionError, ProbableAccessDeniedError, ProbableAuthenticationError
from psycopg2 import errors
from sqlalchemy import text

from infra.advice import advice
from infra.servers.ports import free_port
from shared.config import BadSetting
from shared.database import open_engine, reading
from shared.errors import Invalid, Unavailable

AT = 'connection to server at "127.0.0.1", port 1 failed: '
SECRET = "s" * 40

KNOWN = [
    (BadSetting("PORT is 'x'; it is a number"), "setting: PORT is 'x'"),
    (Invalid("import.key", "an API key is needed"), "import.key: an API key is needed"),
    (psycopg2.OperationalError(f"{AT}Connection refused\n\tIs the server running?"), "no PostgreSQL answers: start it"),
    (psycopg2.OperationalError(f'{AT}FATAL:  password authentication failed for user "x"'), "refuses the password"),
    (psycopg2.OperationalError(f'{AT}FATAL:  database "x" does not exist'), "no such database or role"),
    (psycopg2.OperationalError(f"{AT}FATAL:  sorry, too many clients already"), "raise its max_connections"),
    (errors.UndefinedTable('relation "event" does not exist'), "run `matrix migrate`"),
    (errors.UndefinedColumn('column "x" does not exist'), "run `matrix migrate`"),
    (errors.DiskFull("could not extend file"), "the disk is full"),
    (CommandError("Can't locate revision identified by '0099'"), "of a newer version (migration 0099)"),
    (ProbableAuthenticationError("(403) 'ACCESS_REFUSED'"), "RabbitMQ refuses user and password"),
    (ProbableAccessDeniedError("(530) 'NOT_ALLOWED - vhost x not found'"), "(NOT_ALLOWED - vhost x not found)"),
    (AMQPConnectionError(ConnectionRefusedError(111, "Connection refused")), "start it, or correct MATRIX_AMQP_URL"),
    (PermissionError(errno.EACCES, "Permission denied", "/srv/x"), "/srv/x: you have no right there"),
    (OSError(errno.ENOSPC, "No space left on device"), "the disk is full: make room"),
    (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/srv/x"), "/srv/x: a file is in the way"),
]


@pytest.mark.parametrize(("error", "said"), KNOWN, ids=lambda each: type(each).__name__)
def test_what_can_be_foreseen_is_one_line_that_says_what_to_do(error: Exception, said: str) -> None:
    line = advice(error)
    assert line is not None and said in line
    assert "\n" not in line and "\t" not in line


def test_what_nobody_foresaw_gets_no_advice() -> None:
    """Our mistakes keep their traceback."""
    assert advice(ZeroDivisionError()) is None
    assert advice(psycopg2.errors.SyntaxError("x")) is None
    assert advice(BrokenPipeError(errno.EPIPE, "Broken pipe")) is None


def test_what_did_not_answer_is_told_by_what_caused_it() -> None:
    silent = Unavailable("database.unavailable", "x")
    silent.__cause__ = psycopg2.OperationalError(f"{AT}Connection refused")
    assert "no PostgreSQL answers" in str(advice(silent))


def test_a_refusal_keeps_its_own_words_whatever_caused_it() -> None:
    refused = Invalid("blob.bad_key", "no such key")
    refused.__cause__ = FileNotFoundError(errno.ENOENT, "x", "y")
    assert advice(refused) == "blob.bad_key: no such key"


def _locked(path: Path) -> None:
    with sqlite3.connect(path) as holder:
        holder.execute("begin exclusive")
        sqlite3.connect(path, timeout=0).execute("select * from sqlite_master")


def _no_database(path: Path) -> None:
    path.write_bytes(b"nothing of the kind" * 100)
    sqlite3.connect(path).execute("select * from sqlite_master")


def _grows(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("pragma max_page_count = 2")
        db.execute("create table x (y)")
        db.execute("insert into x values (zeroblob(100000))")


def _no_folder(path: Path) -> None:
    sqlite3.connect(path / "x" / "y").execute("select 1")


def _no_table(path: Path) -> None:
    with reading(open_engine(f"sqlite:///{path}")) as db:
        db.execute(text("select * from event"))


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("fail", "said"),
    [
        (_locked, "end what else runs with this DATA="), (_no_database, "damaged: restore a backup"),
        (_grows, "the disk is full"), (_no_folder, "cannot be opened"), (_no_table, "run `matrix migrate`"),
    ],
)  # fmt: skip
def test_what_sqlite_says_is_advised_on(fail: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    with pytest.raises(Exception) as failure:  # noqa: PT011
        fail(tmp_path / "content.db")
    assert said in str(advice(failure.value))


def matrix(*arguments: str, **env: str) -> str:
    """Return what a ``matrix`` command that ends with 1 said."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MATRIX_")}
    command = [sys.executable, "-m", "infra.cli", *arguments]
    done = subprocess.run(command, env=plain | env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done
    return done.stderr.strip()


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = matrix("run", DATA=str(tmp_path), PORT=str(port))
    assert said == f"setting: port {port} of 127.0.0.1 is taken; choose another: PORT={port + 1}"


def test_an_address_of_another_machine_is_one_line(tmp_path: Path) -> None:
    said = matrix("run", DATA=str(tmp_path), PORT=str(free_port()), HOST="192.0.2.1")
    assert said.startswith("setting: HOST is 192.0.2.1, no address of this machine") and "\n" not in said


def test_a_backup_into_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = matrix("backup", str(tmp_path / "file" / "backup"), DATA=str(tmp_path / "data"))
    assert said == f"{tmp_path}/file/backup: a file is in the way: choose another place"


def test_a_database_server_that_is_not_there_is_one_line() -> None:
    url = f"postgresql+psycopg2://x@127.0.0.1:{free_port()}/x"
    said = matrix("migrate", MATRIX_MODE="distributed", MATRIX_SECRET=SECRET, MATRIX_DATABASE=url)
    assert said.startswith("no PostgreSQL answers: start it, or correct MATRIX_DATABASE") and "\n" not in said


def test_a_broker_that_is_not_there_is_one_line() -> None:
    url = f"amqp://x:y@127.0.0.1:{free_port()}/"
    said = matrix("dead-letters", "list", MATRIX_MODE="distributed", MATRIX_SECRET=SECRET, MATRIX_AMQP_URL=url)
    assert said.startswith("no RabbitMQ answers: start it, or correct MATRIX_AMQP_URL_FILE") and "\n" not in said


def test_a_service_whose_settings_lack_something_ends_with_one_line() -> None:
    said = matrix("serve", "content", MATRIX_MODE="distributed")
    assert said.startswith("setting: MATRIX_SECRET_FILE") and "\n" not in said


def test_a_data_directory_is_made_also_where_the_secret_is_elsewhere(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "DATA": str(tmp_path / "new" / "data"), "MATRIX_SECRET": SECRET}
    command = [sys.executable, "-m", "infra.cli", "migrate"]
    assert subprocess.run(command, env=env, check=False, capture_output=True).returncode == 0


def test_data_of_a_newer_version_are_one_line(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "content.db") as db:
        db.execute("create table alembic_version (version_num varchar(32) not null)")
        db.execute("insert into alembic_version values ('0099')")
    db.close()
    assert matrix("migrate", DATA=str(tmp_path)).startswith("the data are of a newer version (migration 0099)")
