"""Rows and streams to answers: JSON-ready, ids as text, times as ISO 8601 in UTC."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Date, Row, Select, and_, case, func, literal, or_, select

from services.content import article as rules
from services.content.diff import unified
from services.content.html import clean
from services.content.projections import article, channel, compared_title, due, unit, unit_history
from shared.codec import unstructure
from shared.contracts.content.events import ArticleDrafted, ArticleRevised, ArticleText
from shared.errors import NotFound
from shared.events import Recorded
from shared.places import id_in, moment_and_id, page, place
from shared.sealed import KeyRing, unseal

DUE_AT_ONCE = 100
LISTED = [column for column in article.c if column is not article.c.compared_title]
Seen = frozenset[UUID] | None  # the units a caller sees; None: all


def get_unit(db: Connection, unit_id: UUID, at: date) -> dict[str, Any]:
    """Return a unit as it was on a day, and its names and parents over time.

    Raises:
        NotFound: there is no such unit.
    """
    row = db.execute(_units_at(at).where(unit.c.unit_id == unit_id)).one_or_none()
    if row is None:
        raise NotFound("content.unit_not_found", f"no unit {unit_id}")
    changes = select(unit_history.c.since, unit_history.c.name, unit_history.c.parent_id).order_by(unit_history.c.since)
    history = db.execute(changes.where(unit_history.c.unit_id == unit_id)).all()
    return _item(row, "unit_id") | {"history": [unstructure(dict(change._mapping)) for change in history]}


def list_units(db: Connection, seen: Seen, asked: dict[str, Any], at: date) -> dict[str, Any]:
    """Return units as they were on a day; when a day was asked for, only those there were by then."""
    wanted = _among(_units_at(at), unit.c.unit_id, seen).order_by(unit.c.unit_id)
    if "kind" in asked:
        wanted = wanted.where(unit.c.kind == asked["kind"])
    if "at" in asked:
        wanted = wanted.where(unit.c.since <= at)
    if asked["after"]:
        wanted = wanted.where(unit.c.unit_id > id_in(asked["after"]))
    return page(db, wanted, asked["limit"], lambda row: _item(row, "unit_id"), lambda row: str(row.unit_id))


def ancestors(db: Connection, unit_id: UUID | None) -> frozenset[UUID]:
    """Return the unit and everything above it, by the last changes told."""
    above: set[UUID] = set()
    while unit_id is not None and unit_id not in above:
        above.add(unit_id)
        parents = select(unit_history.c.parent_id).where(unit_history.c.unit_id == unit_id)
        unit_id = db.execute(parents.order_by(unit_history.c.since.desc()).limit(1)).scalar()
    return frozenset(above)


def get_channel(db: Connection, channel_id: UUID, seen: Seen) -> dict[str, Any]:
    """Return a channel.

    Raises:
        NotFound: there is none among the units seen.
    """
    wanted = _among(select(channel), channel.c.unit_id, seen).where(channel.c.channel_id == channel_id)
    row = db.execute(wanted).one_or_none()
    if row is None:
        raise NotFound("content.channel_not_found", f"no channel {channel_id}")
    return _item(row, "channel_id")


def list_channels(db: Connection, seen: Seen, asked: dict[str, Any]) -> dict[str, Any]:
    """Return channels in the order of their ids."""
    wanted = _among(select(channel), channel.c.unit_id, seen).order_by(channel.c.channel_id)
    for name in asked.keys() & {"unit_id", "kind", "status"}:
        wanted = wanted.where(channel.c[name] == asked[name])
    if asked["after"]:
        wanted = wanted.where(channel.c.channel_id > id_in(asked["after"]))
    return page(db, wanted, asked["limit"], lambda row: _item(row, "channel_id"), lambda row: str(row.channel_id))


def list_articles(db: Connection, seen: Seen, asked: dict[str, Any]) -> dict[str, Any]:
    """Return articles, the last changed first."""
    newest_first = (article.c.changed_at.desc(), article.c.article_id.desc())
    wanted = _among(select(*LISTED), article.c.unit_id, seen).order_by(*newest_first)
    for name in asked.keys() & {"unit_id", "kind", "status"}:
        wanted = wanted.where(article.c[name] == asked[name])
    if "q" in asked:
        wanted = wanted.where(func.lower(article.c.title).contains(asked["q"].lower(), autoescape=True))
    if asked["after"]:
        changed_at, article_id = moment_and_id(asked["after"])
        same = and_(article.c.changed_at == changed_at, article.c.article_id < article_id)
        wanted = wanted.where(or_(article.c.changed_at < changed_at, same))
    return page(
        db,
        wanted,
        asked["limit"],
        lambda row: _item(row, "article_id"),
        lambda row: place(row.changed_at, row.article_id),
    )


def find_articles(db: Connection, seen: Seen, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the articles of some titles in the order of their ids."""
    titles = {compared_title(title) for title in asked["titles"]}
    wanted = _among(select(*LISTED), article.c.unit_id, seen).where(article.c.compared_title.in_(titles))
    for name in asked.keys() & {"unit_id", "kind"}:
        wanted = wanted.where(article.c[name] == asked[name])
    if asked["after"]:
        wanted = wanted.where(article.c.article_id > id_in(asked["after"]))
    wanted = wanted.order_by(article.c.article_id)
    return page(db, wanted, asked["limit"], lambda row: _item(row, "article_id"), lambda row: str(row.article_id))


def due_publications(db: Connection, now: datetime) -> Sequence[Row[Any]]:
    """Return scheduled publications whose time has come, the earliest first."""
    return db.execute(select(due).where(due.c.due_at <= now).order_by(due.c.due_at).limit(DUE_AT_ONCE)).all()


def get_article(state: rules.Article, history: Sequence[Recorded], keys: KeyRing) -> dict[str, Any]:
    """Return an article as its stream says, its HTML cleaned by today's rules; ``reason`` is the last one given."""
    first, last = history[0], history[-1]
    assert isinstance(first.event, ArticleDrafted) and state.text is not None
    about = {
        "id": first.event.article_id,
        "unit_id": state.unit_id,
        "kind": state.kind,
        "status": state.status,
        "revision": state.revision,
        "author_ids": state.author_ids,
        "byline": unseal(keys, first.event.byline, "byline"),
        "reason": _last_reason(history),
        "publications": [{"id": key, **unstructure(known)} for key, known in state.publications.items()],
        "drafted_at": first.recorded_at,
        "changed_at": last.recorded_at,
        "version": last.version,
    }
    plain: dict[str, Any] = unstructure(about)
    return plain | _text(state.text)


def list_revisions(history: Sequence[Recorded]) -> dict[str, Any]:
    """Return every revision, the first first, with who wrote it and when it was recorded."""
    items = [
        {"revision": number, "editor_id": str(editor), "recorded_at": unstructure(recorded.recorded_at)} | _text(text)
        for number, editor, text, recorded in _revisions(history)
    ]
    return {"items": items, "next": None}


def diff_revisions(history: Sequence[Recorded], old: int, new: int) -> dict[str, Any]:
    """Return what changed between two revisions: unified lines of title and body, other fields before and after.

    Raises:
        NotFound: there is no such revision.
    """
    texts = {number: text for number, _, text, _ in _revisions(history)}
    if not {old, new} <= texts.keys():
        raise NotFound("content.revision_not_found", f"the article has revisions 1 to {len(texts)}")
    before, after = _text(texts[old]), _text(texts[new])
    return {
        "from": old,
        "to": new,
        "title": unified(before["title"], after["title"]),
        "body": unified(before["body"], after["body"]),
        "fields": {
            name: {"from": before[name], "to": after[name]}
            for name in before.keys() - {"title", "body"}
            if before[name] != after[name]
        },
    }


def _units_at(at: date) -> Select[Any]:
    """Select units with the name and parent they had on a day (their first ones before there were any)."""
    day = case((unit.c.since > at, unit.c.since), else_=literal(at, Date))
    told = unit_history.alias()
    last = select(func.max(told.c.since)).where(told.c.unit_id == unit.c.unit_id, told.c.since <= day)
    then = and_(unit_history.c.unit_id == unit.c.unit_id, unit_history.c.since == last.scalar_subquery())
    columns = (
        unit.c.unit_id, unit_history.c.name, unit.c.kind, unit_history.c.parent_id, unit.c.since,
        case((unit.c.merged_since <= at, unit.c.merged_into)).label("merged_into"), unit.c.version,
    )  # fmt: skip
    return select(*columns).select_from(unit.join(unit_history, then))


def _revisions(history: Sequence[Recorded]) -> list[tuple[int, UUID, ArticleText, Recorded]]:
    found: list[tuple[int, UUID, ArticleText, Recorded]] = []
    for recorded in history:
        match recorded.event:
            case ArticleDrafted(author_id=author, text=text):
                found.append((1, author, text, recorded))
            case ArticleRevised(revision=number, editor_id=editor, text=text):
                found.append((number, editor, text, recorded))
    return found


def _last_reason(history: Sequence[Recorded]) -> str | None:
    return next((reason for recorded in reversed(history) if (reason := getattr(recorded.event, "reason", None))), None)


def _text(text: ArticleText) -> dict[str, Any]:
    plain: dict[str, Any] = unstructure(text)
    return plain | {"body": clean(text.body)}


def _among(wanted: Select[Any], unit_id: Any, seen: Seen) -> Select[Any]:
    return wanted if seen is None else wanted.where(unit_id.in_(seen))


def _item(row: Row[Any], id_column: str) -> dict[str, Any]:
    plain: dict[str, Any] = unstructure(dict(row._mapping))
    return {"id": plain.pop(id_column), **plain}
