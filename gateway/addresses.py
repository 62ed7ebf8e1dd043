"""Where a request comes from: the peer, or what a proxy that we trust says of the peer before it."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from falcon.asgi import Request

from shared.config import BadSetting


class Addresses:
    """Believes ``X-Forwarded-For`` as far as proxies of the list wrote it; anybody may write that header."""

    def __init__(self, trusted: Iterable[str]) -> None:
        try:
            self._trusted = tuple(ip_network(each) for each in trusted)
        except ValueError as error:
            raise BadSetting(f"MATRIX_TRUSTED_PROXIES: {error}; say 10.0.0.5 or 10.0.0.0/28") from error

    def of(self, req: Request) -> str:
        """Return the address of the nearest peer that is no trusted proxy."""
        client = req.scope.get("client")
        address = str(client[0]) if client else "local"
        for before in reversed((req.get_header("X-Forwarded-For") or "").split(",")):
            if not self._trusts(address) or not before.strip():
                break
            address = before.strip()[:45]
        return address

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)
