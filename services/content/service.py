"""The doors of the content service: requests in, facts of review in, the clock in. No rules live here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.content import article, channel, queries, schedule, schemas, unit
from services.content.projections import VIEWS
from services.content.publication import ChannelFacts, facts_of, publication_id
from shared.context import Call
from shared.contracts.content import requests
from shared.contracts.content.events import PersonErased
from shared.contracts.review.events import CaseApproved, CaseChangesRequested, CaseRejected, SubmissionRefused
from shared.erasure import erase_person
from shared.errors import NotFound, RuleBroken
from shared.events import Recorded
from shared.execute import Done, execute, state_of
from shared.logs import log
from shared.messaging import Provide, every, rpc, subscribe
from shared.roles import EVERY_UNIT
from shared.runtime import answer, inbox_cause

Request = dict[str, Any]
Answer = dict[str, Any]


class ContentService:
    """Owns units, channels, articles and their publication."""

    name = "content"
    runtime = Provide(VIEWS)

    @rpc
    def establish_unit(self, request: Request) -> Answer:
        call = self.runtime.open("unit.write", request)
        command = schemas.establish_unit(call, self.runtime)
        _require_top(call, command.parent_id)
        done = self._execute(call, unit, "unit", command.unit_id, command, within=command.parent_id, new=True)
        return answer(command.unit_id, done)

    @rpc
    def rename_unit(self, request: Request) -> Answer:
        call = self.runtime.open("unit.write", request)
        command = schemas.rename_unit(call)
        return answer(command.unit_id, self._execute(call, unit, "unit", command.unit_id, command))

    @rpc
    def move_unit(self, request: Request) -> Answer:
        call = self.runtime.open("unit.write", request)
        body = requests.MoveUnit.read(call.body)
        _require_top(call, body["parent_id"])
        with self.runtime.caught_up(None) as db:  # a ring may close through units that the caller does not see
            command = schemas.move_unit(body, queries.ancestors(db, body["parent_id"]))
        done = self._execute(call, unit, "unit", command.unit_id, command, within=command.parent_id)
        return answer(command.unit_id, done)

    @rpc
    def merge_unit(self, request: Request) -> Answer:
        call = self.runtime.open("unit.write", request)
        body = requests.MergeUnit.read(call.body)
        with self.runtime.caught_up(None) as db:  # as when a unit is moved
            command = schemas.merge_unit(body, queries.ancestors(db, body["into_id"]))
        done = self._execute(call, unit, "unit", command.unit_id, command, within=command.into_id)
        return answer(command.unit_id, done)

    @rpc
    def get_unit(self, request: Request) -> Answer:
        call = self.runtime.open("unit.read", request)
        body = requests.GetUnit.read(call.body)
        _require_seen(call, "unit", body["unit_id"], body["unit_id"])
        with self.runtime.caught_up(call.caller) as db:
            return queries.get_unit(db, body["unit_id"], schemas.day_asked(body))

    @rpc
    def list_units(self, request: Request) -> Answer:
        call = self.runtime.open("unit.read", request)
        body = requests.ListUnits.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.list_units(db, call.caller.unit_filter(), body, schemas.day_asked(body))

    @rpc
    def open_channel(self, request: Request) -> Answer:
        call = self.runtime.open("channel.write", request)
        command = schemas.open_channel(call, self.runtime)
        done = self._execute(call, channel, "channel", command.channel_id, command, within=command.unit_id, new=True)
        return answer(command.channel_id, done)

    @rpc
    def change_channel_status(self, request: Request) -> Answer:
        call = self.runtime.open("channel.write", request)
        command = schemas.change_channel_status(call)
        return answer(command.channel_id, self._execute(call, channel, "channel", command.channel_id, command))

    @rpc
    def rename_channel(self, request: Request) -> Answer:
        call = self.runtime.open("channel.write", request)
        command = schemas.rename_channel(call)
        return answer(command.channel_id, self._execute(call, channel, "channel", command.channel_id, command))

    @rpc
    def get_channel(self, request: Request) -> Answer:
        call = self.runtime.open("channel.read", request)
        channel_id = requests.GetChannel.read(call.body)["channel_id"]
        with self.runtime.caught_up(call.caller) as db:
            return queries.get_channel(db, channel_id, call.caller.unit_filter())

    @rpc
    def list_channels(self, request: Request) -> Answer:
        call = self.runtime.open("channel.read", request)
        body = requests.ListChannels.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.list_channels(db, call.caller.unit_filter(), body)

    @rpc
    def draft_article(self, request: Request) -> Answer:
        call = self.runtime.open("article.write", request)
        command = schemas.draft_article(call, self.runtime)
        done = self._execute(call, article, "article", command.article_id, command, within=command.unit_id, new=True)
        return answer(command.article_id, done)

    @rpc
    def revise_article(self, request: Request) -> Answer:
        call = self.runtime.open("article.write", request)
        command = schemas.revise_article(call)
        return answer(command.article_id, self._on_article(call, command))

    @rpc
    def submit_article(self, request: Request) -> Answer:
        call = self.runtime.open("article.submit", request)
        command = schemas.submit_article(call)
        return answer(command.article_id, self._on_article(call, command))

    @rpc
    def withdraw_article(self, request: Request) -> Answer:
        call = self.runtime.open("article.withdraw", request)
        command = schemas.withdraw_article(call)
        return answer(command.article_id, self._on_article(call, command))

    @rpc
    def publish_article(self, request: Request) -> Answer:
        call = self.runtime.open("article.publish", request)
        body = requests.PublishArticle.read(call.body)
        command = schemas.publish_article(call, body, self._channel(call, body["channel_id"]))
        publication = publication_id(command.article_id, command.channel.channel_id)
        return answer(publication, self._on_article(call, command))

    @rpc
    def schedule_publication(self, request: Request) -> Answer:
        call = self.runtime.open("article.publish", request)
        body = requests.SchedulePublication.read(call.body)
        command = schemas.schedule_publication(call, body, self._channel(call, body["channel_id"]))
        publication = publication_id(command.article_id, command.channel.channel_id)
        return answer(publication, self._on_article(call, command))

    @rpc
    def cancel_publication(self, request: Request) -> Answer:
        call = self.runtime.open("article.publish", request)
        command = schemas.cancel_publication(call)
        return answer(command.publication_id, self._on_article(call, command))

    @rpc
    def file_receipt(self, request: Request) -> Answer:
        call = self.runtime.open("article.publish", request)
        command = schemas.file_receipt(call)
        return answer(command.publication_id, self._on_article(call, command))

    @rpc
    def get_article(self, request: Request) -> Answer:
        call = self.runtime.open("article.read", request)
        state, history = self._article(call, requests.GetArticle.read(call.body)["article_id"])
        return queries.get_article(state, history, self.runtime.keys)

    @rpc
    def list_articles(self, request: Request) -> Answer:
        call = self.runtime.open("article.read", request)
        body = requests.ListArticles.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.list_articles(db, call.caller.unit_filter(), body)

    @rpc
    def find_articles(self, request: Request) -> Answer:
        call = self.runtime.open("article.read", request)
        body = requests.FindArticles.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.find_articles(db, call.caller.unit_filter(), body)

    @rpc
    def list_revisions(self, request: Request) -> Answer:
        call = self.runtime.open("article.read", request)
        _, history = self._article(call, requests.ListRevisions.read(call.body)["article_id"])
        return queries.list_revisions(history)

    @rpc
    def diff_revisions(self, request: Request) -> Answer:
        call = self.runtime.open("article.read", request)
        body = requests.DiffRevisions.read(call.body)
        _, history = self._article(call, body["article_id"])
        return queries.diff_revisions(history, body["from_revision"], body["to_revision"])

    @rpc
    def erase_person(self, request: Request) -> Answer:
        call = self.runtime.open("person.erase", request)
        person_id = requests.ErasePerson.read(call.body)["person_id"]
        return erase_person(self.runtime, call, PersonErased(person_id=person_id), person_id)

    @subscribe("content.on-case-approved", CaseApproved)
    def on_case_approved(self, recorded: Recorded) -> None:
        self._take("content.on-case-approved", recorded)

    @subscribe("content.on-case-changes-requested", CaseChangesRequested)
    def on_case_changes_requested(self, recorded: Recorded) -> None:
        self._take("content.on-case-changes-requested", recorded)

    @subscribe("content.on-case-rejected", CaseRejected)
    def on_case_rejected(self, recorded: Recorded) -> None:
        self._take("content.on-case-rejected", recorded)

    @subscribe("content.on-submission-refused", SubmissionRefused)
    def on_submission_refused(self, recorded: Recorded) -> None:
        self._take("content.on-submission-refused", recorded)

    @every(1.0)
    def publish_due(self) -> None:
        schedule.publish_due(self.runtime, datetime.now(UTC))

    def _on_article(self, call: Call, command: article.Command) -> Done:
        return self._execute(call, article, "article", command.article_id, command)

    def _execute(
        self, call: Call, decider: Any, noun: str, thing_id: UUID, command: Any, within: UUID | None = None,
        new: bool = False,
    ) -> Done:  # fmt: skip
        """Run a command on a thing that is new, or the caller's; ``within`` is a unit that must take something new."""

        def guard(state: Any) -> None:
            if state.unit_id is not None:
                _require_seen(call, noun, thing_id, state.unit_id)
            if within is not None:
                self._require_open(call, within)

        return execute(
            self.runtime.log, f"{noun}-{thing_id}", decider, command, call.cause(), guard=guard,
            expected_version=call.expected_version, new=new,
        )  # fmt: skip

    def _take(self, consumer: str, recorded: Recorded) -> None:
        """Have the article take a decision of review's; one about another revision or text is noted and left."""
        command = schemas.take_decision(recorded.event)  # type: ignore[arg-type]
        stream, cause = f"article-{command.article_id}", inbox_cause(consumer, recorded)
        done = execute(self.runtime.log, stream, article, command, cause)
        if not done.events and not done.replayed:
            log.warning("decision.not_taken", stream=stream, revision=command.revision, case_id=str(command.case_id))

    def _article(self, call: Call, article_id: UUID) -> tuple[article.Article, Sequence[Recorded]]:
        history = self.runtime.log.load(f"article-{article_id}")
        state = article.initial()
        for recorded in history:
            state = article.evolve(state, recorded.event)
        _require_seen(call, "article", article_id, state.unit_id)
        return state, history

    def _require_open(self, call: Call, unit_id: UUID) -> None:
        """Pass when the unit is one of the caller's and goes on."""
        state, _ = state_of(self.runtime.log, f"unit-{unit_id}", unit)
        _require_seen(call, "unit", unit_id, state.unit_id)
        unit.require_open(state)

    def _channel(self, call: Call, channel_id: UUID) -> ChannelFacts:
        state, _ = state_of(self.runtime.log, f"channel-{channel_id}", channel)
        _require_seen(call, "channel", channel_id, state.unit_id)
        return facts_of(channel_id, state)


def _require_top(call: Call, parent_id: UUID | None) -> None:
    """Pass when there is a parent (which is looked at later), or when the caller sees every unit."""
    if parent_id is None and EVERY_UNIT not in call.caller.units:
        raise RuleBroken("caller.denied", "only who sees every unit may have one at the top")


def _require_seen(call: Call, noun: str, thing_id: UUID, unit_id: UUID | None) -> None:
    """Pass when the thing is in one of the caller's units; another unit's is answered like one that does not exist."""
    if unit_id is None or not call.caller.sees(unit_id):
        raise NotFound(f"content.{noun}_not_found", f"no {noun} {thing_id}")
