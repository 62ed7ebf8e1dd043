"""Routes of the matrix, its news, figures and policies."""

from gateway.operations import Operation, route
from gateway.resources.policies import TimelinessPolicies
from gateway.routes.rows import lists, makes
from gateway.schemas import page
from gateway.schemas.metrics import Fact, FactsQuery, Figure, Judgement, Matrix, MatrixQuery, TimelinessPolicy
from shared.contracts.metrics import requests as metrics

ROUTES = (
    route("/v1/matrix", None,
          GET=Operation(action="matrix.read", summary="Figures of units and channels for a period.",
                        query=MatrixQuery(), answer=Matrix())),
    route("/v1/stream", None,
          GET=Operation(action="matrix.read", summary="News of changes to the matrix (server-sent events).",
                        answers_with="text/event-stream")),
    route("/v1/figures", None,
          GET=Operation(action="figure.read", summary="What figures mean.", answer=page(Figure)),
          POST=makes("policy.write", "Define a figure, or its next version.", metrics.DefineFigure())),
    route("/v1/figures/{name}/events", None,
          GET=Operation(action="figure.read", summary="The facts behind a figure, newest first.",
                        query=FactsQuery(), answer=page(Fact))),
    route("/v1/policies/timeliness", TimelinessPolicies,
          GET=Operation(action="figure.read", summary="The timeliness rule in all its versions.",
                        answer=page(TimelinessPolicy)),
          POST=makes("policy.write", "Adopt a version of the timeliness rule.", metrics.AdoptTimelinessPolicy())),
    route("/v1/policies/timeliness/judgements", TimelinessPolicies, "judgements",
          GET=lists("figure.read", "Publications judged by the rule, last published first.",
                    metrics.ListJudgements, Judgement)),
)  # fmt: skip
