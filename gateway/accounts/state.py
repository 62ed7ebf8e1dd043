"""How often access changed: what a process remembers about callers holds only while this number stays."""

from sqlalchemy import Connection, Engine, select, update

from gateway.accounts.tables import access_state
from shared.database import insert_new, reading


def changed(db: Connection) -> None:
    """Count a change. Changes of access happen one after another: the row is locked until the transaction ends."""
    insert_new(db, access_state, ["id"], {"id": 1, "revision": 0})
    db.execute(update(access_state).values(revision=access_state.c.revision + 1))


def revision(engine: Engine) -> int:
    """Return the number of changes. Raises: Unavailable: the database did not answer."""
    with reading(engine) as db:
        return int(db.scalar(select(access_state.c.revision)) or 0)
