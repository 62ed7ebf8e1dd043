"""The caller of a request, signed by the gateway and verified by every service."""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, URLSafeTimedSerializer

from shared.errors import NotFound, RuleBroken
from shared.log.store import Cause, CommandKey
from shared.roles import ACTIONS, EVERY_UNIT, ROLES, Role

CALLER_LIFETIME_S = 60
SIGNED_ANEW_S = 5  # who asks much within a moment comes with the same token
SKEW_S = 5  # the clocks of two machines differ; RFC 7519 allows for minutes
MOST_SIGNED = 1000
FORGED = "the caller context is missing, altered or too old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An account, its role, and the units it is bound to (``*`` for every unit)."""

    account_id: UUID
    role: Role
    units: frozenset[str]

    def may(self, action: str) -> bool:
        """Return whether the caller's role holds the action."""
        return action in ACTIONS[self.role]

    def sees(self, unit_id: UUID | str | None) -> bool:
        """Return whether the unit is one of the caller's."""
        return EVERY_UNIT in self.units or str(unit_id) in self.units

    def require(self, action: str, unit_id: UUID | str | None = None) -> None:
        """Pass when the caller may do ``action`` in the unit (any unit when None is given).

        Raises:
            RuleBroken: ``caller.denied``, the role does not hold the action.
            NotFound: ``caller.no_such_unit``, another unit's object: no more is said than of what does not exist.
        """
        if not self.may(action):
            raise RuleBroken("caller.denied", f"role {self.role} may not {action}")
        if unit_id is not None and not self.sees(unit_id):
            raise NotFound("caller.no_such_unit", "no such object in your units")

    def unit_filter(self) -> frozenset[UUID] | None:
        """Return the units a list may show, or None for all."""
        return None if EVERY_UNIT in self.units else frozenset(UUID(unit) for unit in self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A verified request at a service's door: who asks, what for (``body``), and the key that makes it once."""

    caller: Caller
    operation: str
    body: dict[str, Any]
    correlation_id: UUID
    key: CommandKey | None
    expected_version: int | None

    def cause(self) -> Cause:
        """Return the cause of what the call appends."""
        return Cause(actor=str(self.caller.account_id), correlation_id=self.correlation_id, key=self.key)


class CallerSigner:
    """Signs callers with the first of the platform's secrets, and verifies them with any (HMAC-SHA-256, 60 s)."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._serializer = URLSafeTimedSerializer(secrets[::-1], salt="matrix.caller")  # the last of its list signs
        self._signed = lru_cache(MOST_SIGNED)(self._sign)
        self._found = lru_cache(MOST_SIGNED)(self._read)

    def sign(self, caller: Caller) -> str:
        """Return a token that services accept for ``CALLER_LIFETIME_S`` seconds, less ``SIGNED_ANEW_S`` at most."""
        return self._signed(caller, int(time.time() // SIGNED_ANEW_S))

    def _sign(self, caller: Caller, _: int) -> str:
        return self._serializer.dumps([str(caller.account_id), caller.role, sorted(caller.units)])

    def verify(self, token: object) -> Caller:
        """Return the caller in the token.

        Raises:
            RuleBroken: ``caller.forged``, the token is missing, altered or too old.
        """
        caller, signed_at = self._found(str(token))
        if not -SKEW_S <= int(time.time()) - signed_at <= CALLER_LIFETIME_S:
            raise RuleBroken("caller.forged", FORGED)
        return caller

    def _read(self, token: str) -> tuple[Caller, int]:
        """Return the caller in a token that was signed, however long ago, and when (seconds since the epoch)."""
        try:
            (account, role, units), signed = self._serializer.loads(token, return_timestamp=True)
        except (BadSignature, ValueError) as error:
            raise RuleBroken("caller.forged", FORGED) from error
        if role not in ROLES:
            raise RuleBroken("caller.forged", f"no such role: {role}")
        caller = Caller(account_id=UUID(account), role=role, units=frozenset(units))
        return caller, int(signed.timestamp())
