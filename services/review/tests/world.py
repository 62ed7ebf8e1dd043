"""A review service on a real SQLite log, and what tests ask of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.review.projections import VIEWS
from services.review.service import ReviewService
from shared.context import Caller
from shared.contracts.content.events import ArticleSubmissionRetracted, ArticleSubmitted
from shared.events import Event, Recorded
from shared.ids import new_id
from shared.messaging import instance
from shared.testing import caller, open_test_runtime, request

OFFICE = caller("office_editor")
UNIT, AUTHOR = uuid4(), uuid4()


class World:
    """A review service and what a test asks of it."""

    def __init__(self, folder: Path) -> None:
        self.runtime = open_test_runtime("review", folder, VIEWS)
        self.service: Any = instance(ReviewService, self.runtime)

    def ask(self, method: str, who: Caller = OFFICE, /, **body: Any) -> Any:
        return getattr(self.service, method)(request(self.runtime, who, body))

    def adopt(self) -> None:
        self.ask("adopt_scheme", name="一审", article_kinds=["news"])

    def submitted(self, body: str = "<p>正文</p>", revision: int = 1) -> ArticleSubmitted:
        event = ArticleSubmitted(
            article_id=uuid4(), unit_id=UNIT, kind="news", revision=revision, digest="d", author_ids=(AUTHOR,),
            title="潮汐", body=body, submitted_at=datetime.now(UTC),
        )  # fmt: skip
        self.service.on_submission(recorded(event))
        return event


def recorded(event: Event) -> Recorded:
    now = datetime.now(UTC)
    return Recorded(
        position=1, event_id=new_id(), stream="s", version=1, type=event.type, event=event, data="{}",
        occurred_at=now, recorded_at=now, actor="x", unit=UNIT, correlation_id=new_id(), causation_id=None, hash=b"",
    )  # fmt: skip


def retraction_of(event: ArticleSubmitted) -> ArticleSubmissionRetracted:
    return ArticleSubmissionRetracted(
        article_id=event.article_id, unit_id=UNIT, revision=event.revision, by=AUTHOR, reason="x"
    )
