"""A private PostgreSQL: own folder, own port on 127.0.0.1, own superuser password, the platform's roles and schemas."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from infra.servers.packages import postgres_programs

ROLES = Path(__file__).parent.parent / "postgres" / "roles.sql"
DATABASE = "matrix"
SUPERUSER = "postgres"
MAX_CONNECTIONS = 300
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class ServerFailed(RuntimeError):
    """A server did not start; the text has the end of what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """``durable=False`` is for tests: much faster, and a power cut would lose data."""

    folder: Path
    port: int
    secrets: Path
    durable: bool = True

    def url(self, database: str = DATABASE) -> str:
        """Return the superuser's URL."""
        return f"postgresql+psycopg2://{SUPERUSER}:{self._password()}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, on the first start with a new cluster that holds database ``matrix``; wait until it is up.

        Raises:
            ServerFailed: it did not come up.
            CannotInstall: PostgreSQL is missing and cannot be installed.
        """
        data = self._data()
        fresh = not (data / "PG_VERSION").exists()
        if fresh:
            self._make_cluster(data)
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": str(MAX_CONNECTIONS),
            **({} if self.durable else UNSAFE_BUT_FAST),
        }
        given = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        log = data.parent / "postgres.log"
        self.run("pg_ctl", "-D", str(data), "-w", "-t", "60", "-l", str(log), "-o", given, "start", quiet=True)
        if fresh:
            self.psql("postgres", "--command", f"create database {DATABASE}")
        self.make_roles(DATABASE)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server if it runs; its data stay. ``at_once`` ends it as a crash would."""
        data = self._data()
        if (data / "postmaster.pid").exists():
            how = "fast" if self.durable and not at_once else "immediate"
            self.run("pg_ctl", "-D", str(data), "-w", "-m", how, "stop", quiet=True, check=False)

    def forget(self) -> None:
        """Remove the stopped server's data."""
        shutil.rmtree(self._data().parent, ignore_errors=True)

    def make_roles(self, database: str) -> None:
        """Make the platform's roles and their schemas in a database; what is there stays."""
        self.psql(database, "--quiet", "--file", str(ROLES))

    def psql(self, database: str, *arguments: str) -> None:
        """Run psql as the superuser.

        Raises:
            ServerFailed: a statement failed.
        """
        program = str(postgres_programs() / "psql")
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--username", SUPERUSER, "--dbname", database]
        env = {**os.environ, "PGPASSWORD": self._password(), "SECRETS": str(self.secrets)}
        command = [program, "--no-psqlrc", "--no-password", "--set", "ON_ERROR_STOP=1", *where, *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerFailed(f"psql: {done.stderr.strip()}")

    def _password(self) -> str:
        return (self.secrets / "postgres_superuser").read_text()

    def _make_cluster(self, data: Path) -> None:
        data.parent.mkdir(parents=True, exist_ok=True)
        password = data.parent / "password"
        password.touch(mode=0o600)
        password.write_text(self._password())
        if os.geteuid() == 0:
            shutil.chown(data.parent, "postgres", "postgres")
            shutil.chown(password, "postgres", "postgres")
        settings = ["-D", str(data), "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password}"]
        settings += ["-E", "UTF8", "--locale=C.UTF-8"] + ([] if self.durable else ["--no-sync"])
        self.run("initdb", *settings)
        password.unlink()

    def _data(self) -> Path:
        """Return the cluster's folder; elsewhere where PostgreSQL's own user may not enter ours."""
        here = self.folder / "postgres"
        if os.geteuid() != 0 or _may_enter(self.folder):
            return here / "data"
        name = sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"matrix-postgres-{name}" / "data"

    def run(self, name: str, *arguments: str, quiet: bool = False, check: bool = True) -> None:
        """Run one of PostgreSQL's programs; it refuses to be root, so root becomes ``postgres``."""
        command = _as_postgres([str(postgres_programs() / name), *arguments])
        # A server that inherits a pipe would hold it open for as long as it runs.
        out = subprocess.DEVNULL if quiet else subprocess.PIPE
        done = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, text=True, stdout=out, stderr=subprocess.STDOUT, check=False
        )
        if check and done.returncode:
            log = self._data().parent / "postgres.log"
            raise ServerFailed(f"{name}: {done.stdout or ''}{_tail(log)}")


def _as_postgres(command: Sequence[str]) -> list[str]:
    return [*(["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []), *command]


def _may_enter(folder: Path) -> bool:
    return subprocess.run(_as_postgres(["test", "-x", str(folder)]), cwd="/", check=False).returncode == 0


def _tail(log: Path, lines: int = 8) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
