"""The doors of the review service: requests in, submissions in. No rules live here."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.review import case, queries, schemas, scheme, term_list
from services.review.checker import check
from services.review.in_force import Rules, in_force
from services.review.projections import VIEWS
from shared.context import Call
from shared.contracts.content.events import ArticleSubmissionRetracted, ArticleSubmitted
from shared.contracts.review import requests
from shared.errors import NotFound, RuleBroken
from shared.events import Recorded
from shared.execute import execute
from shared.messaging import Provide, rpc, subscribe
from shared.runtime import answer, inbox_cause

Request = dict[str, Any]
Answer = dict[str, Any]


class ReviewService:
    """Owns review schemes, term lists and cases."""

    name = "review"
    runtime = Provide(VIEWS)

    @rpc
    def adopt_scheme(self, request: Request) -> Answer:
        call = self.runtime.open("scheme.write", request)
        command = schemas.adopt_scheme(call, self.runtime)
        _require_units(call, command.unit_ids)
        stream = f"scheme-{command.scheme_id}"
        done = execute(self.runtime.log, stream, scheme, command, call.cause(), guard=_scheme_guard(call))
        return answer(command.scheme_id, done)

    @rpc
    def retire_scheme(self, request: Request) -> Answer:
        call = self.runtime.open("scheme.write", request)
        command = schemas.retire_scheme(call)
        stream = f"scheme-{command.scheme_id}"
        done = execute(self.runtime.log, stream, scheme, command, call.cause(), guard=_scheme_guard(call))
        return answer(command.scheme_id, done)

    @rpc
    def list_schemes(self, request: Request) -> Answer:
        call = self.runtime.open("review.read", request)
        body = requests.ListSchemes.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.list_schemes(db, body)

    @rpc
    def publish_term_list(self, request: Request) -> Answer:
        call = self.runtime.open("term_list.write", request)
        command = schemas.publish_term_list(call, self.runtime)
        expected = call.expected_version
        stream = f"terms-{command.list_id}"
        done = execute(self.runtime.log, stream, term_list, command, call.cause(), expected_version=expected)
        return answer(command.list_id, done)

    @rpc
    def get_term_list(self, request: Request) -> Answer:
        call = self.runtime.open("term_list.read", request)
        body = requests.GetTermList.read(call.body)
        history = self.runtime.log.load(f"terms-{body['list_id']}")
        return queries.get_term_list(history, body["list_id"], body.get("version"))

    @rpc
    def try_terms(self, request: Request) -> Answer:
        call = self.runtime.open("article.write", request)
        text, tried = schemas.try_terms(call)
        return queries.findings(check("", text, self._in_force().lists if tried is None else [tried]))

    @rpc
    def list_term_lists(self, request: Request) -> Answer:
        call = self.runtime.open("term_list.read", request)
        body = requests.ListTermLists.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.list_term_lists(db, body)

    @rpc
    def get_case(self, request: Request) -> Answer:
        call = self.runtime.open("review.read", request)
        case_id = requests.GetCase.read(call.body)["case_id"]
        history = self.runtime.log.load(f"case-{case_id}")
        state = case.initial()
        for recorded in history:
            state = case.evolve(state, recorded.event)
        if state.opened is None or not call.caller.sees(state.unit_id):
            raise NotFound("review.case_not_found", f"no case {case_id}")
        return queries.get_case(state, history, datetime.now(UTC))

    @rpc
    def list_cases(self, request: Request) -> Answer:
        call = self.runtime.open("review.read", request)
        body = requests.ListCases.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.list_cases(db, call.caller.unit_filter(), body)

    @rpc
    def claim_case(self, request: Request) -> Answer:
        call = self.runtime.open("review.decide", request)
        return self._on_case(call, schemas.claim_case(call))

    @rpc
    def release_case(self, request: Request) -> Answer:
        call = self.runtime.open("review.decide", request)
        return self._on_case(call, schemas.release_case(call))

    @rpc
    def decide_case(self, request: Request) -> Answer:
        call = self.runtime.open("review.decide", request)
        return self._on_case(call, schemas.decide_case(call))

    @subscribe("review.on-submission", ArticleSubmitted, ArticleSubmissionRetracted)
    def on_submission(self, recorded: Recorded) -> None:
        """One consumer for both, so that a submission taken back and made again stays in its order."""
        match recorded.event:
            case ArticleSubmitted() as submitted:
                command: case.OpenCase | case.CloseCase = self._opening(submitted)
            case ArticleSubmissionRetracted() as retracted:
                case_id = schemas.case_id_of(retracted.article_id, retracted.revision)
                command = case.CloseCase(case_id=case_id, reason=retracted.reason)
            case _:
                return
        cause = inbox_cause("review.on-submission", recorded)
        new = isinstance(command, case.OpenCase)
        execute(self.runtime.log, f"case-{command.case_id}", case, command, cause, new=new)

    def _opening(self, submitted: ArticleSubmitted) -> case.OpenCase:
        rules = self._in_force()
        fitting = scheme.matching(rules.schemes, submitted.kind, submitted.unit_id)
        return schemas.open_case(submitted, fitting, rules.lists)

    def _in_force(self) -> Rules:
        return in_force(self.runtime.views).at_the_end(self.runtime)

    def _on_case(self, call: Call, command: case.ClaimCase | case.ReleaseCase | case.DecideCase) -> Answer:
        done = execute(
            self.runtime.log,
            f"case-{command.case_id}",
            case,
            command,
            call.cause(),
            guard=_guard(call),
            expected_version=call.expected_version,
        )
        return answer(command.case_id, done)


def _require_units(call: Call, unit_ids: Iterable[UUID]) -> None:
    """A scheme for every unit is made and ended by who sees every unit."""
    units = tuple(unit_ids)
    if not units and call.caller.unit_filter() is not None:
        raise RuleBroken("caller.denied", "a scheme for every unit takes a caller who sees every unit")
    for unit in units:
        call.caller.require(call.operation, unit)


def _scheme_guard(call: Call) -> Callable[[scheme.Scheme], None]:
    def guard(state: scheme.Scheme) -> None:
        if state.scheme_id is not None:
            _require_units(call, state.unit_ids)

    return guard


def _guard(call: Call) -> Callable[[case.Case], None]:
    def guard(state: case.Case) -> None:
        if state.unit_id is not None:
            call.caller.require(call.operation, state.unit_id)

    return guard
