"""Erasing a person everywhere: the services that hold personal data, then the account."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from gateway.accounts import Accounts
from infra.services import service_class
from shared.config import Settings
from shared.context import Caller, CallerSigner
from shared.database import forget_old_pages, open_engine
from shared.ids import new_id
from shared.messaging import doors, instance
from shared.roles import EVERY_UNIT
from shared.runtime import open_runtime

HOLDERS = ("content", "media", "training")
OPERATOR = UUID(int=0)


def erase(settings: Settings, person_id: UUID) -> Iterator[str]:
    """Erase the person in each service, then close the account; yield a line for each.

    Works on the databases, so it needs no running service; where it was cut, repeat it.
    """
    signer = CallerSigner(settings.secrets)
    caller = Caller(account_id=OPERATOR, role="admin", units=frozenset({EVERY_UNIT}))
    for name in HOLDERS:
        runtime = open_runtime(name, settings, doors(service_class(name)).views)
        request: dict[str, Any] = {
            "caller": signer.sign(caller),
            "operation": "erase_person",
            "body": {"person_id": str(person_id)},
            "correlation_id": str(new_id()),
        }
        done = instance(service_class(name), runtime).erase_person(request)
        done_with = forget_old_pages(runtime.engine)
        runtime.engine.dispose()
        yield _said(f"{name}: {'erased' if done.get('erased') else 'held nothing under a key'}", done_with)
    engine = open_engine(settings.database_url("gateway"))
    closed = Accounts(engine).people.erase(person_id)
    done_with = forget_old_pages(engine)
    engine.dispose()
    yield _said(f"gateway: {'account closed and nameless' if closed else 'no account'}", done_with)


def _said(what: str, done_with: bool) -> str:
    return what if done_with else f"{what}; its write-ahead file is in use and may hold earlier bytes: repeat this"
