"""What a unit's files take is kept, in the place of a sum over all of them for each upload."""

import sqlalchemy as sa
from alembic import op

from shared.row_security import protect

revision = "0008"
down_revision = "0007"

# The read model knows the assets up to its checkpoint.
USAGE = """
  insert into unit_usage (unit_id, bytes, position)
  select a.unit_id, sum(case when a.files_removed then 0 else a.bytes end), e.position
  from asset a
  join (
    select unit, max(position) as position from event
    where type in ('media.asset.added.v1', 'media.asset.withdrawn.v1')
      and position <= (select position from projection_checkpoint where name = 'media')
    group by unit
  ) e on e.unit = a.unit_id
  group by a.unit_id, e.position
"""
# Until the read model is here, an upload counts as one that it does not show.
FINISHED = """
  update upload set position = (select coalesce(max(position), 0) from event) where asset_id is not null
"""


def upgrade() -> None:
    """Create the sum and fill it; note of finished uploads where the log has them."""
    op.create_table(
        "unit_usage",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id"),
    )
    protect("unit_usage")
    op.execute(sa.text(USAGE))
    op.add_column("upload", sa.Column("position", sa.BigInteger(), nullable=True))
    op.execute(sa.text(FINISHED))
    op.drop_index("upload_by_unit", "upload")
    op.create_index("upload_by_unit", "upload", ["unit_id", "position", "length"], unique=False)
