"""What a migration fills is what the projection would have written."""

from pathlib import Path
from uuid import uuid4

from alembic import command
from sqlalchemy import select, text

from services.content.projections import article, compared_title
from shared.database import open_engine
from shared.migrations import config_of

INSERT = text(
    "insert into article (article_id, unit_id, kind, title, status, revision, author_id, changed_at, version)"
    " values (:id, :id, 'news', :title, 'draft', 1, :id, 0, 1)"
)


def test_the_migration_notes_how_the_titles_of_old_articles_compare(tmp_path: Path) -> None:
    """The mutant that leaves the new column empty has imports draft every known article again."""
    titles = ["ＡＢＣ  开学典礼", "长" * 200, *map(str, range(2500))]
    engine = open_engine(f"sqlite:///{tmp_path}/content.db")
    with engine.begin() as db:
        command.upgrade(config_of("content", db), "0005")
        db.execute(INSERT, [{"id": uuid4().hex, "title": title} for title in titles])
    with engine.begin() as db:
        command.upgrade(config_of("content", db), "head")
        told = db.execute(select(article.c.title, article.c.compared_title))
        found = {row.title: row.compared_title for row in told}
    engine.dispose()
    assert found == {title: compared_title(title) for title in titles}
