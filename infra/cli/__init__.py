"""The ``matrix`` command."""

import os
from importlib import import_module
from keyword import iskeyword

import click

from infra.start import plainly
from infra.supervise import running_environment

# Where each command is; its module is loaded when it is asked for, so that a start waits for no other's.
MODULES = {
    "processes": ("run", "serve", "relay", "project", "gateway", "migrate"),
    "load": ("demo",),
    "imports": ("import",),
    "operate": ("rebuild", "verify", "erase-person", "doctor", "backup", "restore", "resend", "address"),
    "accounts": ("account",),
    "keys": ("key",),
    "secrets": ("secret",),
    "letters": ("dead-letters",),
}
PLACES = {command: module for module, commands in MODULES.items() for command in commands}


class Commands(click.Group):
    """The commands in ``PLACES``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name."""
        return list(PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or None where there is none of that name."""
        if cmd_name not in PLACES:
            return None
        module = import_module(f"infra.cli.{PLACES[cmd_name]}")
        attribute = cmd_name.replace("-", "_") + ("_" if iskeyword(cmd_name) else "")
        command: click.Command = getattr(module, attribute)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


def main() -> None:
    """Run the command; what goes wrong is one line that says how to mend it, and exit code 1."""
    with plainly():
        matrix()


if __name__ == "__main__":
    main()
