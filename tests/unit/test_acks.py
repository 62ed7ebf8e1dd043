"""A message whose connection is gone cannot be acknowledged, and that is no reason to stop."""

from typing import Any

import pytest
from nameko.messaging import QueueConsumer

from shared.messaging.acks import acknowledge


class Message:
    """A message on a connection that looks alive and is not."""

    class channel:
        connection = True

    def ack(self) -> None:
        raise ConnectionResetError(104, "Connection reset by peer")


def stock() -> Any:
    return QueueConsumer.__new__(QueueConsumer)


def test_a_lost_connection_does_not_end_the_service() -> None:
    acknowledge(stock(), Message())


def test_the_stock_consumer_lets_the_error_out() -> None:
    """The mutant is nameko's own."""
    with pytest.raises(ConnectionResetError):
        stock().ack_message(Message())
