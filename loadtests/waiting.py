"""What a message takes on the broker's disk while it waits in a consumer's queue, beside its own bytes."""

from contextlib import closing
from pathlib import Path

from loadtests.consume import messages
from loadtests.peers import Comparison, Sample
from loadtests.relay import Publisher
from loadtests.world import World
from shared import topology
from shared.contracts.consumers import consumer

MESSAGES = 2000
RECEIVER = consumer("bench.waiting")


def waiting(world: World) -> list[Comparison]:
    """Return bytes for each message in a replicated queue; ten times: so many more wait."""
    topology.declare(world.settings.amqp_url, [RECEIVER])
    (ours, sent), (ten, _) = (_bytes(world, number) for number in (MESSAGES, 10 * MESSAGES))
    found = Comparison(
        name="broker", what=f"a message that waits in the broker, of {MESSAGES:,}", peer="its body and properties",
        unit="bytes", cost=True, ours=(ours,), theirs=(sent,), ten=(ten,),
    )  # fmt: skip
    return [found]


def _bytes(world: World, number: int) -> tuple[Sample, Sample]:
    """Return bytes of the disk for each message, and bytes sent."""
    data = world.servers.rabbit.folder / "rabbitmq" / "data"
    publisher = Publisher(world.settings.amqp_url, messages(world.settings, number), RECEIVER.name)
    before = _taken(data)
    publisher.run()  # each confirmed, and so on the disk
    taken = _taken(data) - before
    with closing(topology.connect(world.settings.amqp_url)) as connection:
        connection.channel().queue_purge(RECEIVER.name)
    return Sample(taken / number), Sample(publisher.size / number)


def _taken(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
