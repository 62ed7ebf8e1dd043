"""What may be sent at once, and what has to follow."""

from datetime import UTC, datetime

from gateway.importing.rounds import rounds
from gateway.importing.rows import AnyRow, ArticleRow, FollowersRow, ReadsRow, RowError

DAY = datetime(2021, 7, 1, tzinfo=UTC)


def article(title: str) -> AnyRow:
    return ArticleRow(
        place="1", unit="", kind="news", title=title, text={}, published_at=None, url=None, channel=""
    )  # fmt: skip


def reads(title: str) -> AnyRow:
    return ReadsRow(
        place="1", title=title, published=DAY, url=None, counts={"reads": 1}, kind="news",
        channel_kind="website", source="x", taken_at=DAY,
    )  # fmt: skip


def followers(channel: str) -> AnyRow:
    return FollowersRow(place="1", channel=channel, channel_kind=None, taken_at=DAY, followers=1, source="x")


def error() -> AnyRow:
    return RowError(place="1", field="x", reason="y")


def numbers(*rows: AnyRow) -> list[list[int]]:
    return [[number for number, _ in one] for one in rounds(list(enumerate(rows)))]


def test_rows_about_different_things_go_at_once():
    assert numbers(article("a"), article("b"), followers("c"), followers("d"), error(), error()) == [[0, 1, 2, 3, 4, 5]]


def test_rows_about_one_thing_follow_each_other_in_the_files_order():
    assert numbers(article("a"), article("b"), reads("a"), article(" a"), reads("c")) == [[0, 1, 4], [2], [3]]
    assert numbers(*(followers("c") for _ in range(3))) == [[0], [1], [2]]


def test_every_row_is_sent_once():
    rows = [article(str(n % 3)) for n in range(20)]
    assert sorted(number for one in numbers(*rows) for number in one) == list(range(20))


def test_no_rows_make_no_rounds():
    assert numbers() == []
