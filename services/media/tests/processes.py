"""A media service in a process of its own, to be killed: ``python -m services.media.tests.processes finish ...``."""

import os
import signal
import sys
from collections.abc import Iterator

from services.media.tests.world import World, known_world
from shared.config import load_settings
from shared.context import Caller
from shared.testing import caller


def finish(world: World, who: Caller, upload_id: str) -> None:
    """Finish an upload."""
    world.ask("finish_upload", who, upload_id=upload_id)


def complete(world: World, who: Caller, blob: str) -> None:
    """Have the only part of an upload, which is staged, make an asset."""
    world.complete(blob, who=who)


def erase(world: World, who: Caller, person_id: str) -> None:
    """Erase a person."""
    world.ask("erase_person", who, person_id=person_id)


def send_half(world: World, _: Caller, key: str) -> None:
    """Die in the middle of writing a part."""

    def bytes_until_death() -> Iterator[bytes]:
        yield b"x" * 100_000
        os.kill(os.getpid(), signal.SIGKILL)

    world.blobs.put(key, bytes_until_death())


def main(what: str, account: str, role: str, argument: str) -> None:
    """Do one thing with the service that the environment's settings lead to."""
    from uuid import UUID

    world = known_world(load_settings())
    who = caller(role, account=UUID(account))  # type: ignore[arg-type]
    {"finish": finish, "complete": complete, "erase": erase, "send_half": send_half}[what](world, who, argument)


if __name__ == "__main__":
    main(*sys.argv[1:])
