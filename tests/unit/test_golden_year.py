"""The plan of the golden year adds up to the report before anything is loaded."""

from datetime import UTC, datetime, timedelta

from infra.demo import pictures, year
from services.review.chars import char_count
from services.review.text import plain_text

JULY = datetime(2021, 6, 30, 16, tzinfo=UTC)  # 1 July in Shanghai
OCTOBER = datetime(2021, 9, 30, 16, tzinfo=UTC)


def test_the_year_has_1086_news_697_of_them_in_its_second_half() -> None:
    published = [story.published_at for story in year.news()]
    assert (len(published), sum(moment >= JULY for moment in published)) == (1086, 697)


def test_the_year_has_244_posts_with_592_000_reads_341_000_of_them_in_its_second_half() -> None:
    posts = year.posts()
    late = [post for post in posts if post.published_at >= JULY]
    assert (len(posts), len(late)) == (244, 142)
    assert sum(post.reads[-1][1] for post in posts) == 592_000
    assert sum(post.reads[-1][1] for post in late) == 341_000
    assert all((post.reads[-1][0] >= JULY) == (post.published_at >= JULY) for post in posts)


def test_every_story_is_submitted_decided_and_published_in_this_order() -> None:
    for story in [*year.news(), *year.posts()]:
        assert story.submitted_at < story.decided_at < story.published_at
        assert story.event_ended_at is None or story.event_ended_at < story.published_at


def test_followers_grow_by_4724_on_wechat_and_by_2000_odd_on_douyin() -> None:
    counts = year.followers()
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for count in counts:
        first.setdefault(count.channel, count.followers)
        last[count.channel] = count.followers
    growth = {channel: last[channel] - first[channel] for channel in last}
    assert sum(value for channel, value in growth.items() if channel.endswith("wechat_oa")) == 4724
    assert growth["宣传统战部/douyin"] == 2136


def test_more_than_270_000_characters_are_approved_from_october_on() -> None:
    late = [story for story in year.news() if story.decided_at >= OCTOBER]
    total = sum(char_count(story.title, plain_text(story.body)) for story in late)
    assert 270_000 < total < 300_000


def test_143_shoots_deliver_2317_photographs_and_each_is_another() -> None:
    shoots = year.shoots()
    assert (len(shoots), sum(shoot.photos for shoot in shoots)) == (143, 2317)
    assert len({pictures.draw("a", number) for number in range(20)}) == 20
    assert pictures.draw("a", 1) == pictures.draw("a", 1)


def test_4_trainings_have_808_person_times_712_of_them_in_the_second_half() -> None:
    trainings = [session for session in year.sessions() if session.kind == "training"]
    sizes = [(session.starts_at >= JULY, len(session.people)) for session in trainings]
    assert (len(sizes), sum(size for _, size in sizes), sum(size for late, size in sizes if late)) == (4, 808, 712)


def test_nothing_of_the_year_lies_outside_it() -> None:
    begins, ends = datetime(2020, 12, 31, 16, tzinfo=UTC), datetime(2021, 12, 31, 16, tzinfo=UTC)
    moments = [story.published_at for story in [*year.news(), *year.posts()]]
    moments += [shoot.starts_at + timedelta(hours=2) for shoot in year.shoots()]
    assert all(begins <= moment < ends for moment in moments)
