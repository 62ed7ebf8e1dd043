"""The route of batches."""

from gateway.operations import SIGNED_IN, Operation, route
from gateway.resources.batches import Batches
from gateway.schemas.batches import Answers, Batch

ROUTES = (
    route("/v1/batch", Batches,
          POST=Operation(action=SIGNED_IN, summary="Up to 100 commands at once, each answered as if sent alone.",
                         body=Batch(), answer=Answers())),
)  # fmt: skip
