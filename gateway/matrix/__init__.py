"""The matrix: facts of all services as figures by unit, channel and month, what was known when, and news of changes."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.dependencies import Dependencies


def add_matrix(app: Any, deps: "Dependencies") -> None:
    """Add the matrix's resources to the gateway, and let it follow the read model while the gateway runs."""
    # Not at the top: the resources are built of this package's modules.
    from gateway.resources.figures import Figures, FiguresEvents
    from gateway.resources.matrix import MatrixAnswers
    from gateway.resources.stream import Stream

    app.add_middleware(deps.matrix)
    app.add_route("/v1/matrix", MatrixAnswers(deps))
    app.add_route("/v1/figures", Figures(deps))
    app.add_route("/v1/figures/{name}/events", FiguresEvents(deps))
    app.add_route("/v1/stream", Stream(deps))
