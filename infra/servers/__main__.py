"""``python -m infra.servers start DIR | stop DIR | need``: what tests need besides Python, by hand."""

import sys
from pathlib import Path

from infra.servers import servers_in, start_servers
from infra.servers.packages import CannotInstall, chromium, postgres_programs, promtool, rabbitmq_server
from infra.servers.postgres import ServerFailed

USAGE = "usage: python -m infra.servers start DIR | stop DIR | need"


def main(arguments: list[str]) -> int:
    """Start or stop servers, or install what tests need; return the exit code."""
    try:
        match arguments:
            case ["start", folder]:
                for name, value in start_servers(Path(folder)).environment().items():
                    print(f"export {name}='{value}'")
            case ["stop", folder]:
                servers_in(Path(folder)).stop()
            case ["need"]:
                print(postgres_programs(), rabbitmq_server(), chromium(), promtool(), sep="\n")
            case _:
                print(USAGE, file=sys.stderr)
                return 2
    except (CannotInstall, ServerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
