"""Messages under way while the platform's secret changes: accepted as long as theirs is listed, parked afterwards."""

from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from shared.envelope import Envelope
from shared.errors import Invalid
from shared.testing import SECRET
from tests.messaging import toys
from tests.messaging.conftest import World, wait_until
from tests.messaging.deliveries import publish, seal
from tests.messaging.publishing import published, set_back

NEW = "the-next-secret-of-the-platform-0123456789"


def under_way(world: World) -> Any:
    """Return a unit of which a message signed with the old secret waits in the queue."""
    world.declare()
    world.relay()
    toys.establish(world.log("content"), unit_id := uuid4())
    wait_until(lambda: world.count() == 1 and published(world))
    return unit_id


def test_what_was_signed_before_the_change_is_handled_and_a_forgery_is_not(world: World) -> None:
    """F60."""
    unit_id = under_way(world)
    event = world.log("content").read(0, 10).events[-1]
    publish(world, event.data.encode(), seal(event, secret="of-somebody-else-0123456789-0123456789"))
    world.start("service", "review", MATRIX_SECRET=f"{NEW}\n{SECRET}")
    wait_until(lambda: toys.heard(world.log("review"), unit_id) == [1])
    letters = wait_until(world.dead().list)
    assert [letter.reason.partition(":")[0] for letter in letters] == ["message.bad_signature"]


def test_what_was_signed_with_a_dropped_secret_is_parked_and_comes_back_when_it_is_sent_again(world: World) -> None:
    """F60: a secret dropped too early delays what was under way, and loses nothing."""
    unit_id = under_way(world)
    world.stops[-1].set()
    world.start("service", "review", MATRIX_SECRET=NEW)
    letter = wait_until(world.dead().list)[0]
    assert letter.stream == f"unit-{unit_id}" and letter.reason.startswith("message.bad_signature")
    assert toys.heard(world.log("review"), unit_id) == []
    set_back(world, 0)  # matrix resend
    world.start("relay", MATRIX_SECRET=NEW)
    wait_until(lambda: toys.heard(world.log("review"), unit_id) == [1])


def accepts_anything(self: Envelope, headers: Any, content_type: Any, body: bytes) -> Any:
    """The mutant: whoever changes the secret in one go lets everything in meanwhile."""
    attributes = {name: value for name, value in headers.items() if name.startswith("ce-") and name != "ce-signature"}
    return self._recorded(attributes, body.decode())


@pytest.mark.parametrize(("opens", "lets_in"), [(Envelope.open, False), (accepts_anything, True)])
def test_while_two_are_listed_a_third_is_still_a_forgery(world: World, opens: Any, lets_in: bool) -> None:
    """F60; the mutant is caught."""
    toys.establish(world.log("content"), uuid4())
    event = world.log("content").read(0, 10).events[-1]
    forged = seal(event, secret="of-somebody-else-0123456789-0123456789")
    let_in = False
    with suppress(Invalid):
        let_in = bool(opens(Envelope((NEW, SECRET)), forged.headers, forged.content_type, event.data.encode()))
    assert let_in == lets_in
