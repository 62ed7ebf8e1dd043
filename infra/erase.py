"""Erasing a person everywhere: the services that hold personal data, then the account."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from gateway.accounts import Accounts
from infra import erasures
from infra.services import service_class
from shared.blobs import open_blobs
from shared.config import Settings
from shared.context import Caller, CallerSigner
from shared.database import forget_old_pages, open_engine
from shared.errors import RuleBroken
from shared.ids import new_id
from shared.messaging import doors, instance
from shared.roles import EVERY_UNIT
from shared.runtime import open_runtime

HOLDERS = ("content", "media", "training")
OPERATOR = UUID(int=0)


def erase(settings: Settings, person_id: UUID) -> Iterator[str]:
    """Note the person in the ledger, erase them in each service, then close the account; yield a line for each.

    Works on the databases, so it needs no running service; where it was cut, repeat it.
    """
    erasures.note(open_blobs(settings), person_id)
    for name in HOLDERS:
        had, done_with = _erase_in(name, settings, [person_id])
        yield _said(f"{name}: {'erased' if had else 'held nothing under a key'}", done_with)
    engine = open_engine(settings.database_url("gateway"))
    closed = Accounts(engine).people.erase(person_id)
    done_with = forget_old_pages(engine)
    engine.dispose()
    yield _said(f"gateway: {'account closed and nameless' if closed else 'no account'}", done_with)


def erase_again(settings: Settings) -> Iterator[str]:
    """Erase everybody whom the ledger names once more, as after a restore; yield a line for each service."""
    people = erasures.noted(open_blobs(settings))
    yield f"the ledger names {len(people)} who were erased"
    for name in HOLDERS if people else ():
        had, done_with = _erase_in(name, settings, people)
        yield _said(f"{name}: {had} of them had a key again, and have none now", done_with)
    engine = open_engine(settings.database_url("gateway"))
    accounts = Accounts(engine).people
    for person_id in people:
        try:
            accounts.erase(person_id)
        except RuleBroken as error:  # the others' accounts are closed all the same
            yield f"gateway: {error}; then matrix erase-person {person_id}"
    forget_old_pages(engine)
    engine.dispose()


def _erase_in(name: str, settings: Settings, people: Sequence[UUID]) -> tuple[int, bool]:
    """Erase them in a service; return how many had a key there, and whether no file holds it any longer."""
    signer = CallerSigner(settings.secrets)
    caller = Caller(account_id=OPERATOR, role="admin", units=frozenset({EVERY_UNIT}))
    runtime = open_runtime(name, settings, doors(service_class(name)).views)
    service, had = instance(service_class(name), runtime), 0
    for person_id in people:
        request: dict[str, Any] = {
            "caller": signer.sign(caller),
            "operation": "erase_person",
            "body": {"person_id": str(person_id)},
            "correlation_id": str(new_id()),
        }
        had += bool(service.erase_person(request).get("erased"))
    done_with = forget_old_pages(runtime.engine)
    runtime.engine.dispose()
    return had, done_with


def _said(what: str, done_with: bool) -> str:
    return what if done_with else f"{what}; its write-ahead file is in use and may hold earlier bytes: repeat this"
