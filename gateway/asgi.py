"""What gunicorn's ``asgi`` worker serves in distributed mode: ``gunicorn -k asgi gateway.asgi:app``."""

from gateway.app import create_app
from gateway.dependencies import open_dependencies
from gateway.rpc import BrokerRpc
from shared import logs
from shared.config import load_settings

logs.configure("gateway")
_settings = load_settings()
app = create_app(open_dependencies(_settings, BrokerRpc(_settings.amqp_url)))
