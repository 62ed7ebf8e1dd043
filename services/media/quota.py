"""How much of its quota a unit has used, at a cost that does not grow with its library."""

from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Uuid, bindparam, func, select

from services.media.projections import VIEWS, unit_usage
from services.media.tables import upload
from shared.log.tables import projection_checkpoint

_UNIT = bindparam("unit", type_=Uuid())
_CHECKPOINT = select(projection_checkpoint.c.position).where(projection_checkpoint.c.name == VIEWS.name)


def _sum_of(*which: ColumnElement[bool]) -> ColumnElement[int]:
    wanted = select(func.coalesce(func.sum(upload.c.length), 0)).where(upload.c.unit_id == _UNIT, *which)
    return wanted.scalar_subquery()


_SHOWN = select(unit_usage.c.bytes).where(unit_usage.c.unit_id == _UNIT)
_ON_THEIR_WAY = _sum_of(upload.c.position.is_(None))
_NOT_YET_SHOWN = _sum_of(upload.c.position > func.coalesce(_CHECKPOINT.scalar_subquery(), 0))
_BYTES = select(func.coalesce(_SHOWN.scalar_subquery(), 0) + _ON_THEIR_WAY + _NOT_YET_SHOWN)


def bytes_of_unit(db: Connection, unit_id: UUID) -> int:
    """Return the bytes of the unit's originals, those too that no list shows yet, and of what is on its way."""
    return int(db.execute(_BYTES, {"unit": unit_id}).scalar_one())
