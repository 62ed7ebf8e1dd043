"""Loads the golden year through the public API. May be interrupted and repeated: every request has its own key."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

from infra.client import Answer, Client, Command
from infra.demo import pictures, year
from infra.demo.words import OFFICE, PLACES, UNITS
from shared.codec import instant

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]
AT_ONCE = 12
BATCH, BATCHES_AT_ONCE = 50, 4  # a batch is one message to a service, carried out by one of its workers
ATTENDEES_AT_ONCE = 100
PAUSE_S = 0.5
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
        with ThreadPoolExecutor(1) as beside:  # texts wait for reactions; photographs wait for nobody
            shoots = beside.submit(self._each, "shoots", year.shoots(), self._shoot)
            self._load_stories([*year.news(), *year.posts()])
            counts = [self._followers(count) for count in sorted(year.followers(), key=_by_channel)]
            self._send("followers", counts, until=("stream.changed",))  # those of one channel may race each other
            self._each("trainings", year.sessions(), self._train)
            self._each("live streams", year.streams(), self._stream)
            self._each("waiting", year.waiting(), self._hand_in)
            shoots.result()

    def _load_stories(self, stories: Sequence[year.Story]) -> None:
        self._draft(stories)
        self._send("submissions", [self._submission(story) for story in stories])
        self._decide(stories)
        # The approval reaches the article a moment after the decision.
        publications = [self._publication(story) for story in stories]
        self._send("publications", publications, until=("content.not_approved",))
        self._send("reads", [read for story in stories for read in self._reads(story)])

    def _each(self, what: str, items: Sequence[Item], do: Callable[[Item], None]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done, _ in enumerate(pool.map(do, items), 1):
                self._progress(what, done, len(items))

    def _send(
        self, what: str, commands: Sequence[Command], who: Client | None = None, until: tuple[str, ...] = ()
    ) -> list[Answer]:
        """Send commands in batches and return their answers; they have no order among themselves."""
        answers: list[Answer] = []
        for answered in _batched(who or self._writer, commands, until):
            answers += answered
            self._progress(what, len(answers), len(commands))
        return answers

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

    def _draft(self, stories: Sequence[year.Story]) -> None:
        drafts = self._send("drafts", [self._text_of(story) for story in stories])
        self._articles = {story.name: str(made["id"]) for story, made in zip(stories, drafts, strict=True)}

    def _text_of(self, story: year.Story) -> Command:
        body = {
            "unit_id": self.units[story.unit], "kind": story.kind, "title": story.title, "body": story.body,
            "tags": list(story.tags), "event_ended_at": _text(story.event_ended_at),
        }  # fmt: skip
        return _command("articles", f"draft/{story.name}", body)

    def _submission(self, story: year.Story) -> Command:
        path = f"articles/{self._articles[story.name]}/submission"
        return _command(path, f"submit/{story.name}", {"submitted_at": _text(story.submitted_at)})

    def _hand_in(self, waiting: tuple[str, str, str, str]) -> None:
        """Leave an article on the review desk: the year's totals count only what was approved."""
        name, unit, title, body = waiting
        draft = {"unit_id": self.units[unit], "kind": "news", "title": title, "body": body}
        made = self._post("articles", f"draft/{name}", draft)["id"]
        self._post(f"articles/{made}/submission", f"submit/{name}", {})

    def _decide(self, stories: Sequence[year.Story]) -> None:
        """Decide on each submission when its case is there, which opens a moment after it."""
        waiting = {self._articles[story.name]: story for story in stories}
        asked: dict[str, str] = {}  # at first also for those that an earlier run decided on
        while waiting:
            cases = {case["article_id"]: case["id"] for case in self._reviewer.all("reviews", **asked)}
            opened = [article for article in waiting if article in cases]
            decisions = [self._decision(waiting.pop(article), cases[article]) for article in opened]
            for _ in _batched(self._reviewer, decisions):
                self._progress("reviews", len(stories) - len(waiting), len(stories))
            asked = {"status": "open"}
            if waiting:
                time.sleep(PAUSE_S)

    def _decision(self, story: year.Story, case_id: str) -> Command:
        body = {"decision": "approve", "decided_at": _text(story.decided_at)}
        return _command(f"reviews/{case_id}/decision", f"decide/{story.name}", body)

    def _publication(self, story: year.Story) -> Command:
        body = {
            "channel_id": self._channels[story.channel], "published_at": _text(story.published_at),
            "url": f"https://news.example.edu.cn/{story.name}",
        }  # fmt: skip
        return _command(f"articles/{self._articles[story.name]}/publications", f"publish/{story.name}", body)

    def _reads(self, story: year.Story) -> list[Command]:
        path = f"articles/{self._articles[story.name]}/reads"
        told = {"unit": "reads", "source": "golden year"}
        return [
            _command(path, f"reads/{story.name}/{number}", {**told, "value": value, "taken_at": _text(moment)})
            for number, (moment, value) in enumerate(story.reads)
        ]

    def _followers(self, count: year.Count) -> Command:
        body = {"followers": count.followers, "source": "golden year", "taken_at": _text(count.taken_at)}
        key = f"followers/{count.channel}/{count.taken_at:%Y-%m-%d}"
        return _command(f"channels/{self._channels[count.channel]}/snapshots", key, body)

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
        command = _command(path, key, body)
        return self._writer.post(command.path, command.key, command.body)


def _batched(who: Client, commands: Sequence[Command], until: tuple[str, ...] = ()) -> Iterator[list[Answer]]:
    """Yield the answers to each batch of commands, in their order, several batches being under way."""
    batches = [commands[first : first + BATCH] for first in range(0, len(commands), BATCH)]
    with ThreadPoolExecutor(BATCHES_AT_ONCE) as pool:
        yield from pool.map(lambda batch: who.batch(batch, until), batches)


def _command(path: str, key: str, body: dict[str, Any]) -> Command:
    return Command(path, f"golden-2021/{key}", body)


def _by_channel(count: year.Count) -> str:
    """One channel's counts side by side: most go in one message, one after another."""
    return count.channel


def _metadata(**values: str) -> str:
    """Return tus metadata: names with base64 values (tus 1.0, creation extension)."""
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in values.items())


def _text(moment: datetime | None) -> str | None:
    return instant(moment) if moment else None
