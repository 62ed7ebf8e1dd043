"""Routes of training sessions."""

from gateway.operations import Operation, route
from gateway.resources.training_sessions import TrainingSessions
from gateway.routes.rows import does, makes, reads
from gateway.schemas import listing, without
from gateway.schemas.training import OneSession, SessionPage
from shared.contracts.training import requests as training

SESSION = "/v1/training-sessions/{session_id:uuid}"


def _on_session(summary: str, body: type) -> Operation:
    return does("training.write", summary, without(body, "session_id"))


ROUTES = (
    route("/v1/training-sessions", TrainingSessions,
          GET=Operation(action="training.read", summary="Sessions, latest first.",
                        query=listing(training.ListSessions), answer=SessionPage()),
          POST=makes("training.write", "Schedule a session.", training.ScheduleSession())),
    route(SESSION, TrainingSessions, "one",
          GET=reads("training.read", "A session with its attendances.", OneSession)),
    route(SESSION + "/attendances", TrainingSessions, "attendances",
          POST=_on_session("Record who attended.", training.RecordAttendances)),
    route(SESSION + "/completion", TrainingSessions, "completion",
          POST=_on_session("Note that a session was held.", training.HoldSession)),
    route(SESSION + "/cancellation", TrainingSessions, "cancellation",
          POST=_on_session("Note that a session will not be held.", training.CancelSession)),
)  # fmt: skip
