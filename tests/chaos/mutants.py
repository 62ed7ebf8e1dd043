"""Careless versions of the platform, which the harness has to catch: copies of the tree with a few words changed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.stage import ROOT

PARTS = ("shared", "services", "gateway", "infra", "tests")


@dataclass(frozen=True, slots=True)
class Edit:
    """Words of one file and what stands there instead."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """What somebody careless might have written, the mode it matters in, and the faults that show it."""

    mode: str
    faults: tuple[str, ...]
    edits: tuple[Edit, ...]


TWIN = """    @subscribe("metrics.on-article-published-too", ArticlePublished)
    def on_article_published_too(self, recorded: Recorded) -> None:
        stream, cause = f"too-{recorded.stream}", inbox_cause("metrics.on-article-published-too", recorded)
        execute(self.runtime.log, stream, timeliness, timeliness.DEFAULT, cause)

    @subscribe("metrics.on-article-published", ArticlePublished)
"""
# Two consumers of one event in one service: nothing in the platform has them today, and nothing forbids them.
TWINS = (
    Edit("services/metrics/service.py", '    @subscribe("metrics.on-article-published", ArticlePublished)\n', TWIN),
    Edit(
        "shared/contracts/consumers.py",
        "    MATRIX,\n",
        '    consumer("metrics.on-article-published-too", ArticlePublished),\n    MATRIX,\n',
    ),
)
MUTANTS = {
    # Reads what is committed and goes on behind it: an append with a lower position may still be open.
    "naive-relay": Mutant(
        "distributed",
        ("slow commits in content",),
        (
            Edit("shared/log/rows.py", "self._settled(cursor, after) if upto is None else upto", "upto or 2**62"),
            Edit(
                "shared/log/rows.py",
                "return rows, rows[-1][0] if full else max(settled, after)",
                "return rows, rows[-1][0] if rows else upto or after",
            ),
        ),
    ),
    # Acknowledges what it received, then handles it: who is killed in between never did.
    "ack-before-commit": Mutant(
        "distributed",
        ("review killed while held at append.after_insert_before_commit",),
        (
            Edit(
                "shared/messaging/reactions.py",
                "        delivery = self._delivery(message)\n",
                "        delivery = self._delivery(message)\n        acknowledge(self.events, message)\n",
            ),
            Edit("shared/messaging/reactions.py", "                acknowledge(self.events, delivery.message)\n", ""),
        ),
    ),
    # Takes an event that one consumer handled for one that every consumer of the service handled.
    "inbox-without-consumer": Mutant(
        "distributed",
        ("kill -9 metrics",),
        (
            *TWINS,
            Edit(
                "shared/log/tables.py",
                '    Column("consumer", Text, primary_key=True),\n    Column("event_id", Uuid, primary_key=True),\n'
                '    Column("handled_at"',
                '    Column("consumer", Text, nullable=False),\n    Column("event_id", Uuid, primary_key=True),\n'
                '    Column("handled_at"',
            ),
            Edit(
                "shared/log/rows.py",
                "where consumer = {mark} and event_id = {mark}",
                "where {mark} <> '' and event_id = {mark}",
            ),
        ),
    ),
    # Says that an event is counted, and then counts it.
    "checkpoint-before-rows": Mutant(
        "embedded",
        ("run killed while held at consumer.after_effect_before_commit",),
        (
            Edit(
                "gateway/matrix/writer.py",
                "        with self._transaction() as db:\n            lock(db)\n"
                "            applied, cells = apply(db, events)\n",
                "        with self._transaction() as db:\n"
                "            for source, to in reached.items():\n"
                "                _move(db, source, to, EPOCH)\n"
                "        with self._transaction() as db:\n            lock(db)\n"
                "            applied, cells = apply(db, events)\n",
            ),
        ),
    ),
}


def write_tree(edits: tuple[Edit, ...], folder: Path) -> Path:
    """Copy the tree into a folder with the edits done; return it.

    Raises:
        ValueError: the words of an edit are not there exactly once: the code went on, and the mutant did not.
    """
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in edits:
        path = folder / edit.file
        source = path.read_text()
        if source.count(edit.old) != 1:
            raise ValueError(f"{edit.file} has not exactly once: {edit.old!r}")
        path.write_text(source.replace(edit.old, edit.new))
    return folder
