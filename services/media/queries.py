"""row → answer."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Row, Select, Table, and_, func, or_, select

from services.media.projections import asset, asset_tag, live_stream, shoot, shoot_photograph, viewer_sample
from shared.codec import unstructure
from shared.errors import NotFound
from shared.places import moment_and_id, page, place

Answer = dict[str, Any]
PRIVATE = ("blob", "photographer", "depicts_id")
MAX_SAMPLES = 5000


def find_asset(db: Connection, asset_id: UUID) -> Answer:
    """Return the asset's row as it is, with what only the service may see.

    Raises:
        NotFound: ``asset.not_found``.
    """
    return _find(db, asset, asset_id, "asset.not_found")


def list_assets(db: Connection, seen: frozenset[UUID] | None, body: Answer) -> Answer:
    """Return assets, the last added first."""
    wanted = _filtered(select(asset), asset, seen, body, "status")
    if kind := body.get("kind"):
        wanted = wanted.where(asset.c.media_type.startswith(f"{kind}/"))
    if tag := body.get("tag"):
        wanted = wanted.where(asset.c.asset_id.in_(select(asset_tag.c.asset_id).where(asset_tag.c.tag == tag)))
    if shoot_id := body.get("shoot_id"):
        delivered = select(shoot_photograph.c.asset_id).where(shoot_photograph.c.shoot_id == shoot_id)
        wanted = wanted.where(asset.c.asset_id.in_(delivered))
    if words := body.get("q"):
        columns = (asset.c.title, asset.c.filename)
        wanted = wanted.where(or_(*(func.lower(c).contains(words.lower(), autoescape=True) for c in columns)))
    return _page(db, wanted, asset.c.added_at, asset.c.asset_id, body, _shown)


def show_asset(row: Answer, photographer: str | None) -> Answer:
    """Return an asset's row as its readers see it, with the photographer's name."""
    return _shown(row) | {"photographer": photographer}


def usable(db: Connection, asset_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the unit of each asset that is there and not withdrawn."""
    rows = select(asset.c.asset_id, asset.c.unit_id).where(
        asset.c.asset_id.in_(asset_ids), asset.c.status == "available"
    )
    return {row.asset_id: row.unit_id for row in db.execute(rows)}


def get_shoot(db: Connection, shoot_id: UUID) -> Answer:
    """Return the shoot with the number of its photographs. Raises: NotFound: ``shoot.not_found``."""
    found = _find(db, shoot, shoot_id, "shoot.not_found")
    return _with_photographs(db, [_renamed(found)])[0]


def list_shoots(db: Connection, seen: frozenset[UUID] | None, body: Answer) -> Answer:
    """Return shoots with the numbers of their photographs, the latest first; and both numbers of all that fit."""
    wanted = _filtered(select(shoot), shoot, seen, body, "status", "kind")
    if since := body.get("starts_from"):
        wanted = wanted.where(shoot.c.starts_at >= since)
    if before := body.get("starts_before"):
        wanted = wanted.where(shoot.c.starts_at < before)
    fitting = wanted.subquery()
    delivered = shoot_photograph.join(fitting, fitting.c.shoot_id == shoot_photograph.c.shoot_id)
    shoots = db.execute(select(func.count()).select_from(fitting)).scalar_one()
    photographs = db.execute(select(func.count()).select_from(delivered)).scalar_one()
    page = _page(db, wanted, shoot.c.starts_at, shoot.c.shoot_id, body, _renamed)
    return page | {"items": _with_photographs(db, page["items"]), "shoots": shoots, "photographs": photographs}


def get_stream(db: Connection, stream_id: UUID) -> Answer:
    """Return the stream with its samples in order of time, and peak and average in people; both are None without any.

    Raises:
        NotFound: ``live_stream.not_found``.
    """
    found = _renamed(_find(db, live_stream, stream_id, "live_stream.not_found"))
    this = viewer_sample.c.stream_id == stream_id
    rows = db.execute(select(viewer_sample.c.at, viewer_sample.c.viewers).where(this).order_by(viewer_sample.c.at))
    samples = [unstructure(dict(row._mapping)) for row in rows.fetchmany(MAX_SAMPLES)]
    return _with_viewers(db, [found])[0] | {"samples": samples}


def list_streams(db: Connection, seen: frozenset[UUID] | None, body: Answer) -> Answer:
    """Return streams with peak and average, the latest first."""
    wanted = _filtered(select(live_stream), live_stream, seen, body, "status")
    page = _page(db, wanted, live_stream.c.starts_at, live_stream.c.stream_id, body, _renamed)
    return page | {"items": _with_viewers(db, page["items"])}


def _find(db: Connection, table: Table, key: UUID, code: str) -> Answer:
    row = db.execute(select(table).where(next(iter(table.primary_key)) == key)).one_or_none()
    if row is None:
        raise NotFound(code, "no such object")
    return dict(row._mapping)


def _filtered(
    wanted: Select[Any], table: Table, seen: frozenset[UUID] | None, body: Answer, *names: str
) -> Select[Any]:
    if seen is not None:
        wanted = wanted.where(table.c.unit_id.in_(seen))
    for name in ("unit_id", *names):
        if value := body.get(name):
            wanted = wanted.where(table.c[name] == value)
    return wanted


def _page(
    db: Connection,
    wanted: Select[Any],
    moment: Column[Any],
    key: Column[Any],
    body: Answer,
    shown: Callable[[Answer], Answer],
) -> Answer:
    """Return a page, newest first; ``next`` is the last row's place, ``<microseconds>|<id>``."""
    if after := body.get("after"):
        at, last = moment_and_id(after)
        wanted = wanted.where(or_(moment < at, and_(moment == at, key < last)))
    ordered = wanted.order_by(moment.desc(), key.desc())

    def ends(row: Row[Any]) -> str:
        return place(row._mapping[moment], row._mapping[key])

    return page(db, ordered, body["limit"], lambda row: shown(dict(row._mapping)), ends)


def _renamed(row: Answer) -> Answer:
    """Return a row as JSON with its key as ``id``."""
    (_, value), *rest = row.items()
    answer: Answer = unstructure({"id": value, **dict(rest)})
    return answer


def _shown(row: Answer) -> Answer:
    return {name: value for name, value in _renamed(row).items() if name not in PRIVATE}


def _with_photographs(db: Connection, shoots: list[Answer]) -> list[Answer]:
    ids = [UUID(one["id"]) for one in shoots]
    counted = select(shoot_photograph.c.shoot_id, func.count()).where(shoot_photograph.c.shoot_id.in_(ids))
    counts = {str(key): count for key, count in db.execute(counted.group_by(shoot_photograph.c.shoot_id))}
    return [one | {"photographs": counts.get(one["id"], 0)} for one in shoots]


def _with_viewers(db: Connection, streams: list[Answer]) -> list[Answer]:
    ids = [UUID(one["id"]) for one in streams]
    viewers = viewer_sample.c.viewers
    counted = select(viewer_sample.c.stream_id, func.max(viewers), func.avg(viewers)).where(
        viewer_sample.c.stream_id.in_(ids)
    )
    found = {
        str(key): {"peak": peak, "average": round(float(average), 1)}
        for key, peak, average in db.execute(counted.group_by(viewer_sample.c.stream_id))
    }
    return [one | found.get(one["id"], {"peak": None, "average": None}) for one in streams]
