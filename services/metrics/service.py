"""The doors of the metrics service: requests in, publications in. No rules live here."""

from typing import Any

from services.metrics import figure, followers, queries, reads, schemas, timeliness
from services.metrics.projections import VIEWS
from shared.context import Call
from shared.contracts.content.events import ArticlePublished
from shared.contracts.metrics import requests
from shared.events import Recorded
from shared.execute import Decider, Done, cause_of, execute, state_of
from shared.ids import named_id
from shared.messaging import Provide, rpc, subscribe
from shared.runtime import answer, inbox_cause

POLICY = "policy-timeliness"
Request = dict[str, Any]
Answer = dict[str, Any]


class MetricsService:
    """Owns definitions of figures, counters and the timeliness policy."""

    name = "metrics"
    runtime = Provide(VIEWS)

    def ensure_defaults(self) -> None:
        """Define the figures and adopt the 48/72 h policy where nobody did yet; later changes are left alone."""
        for command in figure.DEFAULTS:
            if not self.runtime.log.load(f"figure-{command.name}"):
                execute(self.runtime.log, f"figure-{command.name}", figure, command, cause_of("metrics.defaults"))
        if not self.runtime.log.load(POLICY):
            execute(self.runtime.log, POLICY, timeliness, timeliness.DEFAULT, cause_of("metrics.defaults"))

    @rpc
    def define_figure(self, request: Request) -> Answer:
        call = self.runtime.open("policy.write", request)
        command = schemas.define_figure(call)
        done = self._execute(call, f"figure-{command.name}", figure, command)
        return answer(named_id("figure", command.name), done)

    @rpc
    def list_figures(self, request: Request) -> Answer:
        call = self.runtime.open("figure.read", request)
        body = requests.ListFigures.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.list_figures(db, body)

    @rpc
    def adopt_timeliness_policy(self, request: Request) -> Answer:
        call = self.runtime.open("policy.write", request)
        command = schemas.adopt_timeliness_policy(call)
        done = self._execute(call, POLICY, timeliness, command)
        return answer(named_id("policy", "timeliness"), done)

    @rpc
    def get_policy(self, request: Request) -> Answer:
        call = self.runtime.open("figure.read", request)
        requests.GetPolicy.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.get_policy(db)

    @rpc
    def list_judgements(self, request: Request) -> Answer:
        call = self.runtime.open("figure.read", request)
        body = requests.ListJudgements.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.list_judgements(db, call.caller.unit_filter(), body)

    @rpc
    def count_followers(self, request: Request) -> Answer:
        call = self.runtime.open("figure.write", request)
        command = schemas.count_followers(call)
        call.caller.require("figure.write", command.unit_id)
        return answer(command.channel_id, self._execute(call, f"followers-{command.channel_id}", followers, command))

    @rpc
    def count_reads(self, request: Request) -> Answer:
        call = self.runtime.open("figure.write", request)
        command = schemas.count_reads(call)
        call.caller.require("figure.write", command.unit_id)
        return answer(command.article_id, self._execute(call, f"reads-{command.article_id}", reads, command))

    @subscribe("metrics.on-article-published", ArticlePublished)
    def on_article_published(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, ArticlePublished)
        policies = state_of(self.runtime.log, POLICY, timeliness)[0].policies
        command = schemas.judge_publication(event, policies)
        cause = inbox_cause("metrics.on-article-published", recorded)
        execute(self.runtime.log, f"timeliness-{event.publication_id}", timeliness, command, cause, new=True)

    def _execute(self, call: Call, stream: str, decider: Decider[Any, Any], command: Any) -> Done:
        """Execute a call; a counter that belongs to another unit is none of the caller's."""

        def guard(state: Any) -> None:
            if (unit_id := getattr(state, "unit_id", None)) is not None:
                call.caller.require(call.operation, unit_id)

        return execute(
            self.runtime.log,
            stream,
            decider,
            command,
            call.cause(),
            guard=guard,
            expected_version=call.expected_version,
        )
