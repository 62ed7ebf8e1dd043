"""The ``matrix`` command."""

import os
import sys
from collections.abc import Sequence

import click

from infra.cli import accounts, imports, keys, letters, load, operate, processes
from infra.supervise import running_environment
from shared.config import BadSetting
from shared.errors import PlatformError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="media-matrix")
@click.pass_context
def matrix(context: click.Context) -> None:
    """The media matrix of an institution: run it, load it, look after it.

    Settings come from the environment: MATRIX_MODE (embedded or distributed), DATA (data directory, var/data), PORT
    (8000); docs/runbook.md lists them all. Start with `matrix run --demo`. After `make up` the other commands work
    on what it started.
    """
    if context.invoked_subcommand != "run" and "MATRIX_MODE" not in os.environ and "DATA" not in os.environ:
        os.environ.update(running_environment())


COMMANDS: Sequence[click.Command] = (
    processes.run, processes.serve, processes.relay, processes.project, processes.gateway, processes.migrate,
    load.demo, imports.import_, operate.rebuild, operate.verify, operate.erase_person, operate.doctor, operate.backup,
    operate.restore, operate.resend, operate.address, accounts.account, keys.key, letters.dead_letters,
)  # fmt: skip
for command in COMMANDS:
    matrix.add_command(command)


def main() -> None:
    """Run the command; what goes wrong is one line that says how to mend it, and exit code 1."""
    try:
        matrix()
    except BadSetting as error:
        click.secho(f"setting: {error}", fg="red", err=True)
        sys.exit(1)
    except PlatformError as error:
        click.secho(f"{error.code}: {error.detail}", fg="red", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
