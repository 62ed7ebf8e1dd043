"""Articles are found by their titles, however these are written."""

import sqlalchemy as sa
from alembic import op

from shared.titles import plain

revision = "0006"
down_revision = "0005"
AT_ONCE = 1000


def upgrade() -> None:
    """Note each article's title as titles are compared."""
    with op.batch_alter_table("article") as article:
        article.add_column(sa.Column("compared_title", sa.Text(), nullable=False, server_default=""))
    db = op.get_bind()
    table = sa.table("article", sa.column("article_id", sa.Uuid()), sa.column("title"), sa.column("compared_title"))
    told = (
        sa.update(table)
        .where(table.c.article_id == sa.bindparam("known"))
        .values(compared_title=sa.bindparam("compared"))
    )
    rows = [{"known": row.article_id, "compared": plain(row.title)[:200]} for row in db.execute(sa.select(table))]
    for start in range(0, len(rows), AT_ONCE):
        db.execute(told, rows[start : start + AT_ONCE])
    with op.batch_alter_table("article") as article:
        article.alter_column("compared_title", server_default=None)
    op.create_index("article_by_title", "article", ["compared_title"], unique=False)
