"""Acknowledging a message on a connection that may be gone."""

from typing import Any

from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError

from shared.logs import log


def acknowledge(consumer: Any, message: Any) -> None:
    """Acknowledge the message; where its connection is lost the broker took it back and hands it out again.

    nameko 2.14.1 lets the socket's error out, and with it ends the container: a service that stands still.
    """
    try:
        consumer.ack_message(message)
    except (OSError, AMQPError, KombuError) as error:
        log.warning("message.ack_lost", reason=repr(error))
