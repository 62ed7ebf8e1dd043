"""One call to a service in the name of a caller."""

from dataclasses import dataclass
from typing import Any

from gateway.matrix.freshness import Freshness
from gateway.rpc import DEFAULT_TIMEOUT_S, Rpc
from shared.context import Caller, CallerSigner


@dataclass(frozen=True, slots=True)
class Calls:
    """Signs callers, and notes how far the services' logs have come."""

    rpc: Rpc
    signer: CallerSigner
    freshness: Freshness

    async def ask(
        self, service: str, operation: str, caller: Caller, body: dict[str, Any], correlation_id: str,
        key: str | None = None, if_match: int | None = None, timeout: float = DEFAULT_TIMEOUT_S,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the service's answer to the caller.

        Raises:
            PlatformError: what the service refused with.
        """
        signed = {"caller": self.signer.sign(caller), "operation": operation, "body": body, "key": key}
        request = {**signed, "if_match": if_match, "correlation_id": correlation_id}
        found = await self.rpc.call(service, operation, request, timeout)
        if (position := str(found.get("position", ""))).isdecimal():
            self.freshness.expect(service, int(position))
        return found
