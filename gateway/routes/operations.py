"""Routes for operators and machines."""

from marshmallow import Schema, fields

from gateway.operations import PUBLIC, Operation, route
from gateway.resources.operations import Health, Inventory, Measures
from gateway.routes.rows import reads


class Alive(Schema):
    status = fields.Str(required=True)


class Ready(Alive):
    parts = fields.Dict(required=True)


ROUTES = (
    route("/v1/openapi.json", Inventory, GET=Operation(action=PUBLIC, summary="This description.")),
    route("/livez", Health, "live", GET=reads(PUBLIC, "Whether the process is alive.", Alive)),
    route("/readyz", Health, "ready", GET=reads(PUBLIC, "Whether it can serve, and how its parts are.", Ready)),
    route("/metrics", Measures,
          GET=Operation(action=PUBLIC, summary="Measures for Prometheus.", answers_with="text/plain")),
)  # fmt: skip
