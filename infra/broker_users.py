"""Who may do what on the broker: each process has a user of its own, with what its contract needs and no more.

Patterns are RabbitMQ's: what may be configured (declared, deleted), written to (published to, bound), read (consumed,
bound from). Looking whether something is there needs no right, so services look and only the relay declares the bus.
"""

from dataclasses import dataclass

RPC, EVENTS = "nameko-rpc", "matrix.events"
SERVICES = ("content", "review", "media", "training", "metrics")
PROCESSES = (*SERVICES, "relay", "projector", "gateway")
NOTHING, ALL = "^$", ".*"
OPERATOR = "matrix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Of one user. ``topics``: by topic exchange, the routing keys that may be written and read (bound)."""

    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    topics: tuple[tuple[str, str, str], ...] = ()


def rights_of(process: str) -> Rights:
    """Return the rights of a process's user."""
    match process:
        case "relay":  # owns the bus: declares every exchange and queue of it, and alone publishes events
            bus = _any(rf"matrix\..*|{RPC}", *(rf"{owner}\..*" for owner in (*SERVICES, "gateway")))
            return Rights(configure=bus, write=bus, read=bus, topics=((RPC, NOTHING, NOTHING),))
        case "projector":
            return Rights(write=_any(r"matrix\.dead", r"matrix\.changes"), read=_any(r"gateway\.matrix"))
        case "gateway":
            own = (r"rpc\.reply-gateway-.*", r"amq\.gen.*")
            shared = (RPC, r"matrix\.changes")
            topics = ((RPC, ALL, r"^rpc\.reply-gateway-"), (EVENTS, NOTHING, NOTHING))
            return Rights(configure=_any(*own), write=_any(*own, RPC), read=_any(*own, *shared), topics=topics)
    queue = f"rpc-{process}"
    topics = ((RPC, r"^rpc\.reply-", rf"^{process}\."), (EVENTS, NOTHING, NOTHING))
    write = _any(queue, RPC, r"matrix\.dead", r"matrix\.retry\..*")  # answers; copies to try again or given up
    return Rights(configure=_any(queue), write=write, read=_any(queue, RPC, rf"{process}\..*"), topics=topics)


def permissions(vhost: str = "/") -> list[dict[str, str]]:
    """Return the permissions of every process's user, as RabbitMQ takes them."""
    return [
        {"user": name, "vhost": vhost, "configure": has.configure, "write": has.write, "read": has.read}
        for name in PROCESSES
        for has in (rights_of(name),)
    ]


def topic_permissions(vhost: str = "/") -> list[dict[str, str]]:
    """Return what routing keys the users may write and read, as RabbitMQ takes them."""
    return [
        {"user": name, "vhost": vhost, "exchange": exchange, "write": write, "read": read}
        for name in PROCESSES
        for exchange, write, read in rights_of(name).topics
    ]


def _any(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"
