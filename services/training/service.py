"""The doors of the training service. No rules live here."""

from typing import Any
from uuid import UUID

from services.training import queries, schemas, session
from services.training.projections import VIEWS
from shared.context import Call
from shared.contracts.training import requests
from shared.contracts.training.events import PersonErased
from shared.erasure import erase_person
from shared.errors import NotFound
from shared.execute import execute, state_of
from shared.messaging import Provide, rpc
from shared.runtime import answer

Request = dict[str, Any]
Answer = dict[str, Any]


class TrainingService:
    """Owns sessions and attendances."""

    name = "training"
    runtime = Provide(VIEWS)

    @rpc
    def schedule_session(self, request: Request) -> Answer:
        call = self.runtime.open("training.write", request)
        command = schemas.schedule_session(call, self.runtime)
        call.caller.require("training.write", command.unit_id)
        return self._on_session(call, command)

    @rpc
    def record_attendances(self, request: Request) -> Answer:
        call = self.runtime.open("training.write", request)
        body = requests.RecordAttendances.read(call.body)
        state, _ = state_of(self.runtime.log, f"session-{body['session_id']}", session)
        _require_seen(call, body["session_id"], state.unit_id)  # before names are sealed: that makes keys
        return self._on_session(call, schemas.record_attendances(body, state.people, self.runtime.keys))

    @rpc
    def hold_session(self, request: Request) -> Answer:
        call = self.runtime.open("training.write", request)
        return self._on_session(call, schemas.hold_session(call))

    @rpc
    def cancel_session(self, request: Request) -> Answer:
        call = self.runtime.open("training.write", request)
        return self._on_session(call, schemas.cancel_session(call))

    @rpc
    def get_session(self, request: Request) -> Answer:
        call = self.runtime.open("training.read", request)
        session_id = requests.GetSession.read(call.body)["session_id"]
        with self.runtime.caught_up(call.caller) as db:
            found = queries.get_session(db, call.caller.unit_filter(), session_id)
        taught = queries.skills(self.runtime.log.load(f"session-{session_id}"))
        return queries.with_names(found, self.runtime.keys) | {"skills": taught}

    @rpc
    def list_sessions(self, request: Request) -> Answer:
        call = self.runtime.open("training.read", request)
        body = requests.ListSessions.read(call.body)
        with self.runtime.caught_up(call.caller) as db:
            return queries.list_sessions(db, call.caller.unit_filter(), body)

    @rpc
    def erase_person(self, request: Request) -> Answer:
        call = self.runtime.open("person.erase", request)
        person_id = requests.ErasePerson.read(call.body)["person_id"]
        return erase_person(self.runtime, call, PersonErased(person_id=person_id), person_id)

    def _on_session(self, call: Call, command: session.Command) -> Answer:
        def guard(state: session.Session) -> None:
            if state.unit_id is not None:
                _require_seen(call, command.session_id, state.unit_id)

        done = execute(
            self.runtime.log,
            f"session-{command.session_id}",
            session,
            command,
            call.cause(),
            guard=guard,
            expected_version=call.expected_version,
            new=isinstance(command, session.ScheduleSession),
        )
        return answer(command.session_id, done)


def _require_seen(call: Call, session_id: UUID, unit_id: UUID | None) -> None:
    """Pass when the session is in one of the caller's units; another's is answered like one that does not exist."""
    if unit_id is None or not call.caller.sees(unit_id):
        raise NotFound("training.session_not_found", f"no session {session_id}")
