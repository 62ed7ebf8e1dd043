"""The chain over each stream: it does not fork, and who tampers is found out."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select, text

from shared.database import writing
from shared.errors import Conflict
from shared.log.chain import GENESIS, link_hash
from shared.log.store import Log
from shared.log.tables import event
from shared.log.verify import _link, anchor_of, verify
from tests.contract.logs import append, touch


def test_chains_do_not_fork_however_many_write_at_once(log: Log) -> None:
    """F64: the chain is the stream's, and whoever did not see its end does not append to it."""

    def write(writer: int) -> None:
        for _ in range(15):
            stream = f"unit-{writer % 3}"
            while True:
                try:
                    touch(log, stream, len(log.load(stream)))
                    break
                except Conflict:
                    continue

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    verdict = verify(log.engine)
    assert (verdict.events, verdict.streams, verdict.breaks) == (90, 3, ())


def test_an_untouched_log_verifies_and_its_anchor_holds_as_it_grows(log: Log) -> None:
    append(log, "unit-1", "a", "b")
    anchor = anchor_of(log.engine)
    append(log, "unit-2", "c")
    append(log, "unit-1", "d", at=2)
    verdict = verify(log.engine, anchor)
    assert (verdict.events, verdict.streams, verdict.breaks) == (4, 2, ())
    assert verdict.anchor != anchor and verdict.anchor.position == log.head()


TAMPERING = {
    "data edited": ["update event set data = replace(data, '\"b\"', '\"x\"') where stream = 'unit-1' and version = 2"],
    "time moved": ["update event set occurred_at = occurred_at - 1 where stream = 'unit-1' and version = 2"],
    "actor changed": ["update event set actor = 'somebody' where stream = 'unit-1' and version = 2"],
    "deleted": ["delete from event where stream = 'unit-1' and version = 2"],
    "deleted, the rest moved up": [
        "delete from event where stream = 'unit-1' and version = 2",
        "update event set version = version - 1 where stream = 'unit-1' and version = 3",
    ],
    "inserted": [
        "update event set version = 4 where stream = 'unit-1' and version = 3",
        "update event set version = 3 where stream = 'unit-1' and version = 2",
        "update event set stream = 'unit-1', version = 2 where stream = 'unit-2'",
    ],
    "reordered": [
        "update event set version = 9 where stream = 'unit-1' and version = 2",
        "update event set version = 2 where stream = 'unit-1' and version = 3",
        "update event set version = 3 where stream = 'unit-1' and version = 9",
    ],
    "hash replaced": ["update event set hash = (select hash from event where stream = 'unit-2') where version = 2"],
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_breaks_the_chain_where_it_happened(log: Log, owner: Engine, how: str) -> None:
    append(log, "unit-2", "z")
    append(log, "unit-1", "a", "b", "c")
    tamper(owner, TAMPERING[how])
    (found,) = verify(log.engine).breaks
    assert (found.stream, found.version) == ("unit-1", 2)


@pytest.mark.parametrize("stream", ["unit-1", "unit-2"])
def test_a_cut_tail_or_a_vanished_stream_is_found_with_an_anchor_only(log: Log, owner: Engine, stream: str) -> None:
    append(log, "unit-2", "z")
    append(log, "unit-1", "a", "b", "c")
    anchor = anchor_of(log.engine)
    assert verify(log.engine, anchor).breaks == ()
    tamper(owner, [f"delete from event where stream = '{stream}' and (version = 3 or stream = 'unit-2')"])
    assert verify(log.engine).breaks == ()
    (found,) = verify(log.engine, anchor).breaks
    assert ("its tail was cut" in found.reason) == (stream == "unit-1")


def test_a_stream_that_was_written_anew_with_its_hashes_is_found_with_an_anchor_only(log: Log, owner: Engine) -> None:
    """S57: who may do anything to the database can make a chain that holds; it is another one."""
    append(log, "unit-1", "a", "b", "c")
    anchor = anchor_of(log.engine)
    tamper(owner, TAMPERING["data edited"])
    with writing(owner) as db:
        previous = GENESIS
        for row in db.execute(select(event).order_by(event.c.version)).all():
            previous = link_hash(previous, _link(row))
            changed = event.update().where(event.c.position == row.position)
            db.execute(changed.values(hash=previous))
    assert verify(log.engine).breaks == ()
    (found,) = verify(log.engine, anchor).breaks
    assert "is not what was anchored" in found.reason


def tamper(owner: Engine, statements: Sequence[str]) -> None:
    with writing(owner) as db:
        for statement in statements:
            assert db.execute(text(statement)).rowcount
