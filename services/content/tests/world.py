"""A content service on a database of its own, and what tests ask of it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from services.content.service import ContentService
from shared.context import Caller
from shared.contracts.content.events import ArticleSubmitted
from shared.contracts.review.events import CaseApproved, CaseChangesRequested, CaseRejected, SubmissionRefused
from shared.errors import PlatformError
from shared.events import Event, Recorded
from shared.ids import new_id
from shared.messaging import instance
from shared.runtime import Runtime
from shared.testing import caller, request

Ask = dict[str, Any]
Decision = Literal["approved", "changes_requested", "rejected", "refused"]
EDITOR = caller("office_editor")
DUE = datetime(2199, 1, 1, tzinfo=UTC)  # tests tell what time it is
ADMIN = caller("admin")


class World:
    """``ask`` calls a door; the other methods make things with as few words as tests need."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.service: Any = instance(ContentService, runtime)

    def ask(
        self, method: str, who: Caller = EDITOR, key: str | None = None, if_match: int | None = None, **body: Any
    ) -> Any:
        asked = request(self.runtime, who, body, key, if_match) | {"operation": method}
        return getattr(self.service, method)(asked)

    def refusal(self, method: str, who: Caller = EDITOR, **more: Any) -> tuple[type[PlatformError], str] | None:
        """Return how the service refuses, or None when it does not."""
        try:
            self.ask(method, who, **more)
        except PlatformError as error:
            return type(error), error.code
        return None

    def unit(self, name: str = "商学院", **more: Any) -> str:
        asked = {"name": name, "kind": "college", "since": "2020-01-01"} | more
        return str(self.ask("establish_unit", **asked)["id"])

    def channel(self, unit_id: str, **more: Any) -> str:
        asked = {
            "kind": "website",
            "name": "新闻网",
            "tier": "college_site",
            "opened_at": "2020-01-01T00:00:00Z",
        } | more
        return str(self.ask("open_channel", unit_id=unit_id, **asked)["id"])

    def draft(self, unit_id: str, who: Caller = EDITOR, **more: Any) -> str:
        asked = {"title": "潮汐", "body": "<p>正文</p>", "kind": "news"} | more
        return str(self.ask("draft_article", who, unit_id=unit_id, **asked)["id"])

    def submitted(self, unit_id: str, who: Caller = EDITOR) -> str:
        article_id = self.draft(unit_id, who)
        self.ask("submit_article", who, article_id=article_id)
        return article_id

    def approved(self, unit_id: str, who: Caller = EDITOR) -> str:
        article_id = self.submitted(unit_id, who)
        self.service.on_case_approved(self.decision(article_id))
        return article_id

    def history(self, article_id: str) -> list[Event]:
        return [recorded.event for recorded in self.runtime.log.load(f"article-{article_id}")]

    def decision(self, article_id: str, /, decision: Decision = "approved", **other: Any) -> Recorded:
        """Return what review tells of the article's last submission, ``other`` fields being otherwise."""
        submitted = next(e for e in reversed(self.history(article_id)) if isinstance(e, ArticleSubmitted))
        about: Ask = {
            "case_id": uuid4(), "article_id": UUID(article_id), "unit_id": submitted.unit_id,
            "revision": submitted.revision,
        }  # fmt: skip
        by: Ask = {"by": uuid4(), "at": datetime.now(UTC)}
        event: Event
        match decision:
            case "approved":
                text: Ask = {"title": submitted.title, "kind": submitted.kind, "char_count": 2, "char_rule": "r"}
                event = CaseApproved(**about, **by, **text, digest=submitted.digest, override_reason=None)
            case "changes_requested":
                event = CaseChangesRequested(**about, **by, reason="标题太长")
            case "rejected":
                event = CaseRejected(**about, **by, reason="不宜发布")
            case "refused":
                event = SubmissionRefused(**about, reason="no scheme matches")
        return recorded(f"case-{about['case_id']}", replace(event, **other))


def recorded(stream: str, event: Event) -> Recorded:
    """Return an event as another service's log would hold it."""
    now = datetime.now(UTC)
    return Recorded(
        position=1, event_id=new_id(), stream=stream, version=1, type=event.type, event=event, data="{}",
        occurred_at=now, recorded_at=now, actor="x", unit=None, correlation_id=new_id(), causation_id=None, hash=b"",
    )  # fmt: skip
