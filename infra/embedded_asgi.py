"""The embedded platform as one ASGI application: five services, their bus, the matrix and the gateway."""

import logging
from collections.abc import Mapping
from typing import Any

from prometheus_client import REGISTRY

from gateway.app import create_app
from gateway.dependencies import open_dependencies
from gateway.matrix.census import FeedCensus
from gateway.rpc import DirectRpc
from infra.embedded import Platform
from shared import logs
from shared.config import load_settings
from shared.log.census import Census


class Services:
    """The services begin and end with the application."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def process_startup(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Start reactions and timers."""
        self._platform.start()

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Let each finish what it is at."""
        self._platform.stop()


logs.configure("matrix", logging.WARNING)  # one terminal shows progress and trouble, not each request
_settings = load_settings()
_platform = Platform(_settings)
_deps = open_dependencies(_settings, DirectRpc(_platform))
REGISTRY.register(Census({name: runtime.log for name, runtime in _platform.runtimes.items()}))
REGISTRY.register(FeedCensus(_deps.engine))
_platform.on_events(_deps.matrix.embedded_feed())
app = create_app(_deps)
app.add_middleware(Services(_platform))
