"""A private RabbitMQ: own folder, own ports on 127.0.0.1 (own epmd too), one user with a password of its own."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra.servers.packages import rabbitmq_server
from infra.servers.ports import answers, is_free, wait_until
from infra.servers.postgres import ServerFailed

START_PATIENCE_S = 90.0
STOP_PATIENCE_S = 30.0
# Schedulers that spin while they wait would take a small machine's processors from everybody else.
ERL_ARGS = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rabbit:
    """Debian's broker, with the management API."""

    folder: Path
    port: int
    management_port: int
    cluster_port: int
    epmd_port: int
    secrets: Path

    @property
    def url(self) -> str:
        """The AMQP URL."""
        return (self.secrets / "amqp_url").read_text()

    @property
    def management_url(self) -> str:
        """The management API's URL, without user and password."""
        return f"http://127.0.0.1:{self.management_port}"

    def start(self) -> None:
        """Start the broker and wait until it takes connections.

        Raises:
            ServerFailed: it did not come up.
            CannotInstall: RabbitMQ is missing and cannot be installed.
        """
        home = self._home()
        home.mkdir(parents=True, exist_ok=True)
        (home / "rabbitmq.conf").write_text(self._configuration())
        (home / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (home / "environment").touch()
        self._pid_file().unlink(missing_ok=True)
        with (home / "out.log").open("w") as log:
            # In a session of its own: a Ctrl-C in the terminal is for the platform, which then stops its broker.
            subprocess.run(
                ["setsid", "--fork", str(rabbitmq_server())],
                env=self._environment(),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=True,
            )
        if not wait_until(self._is_up, START_PATIENCE_S):
            self.stop()
            said = (home / "out.log").read_text(errors="replace").splitlines()[-12:]
            raise ServerFailed("rabbitmq-server: " + "\n".join(said))

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the broker if it runs; its data stay. ``at_once`` kills it, as a crash would."""
        node = self._node()
        if node is not None:
            group = os.getpgid(node)
            if not at_once:
                os.kill(node, signal.SIGTERM)
                wait_until(lambda: not _runs(node), STOP_PATIENCE_S)
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            # A process counts as ended a moment before its threads have let go of their ports.
            wait_until(lambda: not _runs(node) and is_free(self.port) and is_free(self.cluster_port), STOP_PATIENCE_S)
        if epmd := shutil.which("epmd"):  # the node started one in the background
            subprocess.run([epmd, "-port", str(self.epmd_port), "-kill"], capture_output=True, check=False)

    def _is_up(self) -> bool:
        return self._node() is not None and answers(self.port) and answers(self.management_port)

    def _node(self) -> int | None:
        """Return the running broker's process id; a stale file may name a stranger's."""
        with suppress(OSError, ValueError):
            pid = int(self._pid_file().read_text())
            if str(self._home()) in Path(f"/proc/{pid}/cmdline").read_text():
                return pid
        return None

    def _home(self) -> Path:
        return self.folder / "rabbitmq"

    def _pid_file(self) -> Path:
        return self._home() / "pid"

    def _configuration(self) -> str:
        lines = (
            f"listeners.tcp.1 = 127.0.0.1:{self.port}",
            "management.tcp.ip = 127.0.0.1",
            f"management.tcp.port = {self.management_port}",
            f"load_definitions = {self.secrets / 'rabbitmq_definitions.json'}",
            "vm_memory_high_watermark.absolute = 1GB",
            "disk_free_limit.absolute = 200MB",
        )
        return "\n".join(lines) + "\n"

    def _environment(self) -> dict[str, str]:
        home = self._home()
        return {
            **os.environ,
            "HOME": str(home),
            "RABBITMQ_NODENAME": "matrix@localhost",  # its data are kept under its name
            "RABBITMQ_CONF_ENV_FILE": str(home / "environment"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "generated"),
            "RABBITMQ_SCHEMA_DIR": str(home / "schema"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(self._pid_file()),
            "RABBITMQ_DIST_PORT": str(self.cluster_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERL_ARGS,
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }


def _runs(pid: int) -> bool:
    """Return whether the process does anything yet; one that only waits for its parent has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
