"""Loads the golden year through the public API. May be interrupted and repeated: every request has its own key."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

from infra.client import Client
from infra.demo import pictures, year
from infra.demo.words import OFFICE, PLACES, UNITS
from shared.codec import instant

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]
AT_ONCE = 12
ATTENDEES_AT_ONCE = 100
TERMS = (
    {"term": "国家级", "category": "advertising_law", "severity": "warning", "suggestion": None},
    {"term": "最佳", "category": "advertising_law", "severity": "warning", "suggestion": "优秀"},
    {"term": "第一名校", "category": "advertising_law", "severity": "blocking", "suggestion": None},
    {"term": "登陆", "category": "typo", "severity": "hint", "suggestion": "登录"},
)
ALLOWED = ("国家级一流专业", "国家级大学生创新创业训练计划")


class Loader:
    """Two people load the year: ``writer`` hands in, ``reviewer`` decides, as nobody decides on their own text."""

    def __init__(self, writer: Client, reviewer: Client, progress: Progress) -> None:
        self._writer, self._reviewer, self._progress = writer, reviewer, progress
        self.units: dict[str, str] = {}
        self._channels: dict[str, str] = {}
        self._articles: dict[str, str] = {}

    def load(self) -> None:
        """Load everything; what is there already is left as it is."""
        self._load_units()
        self._load_channels()
        self._load_rules()
        stories = [*year.news(), *year.posts()]
        self._each("drafts", stories, self._draft)
        self._each("submissions", stories, self._submit)
        self._each("reviews", stories, self._decide(self._cases(len(stories))))
        self._each("publications", stories, self._publish)
        self._each("reads", [story for story in stories if story.reads], self._read)
        self._each("followers", _by_channel(year.followers()), self._count)
        self._each("shoots", year.shoots(), self._shoot)
        self._each("trainings", year.sessions(), self._train)
        self._each("live streams", year.streams(), self._stream)
        self._each("waiting", year.waiting(), self._hand_in)

    def _each(self, what: str, items: Sequence[Item], do: Callable[[Item], None]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done, _ in enumerate(pool.map(do, items), 1):
                self._progress(what, done, len(items))

    def _load_units(self) -> None:
        for number, (name, kind) in enumerate(UNITS, 1):
            body = {"name": name, "kind": kind, "since": "2018-09-01"}
            self.units[name] = self._post("units", f"unit/{name}", body)["id"]
            self._progress("units", number, len(UNITS))

    def _load_channels(self) -> None:
        wanted = [(f"{unit}/website", unit, "website") for unit in year.websites()]
        wanted += [(f"{unit}/wechat_oa", unit, "wechat_oa") for unit in year.wechat_accounts()]
        wanted.append((f"{OFFICE}/douyin", OFFICE, "douyin"))
        self._each("channels", wanted, self._open)

    def _open(self, channel: tuple[str, str, str]) -> None:
        name, unit, kind = channel
        official = unit == OFFICE
        tier = ("school_home" if official else "college_site") if kind == "website" else "none"
        titles = {"website": "网站", "wechat_oa": "微信公众号", "douyin": "抖音号"}
        body = {
            "unit_id": self.units[unit], "kind": kind, "name": f"{'学校' if official else unit}{titles[kind]}",
            "official": official, "tier": tier, "status": "building" if kind == "douyin" else "active",
            "opened_at": "2021-07-01T00:00:00+08:00" if kind == "douyin" else "2018-09-01T00:00:00+08:00",
        }  # fmt: skip
        self._channels[name] = self._post("channels", f"channel/{name}", body)["id"]

    def _load_rules(self) -> None:
        scheme = {"name": "一审", "article_kinds": ["news", "wechat_post", "video_post"]}
        self._post("review-schemes", "scheme", scheme)
        self._post("term-lists", "terms", {"name": "广告法与错别字", "terms": list(TERMS), "allow": list(ALLOWED)})

    def _draft(self, story: year.Story) -> None:
        body = {
            "unit_id": self.units[story.unit], "kind": story.kind, "title": story.title, "body": story.body,
            "tags": list(story.tags), "event_ended_at": _text(story.event_ended_at),
        }  # fmt: skip
        self._articles[story.name] = self._post("articles", f"draft/{story.name}", body)["id"]

    def _submit(self, story: year.Story) -> None:
        path = f"articles/{self._articles[story.name]}/submission"
        self._post(path, f"submit/{story.name}", {"submitted_at": _text(story.submitted_at)})

    def _hand_in(self, waiting: tuple[str, str, str, str]) -> None:
        """Leave an article on the review desk: the year's totals count only what was approved."""
        name, unit, title, body = waiting
        draft = {"unit_id": self.units[unit], "kind": "news", "title": title, "body": body}
        made = self._post("articles", f"draft/{name}", draft)["id"]
        self._post(f"articles/{made}/submission", f"submit/{name}", {})

    def _cases(self, wanted: int) -> dict[str, str]:
        """Return the review case of each article; a case opens a moment after its submission."""
        while True:
            cases = {case["article_id"]: case["id"] for case in self._reviewer.all("reviews")}
            mine = {article: cases[article] for article in self._articles.values() if article in cases}
            if len(mine) == wanted:
                return mine

    def _decide(self, cases: dict[str, str]) -> Callable[[year.Story], None]:
        def decide(story: year.Story) -> None:
            path = f"reviews/{cases[self._articles[story.name]]}/decision"
            body = {"decision": "approve", "decided_at": _text(story.decided_at)}
            self._reviewer.post(path, f"golden-2021/decide/{story.name}", body)

        return decide

    def _publish(self, story: year.Story) -> None:
        path = f"articles/{self._articles[story.name]}/publications"
        body = {
            "channel_id": self._channels[story.channel], "published_at": _text(story.published_at),
            "url": f"https://news.example.edu.cn/{story.name}",
        }  # fmt: skip
        # The approval reaches the article a moment after the decision.
        self._writer.post(path, f"golden-2021/publish/{story.name}", body, until=("content.not_approved",))

    def _read(self, story: year.Story) -> None:
        for number, (moment, value) in enumerate(story.reads):
            body = {"value": value, "unit": "reads", "source": "golden year", "taken_at": _text(moment)}
            self._post(f"articles/{self._articles[story.name]}/reads", f"reads/{story.name}/{number}", body)

    def _count(self, counts: Sequence[year.Count]) -> None:
        for count in counts:
            body = {"followers": count.followers, "source": "golden year", "taken_at": _text(count.taken_at)}
            key = f"followers/{count.channel}/{count.taken_at:%Y-%m-%d}"
            self._post(f"channels/{self._channels[count.channel]}/snapshots", key, body)

    def _shoot(self, shoot: year.Shoot) -> None:
        unit = self.units[shoot.unit]
        body = {
            "unit_id": unit, "title": shoot.title, "kind": shoot.kind, "starts_at": _text(shoot.starts_at),
            "place": PLACES[shoot.photos % len(PLACES)],
        }  # fmt: skip
        made = self._post("shoots", f"plan/{shoot.name}", body)["id"]
        ends = _text(shoot.starts_at + timedelta(hours=2))
        assets = [self._upload(unit, shoot, number) for number in range(shoot.photos)]
        self._post(f"shoots/{made}/completion", f"complete/{shoot.name}", {"at": ends})
        self._post(f"shoots/{made}/photographs", f"deliver/{shoot.name}", {"asset_ids": assets, "at": ends})

    def _upload(self, unit: str, shoot: year.Shoot, number: int) -> str:
        name = f"{shoot.name.replace('/', '-')}-{number + 1:03}.jpg"
        return self._writer.upload(
            f"golden-2021/photo/{name}",
            {"Upload-Metadata": _metadata(unit_id=unit, filename=name, title=f"{shoot.title} {number + 1}")},
            pictures.draw(shoot.name, number),
        )

    def _train(self, session: year.Session) -> None:
        ends = session.starts_at + timedelta(hours=2)
        body = {
            "unit_id": self.units[OFFICE], "kind": session.kind, "title": session.title, "place": PLACES[1],
            "starts_at": _text(session.starts_at), "ends_at": _text(ends),
        }  # fmt: skip
        made = self._post("training-sessions", f"session/{session.name}", body)["id"]
        for first in range(0, len(session.people), ATTENDEES_AT_ONCE):
            people = session.people[first : first + ATTENDEES_AT_ONCE]
            attendees = [{"person_id": str(person), "name": f"学员{person.hex[:4]}"} for person in people]
            path = f"training-sessions/{made}/attendances"
            self._post(path, f"attend/{session.name}/{first}", {"attendees": attendees})
        self._post(f"training-sessions/{made}/completion", f"held/{session.name}", {"held_at": _text(ends)})

    def _stream(self, stream: tuple[str, str, datetime, tuple[int, ...]]) -> None:
        name, title, starts, viewers = stream
        body = {"unit_id": self.units[OFFICE], "title": title, "starts_at": _text(starts)}
        made = f"live-streams/{self._post('live-streams', f'plan/{name}', body)['id']}"
        self._post(f"{made}/start", f"start/{name}", {"at": _text(starts)})
        for number, count in enumerate(viewers):
            at = _text(starts + timedelta(minutes=10 * number + 5))
            sample = {"viewers": count, "method": "concurrent", "at": at}
            self._post(f"{made}/viewers", f"viewers/{name}/{number}", sample)
        self._post(f"{made}/end", f"end/{name}", {"at": _text(starts + timedelta(hours=1))})

    def _post(self, path: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._writer.post(path, f"golden-2021/{key}", body)


def _by_channel(counts: Iterable[year.Count]) -> list[list[year.Count]]:
    found: dict[str, list[year.Count]] = {}
    for count in counts:
        found.setdefault(count.channel, []).append(count)
    return list(found.values())


def _metadata(**values: str) -> str:
    """Return tus metadata: names with base64 values (tus 1.0, creation extension)."""
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in values.items())


def _text(moment: datetime | None) -> str | None:
    return instant(moment) if moment else None
