"""The plan of the golden year: what happened when, so that the totals are exactly the report's. Pure and seeded."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from infra.demo.words import EVENTS, OFFICE, POSTS, SENTENCES, STREAMS, TAGS, TRAININGS, UNITS, VERBS, WAITING
from shared.ids import named_id

SHANGHAI = ZoneInfo("Asia/Shanghai")
SEED = 2021
NEWS = {1: 45, 2: 20, 3: 78, 4: 84, 5: 88, 6: 74, 7: 60, 8: 30, 9: 230, 10: 130, 11: 130, 12: 117}
POSTS_BY_MONTH = {1: 12, 2: 8, 3: 20, 4: 21, 5: 22, 6: 19, 7: 15, 8: 12, 9: 36, 10: 27, 11: 26, 12: 26}
VIEWS = {"H1": 251_000, "H2": 341_000}
GROWTH = {1: 180, 2: 60, 3: 320, 4: 342, 5: 400, 6: 380, 7: 210, 8: 190, 9: 1042, 10: 560, 11: 520, 12: 520}
SHOOTS, PHOTOS = 143, 2_317
ATTENDANCES = (("2021-04-14", 96), ("2021-09-22", 246), ("2021-10-27", 233), ("2021-12-08", 233))
STREAM_DAYS = ("2021-06-28", "2021-09-12", "2021-11-19", "2021-12-30")
LONG_SINCE = 10  # the month from which characters are counted: longer articles from then on
DOUYIN = (("2021-07-05", 312), ("2021-08-31", 705), ("2021-09-30", 1_260), ("2021-11-30", 2_011), ("2021-12-31", 2_448))
TOTALS: dict[str, dict[str, int]] = {
    "2021": {
        "news_published": 1_086, "wechat_posts": 244, "view_count": 592_000, "shoots": SHOOTS,
        "photos_delivered": PHOTOS, "live_streams": 4, "training_sessions": 4, "attendance_count": 808,
    },
    "2021-H2": {
        "news_published": 697, "wechat_posts": 142, "view_count": 341_000, "training_sessions": 3,
        "attendance_count": 712,
    },
}  # fmt: skip
WECHAT_GROWTH = {"2021": 4_724, "2021-H2": 3_042}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An article from its event to its publication. ``reads`` are (moment, reads so far)."""

    name: str
    unit: str
    kind: str
    channel: str
    title: str
    body: str
    tags: tuple[str, ...]
    event_ended_at: datetime | None
    submitted_at: datetime
    decided_at: datetime
    published_at: datetime
    reads: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shoot:
    name: str
    unit: str
    title: str
    kind: str
    starts_at: datetime
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    name: str
    kind: str
    title: str
    starts_at: datetime
    people: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Followers of a channel at one moment."""

    channel: str
    taken_at: datetime
    followers: int


def websites() -> list[str]:
    """Return the units that have a website of their own; the office's is the school's."""
    return [name for name, _ in UNITS]


def wechat_accounts() -> list[str]:
    """Return the units that have a WeChat official account."""
    return [name for name, kind in UNITS if kind in ("office", "college", "campus")]


def news() -> list[Story]:
    """Return the 1086 news of the year, each published on its unit's website."""
    chance = random.Random(SEED)
    units = websites()
    weights = [6.0, *(0.5 + chance.random() * 1.5 for _ in units[1:])]
    return [
        _news(chance, month, number, chance.choices(units, weights)[0])
        for month, count in NEWS.items()
        for number in range(count)
    ]


def _news(chance: random.Random, month: int, number: int, unit: str) -> Story:
    published = _moment(chance, month)
    limit = 48 if unit == OFFICE else 72
    late = chance.random() < 0.09 + 0.12 * (month < 7)
    taken = timedelta(hours=chance.uniform(limit + 1, limit * 2) if late else chance.uniform(4, limit - 1))
    event = chance.choice(EVENTS)
    return Story(
        name=f"news/{month:02}/{number:03}",
        unit=unit,
        kind="news",
        channel=f"{unit}/website",
        title=f"{unit}{chance.choice(VERBS)}{event}",
        body=_body(chance, unit, event, (24 if number % 3 == 0 else 20) if month >= LONG_SINCE else 4),
        tags=tuple(chance.sample(TAGS, 2)),
        event_ended_at=published - taken,
        submitted_at=published - timedelta(hours=3),
        decided_at=published - timedelta(hours=1),
        published_at=published,
    )


def posts() -> list[Story]:
    """Return the 244 WeChat posts with their reads: 251 000 in the first half, 341 000 in the second."""
    chance = random.Random(SEED + 1)
    accounts = wechat_accounts()
    weights = [12.0, *(0.5 + chance.random() for _ in accounts[1:])]
    plan = [(month, number) for month, count in POSTS_BY_MONTH.items() for number in range(count)]
    halves = {"H1": [p for p in plan if p[0] <= 6], "H2": [p for p in plan if p[0] > 6]}
    return [
        _post(chance, month, number, chance.choices(accounts, weights)[0], reads)
        for half, members in halves.items()
        for (month, number), reads in zip(members, _shares(chance, VIEWS[half], len(members)), strict=True)
    ]


def _post(chance: random.Random, month: int, number: int, unit: str, reads: int) -> Story:
    published = _moment(chance, month)
    half_ends = (
        datetime(2021, 6, 30, 22, tzinfo=SHANGHAI) if month <= 6 else datetime(2021, 12, 31, 22, tzinfo=SHANGHAI)
    )
    first, last = (min(published + timedelta(days=days), half_ends) for days in (1, 7))
    counts = ((first, reads * 6 // 10), (last, reads)) if first < last else ((last, reads),)
    title = chance.choice(POSTS)
    return Story(
        name=f"post/{month:02}/{number:03}",
        unit=unit,
        kind="wechat_post",
        channel=f"{unit}/wechat_oa",
        title=f"{title}｜{unit}第{number + 1}期",
        body=_body(chance, unit, title, 4),
        tags=tuple(chance.sample(TAGS, 2)),
        event_ended_at=None,
        submitted_at=published - timedelta(hours=5),
        decided_at=published - timedelta(hours=2),
        published_at=published,
        reads=tuple((moment.astimezone(UTC), value) for moment, value in counts),
    )


def waiting() -> list[tuple[str, str, str, str]]:
    """Return articles that wait for review, with something for the check to find: name, unit, title, body."""
    return [
        (f"waiting/{number}", UNITS[number + 1][0], title, f"<p>{text}</p>")
        for number, (title, text) in enumerate(WAITING)
    ]


def followers() -> list[Count]:
    """Return the followers' counts: from the last evening of 2020 on for WeChat, from July on for Douyin."""
    chance = random.Random(SEED + 2)
    accounts = wechat_accounts()
    now = {unit: 21_308 if unit == OFFICE else chance.randint(800, 4_000) for unit in accounts}
    counts = [_count(f"{unit}/wechat_oa", "2020-12-31", now[unit]) for unit in accounts]
    for month, growth in GROWTH.items():
        for unit, share in zip(accounts, _shares(chance, growth, len(accounts), first=0.5), strict=True):
            now[unit] += share
            counts.append(_count(f"{unit}/wechat_oa", _last_day(month), now[unit]))
    return counts + [_count(f"{OFFICE}/douyin", day, value) for day, value in DOUYIN]


def shoots() -> list[Shoot]:
    """Return 143 shoots that delivered 2317 photographs."""
    chance = random.Random(SEED + 3)
    units = [name for name, _ in UNITS]
    photos = _shares(chance, PHOTOS, SHOOTS)
    months = chance.choices(list(NEWS), list(NEWS.values()), k=SHOOTS)
    return [
        Shoot(
            name=f"shoot/{number:03}",
            unit=(unit := OFFICE if chance.random() < 0.5 else chance.choice(units)),
            title=f"{unit}{chance.choice(EVENTS)}摄影",
            kind="video" if number % 12 == 0 else "photo",
            starts_at=_moment(chance, month),
            photos=count,
        )
        for number, (month, count) in enumerate(zip(months, photos, strict=True))
    ]


def sessions() -> list[Session]:
    """Return 4 trainings (96, 246, 233, 233 person-times), 6 study sessions, 6 talks and 3 lectures."""
    people = [named_id("golden-year", "person", number) for number in range(320)]
    chance = random.Random(SEED + 4)
    made = [
        _session(
            f"training/{number}", "training", f"宣传工作培训：{TRAININGS[number]}", day, chance.sample(people, size)
        )
        for number, (day, size) in enumerate(ATTENDANCES)
    ]
    for kind, title, count in (
        ("study_session", "理论学习中心组学习会", 6),
        ("talk", "专题宣讲会", 6),
        ("lecture", "紫琅大讲坛", 3),
    ):
        for number in range(count):
            day = f"2021-{(number * 2) % 12 + 1:02}-{number + 10}"
            made.append(_session(f"{kind}/{number}", kind, f"{title}第{number + 1}场", day, ()))
    return made


def streams() -> list[tuple[str, str, datetime, tuple[int, ...]]]:
    """Return the 4 live streams: name, title, start, and viewers every ten minutes."""
    chance = random.Random(SEED + 5)
    return [
        (
            f"stream/{number}", title, _at(day, 19),
            tuple(int(chance.uniform(0.4, 1) * peak) for peak in (600, 1_400, 1_860, 1_700, 900)),
        )
        for number, (day, title) in enumerate(zip(STREAM_DAYS, STREAMS, strict=True))
    ]  # fmt: skip


def _session(name: str, kind: str, title: str, day: str, people: Sequence[UUID]) -> Session:
    return Session(name=name, kind=kind, title=title, starts_at=_at(day, 14), people=tuple(people))


def _shares(chance: random.Random, total: int, count: int, first: float = 0.0) -> list[int]:
    """Return ``count`` whole numbers that add up to ``total``; the first gets at least the share ``first``."""
    weights = [chance.uniform(0.4, 1.6) for _ in range(count)]
    if first:
        weights[0] = sum(weights[1:]) * first / (1 - first)
    shares = [int(total * weight / sum(weights)) for weight in weights]
    shares[0] += total - sum(shares)
    return shares


def _body(chance: random.Random, unit: str, event: str, sentences: int) -> str:
    paragraphs = [f"近日，{unit}{event}在校内进行。"]
    paragraphs += ["".join(chance.sample(SENTENCES, 4)) for _ in range(sentences // 4)]
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def _moment(chance: random.Random, month: int) -> datetime:
    local = datetime(2021, month, chance.randint(1, 28), chance.randint(8, 19), chance.randint(0, 59), tzinfo=SHANGHAI)
    return local.astimezone(UTC)


def _at(day: str, hour: int) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00").replace(tzinfo=SHANGHAI).astimezone(UTC)


def _count(channel: str, day: str, followers_now: int) -> Count:
    taken = datetime.fromisoformat(f"{day}T23:30:00").replace(tzinfo=SHANGHAI).astimezone(UTC)
    return Count(channel=channel, taken_at=taken, followers=followers_now)


def _last_day(month: int) -> str:
    following = datetime(2021, month, 28, tzinfo=SHANGHAI) + timedelta(days=4)
    return (following - timedelta(days=following.day)).date().isoformat()
