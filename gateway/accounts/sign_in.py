"""The door through which people come in, whatever they show: an API key, a password, one day a campus's ticket."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

Evidence = TypeVar("Evidence", contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The account that was proved; a session of it ends with ``key_id``, and at ``until``, where these are given.

    ``set_at`` names the password that proved it: it is worth nothing once there is another.
    """

    account_id: UUID
    key_id: UUID | None = None
    until: datetime | None = None
    set_at: datetime | None = None
    must_change: bool = False  # a one-time password: good for nothing but a password of one's own


class SignIn(Protocol[Evidence]):
    """One way to prove who is there: ``Keys`` and ``Passwords`` are two, a campus's single sign-on would be a third."""

    def prove(self, evidence: Evidence) -> Proven | None:
        """Return whom the evidence proves, or None, which tells nothing of why.

        Raises:
            Unavailable: nobody can be asked.
        """
