"""A figure's definition, in versions. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.contracts.metrics.events import FigureDefined, FigureKind
from shared.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineFigure:
    name: str
    unit: str
    kind: FigureKind
    meaning_zh: str
    meaning_en: str
    covered_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    version: int = 0
    defined: FigureDefined | None = None


def initial() -> Figure:
    """Return a figure nobody defined."""
    return Figure()


def evolve(figure: Figure, event: Event) -> Figure:
    """Return the figure after the event."""
    if isinstance(event, FigureDefined):
        return Figure(version=event.version, defined=event)
    return figure


def decide(figure: Figure, command: DefineFigure) -> Sequence[Event]:
    """Return the next version, or nothing where it says the same as the last."""
    new = FigureDefined(
        name=command.name,
        version=figure.version + 1,
        unit=command.unit,
        kind=command.kind,
        meaning_zh=command.meaning_zh,
        meaning_en=command.meaning_en,
        covered_from=command.covered_from,
    )
    if figure.defined is not None and _same(figure.defined, new):
        return []
    return [new]


def _same(old: FigureDefined, new: FigureDefined) -> bool:
    return (old.unit, old.kind, old.meaning_zh, old.meaning_en, old.covered_from) == (
        new.unit,
        new.kind,
        new.meaning_zh,
        new.meaning_en,
        new.covered_from,
    )


DEFAULTS = (
    DefineFigure(
        name="news_published", unit="items", kind="additive",
        meaning_zh="审核通过并在网站发布的新闻，每发布一处计一条",
        meaning_en="News approved and published on a website, one for each place",
    ),
    DefineFigure(
        name="wechat_posts", unit="posts", kind="additive",
        meaning_zh="审核通过并在微信公众号发布的推文",
        meaning_en="Articles approved and published on a WeChat official account",
    ),
    DefineFigure(
        name="net_follower_growth", unit="people", kind="gauge",
        meaning_zh="期末关注人数减期初关注人数，取自平台显示的总数",
        meaning_en="Followers at the end of the period less those at its beginning, as the platform showed them",
    ),
    DefineFigure(
        name="view_count", unit="reads", kind="gauge",
        meaning_zh="浏览次数：期末累计减期初累计，与人数不相加",
        meaning_en="Reads: the counter at the end of the period less that at its beginning; never added to readers",
    ),
    DefineFigure(
        name="reader_count", unit="readers", kind="gauge",
        meaning_zh="阅读人数：期末累计减期初累计，与次数不相加",
        meaning_en="Readers: the counter at the end of the period less that at its beginning; never added to reads",
    ),
    DefineFigure(
        name="char_count", unit="characters", kind="additive", covered_from=date(2021, 10, 1),
        meaning_zh="审核通过的新闻稿件字数：汉字加外文单词，不计标点；自 2021 年 10 月 1 日起统计",
        meaning_en="Han characters and Latin words of approved news, without punctuation; counted since 1 October 2021",
    ),
    DefineFigure(
        name="shoots", unit="shoots", kind="additive",
        meaning_zh="完成的摄影摄像", meaning_en="Photo and video shoots that were completed",
    ),
    DefineFigure(
        name="photos_delivered", unit="photographs", kind="additive",
        meaning_zh="交付的照片，每次摄影中同一张只计一次",
        meaning_en="Photographs handed over, each once a shoot",
    ),
    DefineFigure(
        name="live_streams", unit="streams", kind="additive",
        meaning_zh="开始并结束的直播，重连不另计",
        meaning_en="Live streams that were started and ended; a reconnect makes no other",
    ),
    DefineFigure(
        name="training_sessions", unit="sessions", kind="additive",
        meaning_zh="举办的宣传工作培训", meaning_en="Training sessions that were held",
    ),
    DefineFigure(
        name="attendance_count", unit="person-times", kind="additive",
        meaning_zh="培训人次：同一人参加两场计两次",
        meaning_en="Person-times at trainings: one person at two sessions counts twice",
    ),
    DefineFigure(
        name="on_time_ratio", unit="ratio", kind="ratio",
        meaning_zh="按时发布的新闻占已评判新闻之比（学校首页 48 小时、学院网站 72 小时，含）",
        meaning_en="News in time out of news judged (48 h on the home page, 72 h on a college site, inclusive)",
    ),
)  # fmt: skip
