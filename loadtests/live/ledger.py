"""Was every piece of news delivered to everybody once? The truth is what anybody at all was told."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadtests.live.records import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Numbers of deliveries. ``missing``, ``doubled`` and ``disordered`` must be zero; ``restarts`` are resyncs."""

    news: int
    delivered: int
    missing: int
    doubled: int
    disordered: int
    restarts: int


def judge(viewers: Sequence[Sequence[Segment]], grace_s: float = 5.0) -> Verdict:
    """Return what became of the news; a viewer's segments follow one another, each after a word to start over.

    A viewer is owed what came after the position he was greeted with, up to the last news he had, and up to ``grace_s``
    before he left. All viewers here may see the same units, so all are told the same.
    """
    first = _first_heard(viewers)
    truth = sorted(first)
    delivered = missing = doubled = disordered = 0
    for segments in viewers:
        for each in segments:
            had = set(each.ids)
            delivered += len(each.ids)
            doubled += len(each.ids) - len(had)
            disordered += sum(later < former for former, later in zip(each.ids, each.ids[1:], strict=False))
            last = max(had, default=each.start)
            owed = truth[bisect_right(truth, each.start) : bisect_right(truth, last)]
            late = truth[bisect_right(truth, max(last, each.start)) :]
            missing += sum(position not in had for position in owed)
            missing += sum(first[position] <= each.end - grace_s * 1e6 for position in late)
    return Verdict(
        news=len(truth), delivered=delivered, missing=missing, doubled=doubled, disordered=disordered,
        restarts=sum(max(0, len(segments) - 1) for segments in viewers),
    )  # fmt: skip


def unheard(told: Iterable[tuple[int, int]], heard: Sequence[int], grace_s: float = 5.0) -> int:
    """Return how many acknowledged changes no news followed within the grace.

    ``told`` are (began, acknowledged) of changes, ``heard`` when news of their unit came, both in microseconds; news
    may come before the acknowledgement.
    """
    order = sorted(heard)
    silent = 0
    for began, acknowledged in told:
        after = bisect_right(order, began)
        silent += after == len(order) or order[after] > acknowledged + grace_s * 1e6
    return silent


def spreads(viewers: Sequence[Sequence[Segment]]) -> list[tuple[int, float]]:
    """Return for each delivery when it came (microseconds) and how long after the first anywhere (milliseconds).

    News a viewer caught up with after an absence is left out: it was not late, he was away.
    """
    first = _first_heard(viewers)
    return [(at, (at - first[position]) / 1000) for position, at in _deliveries(viewers) if at >= 0]


def _first_heard(viewers: Sequence[Sequence[Segment]]) -> dict[int, int]:
    first: dict[int, int] = {}
    for position, at in _deliveries(viewers):
        known = first.get(position, -1)
        if known < 0 or 0 <= at < known:
            first[position] = at
    return first


def _deliveries(viewers: Sequence[Sequence[Segment]]) -> Iterable[tuple[int, int]]:
    for segments in viewers:
        for each in segments:
            yield from zip(each.ids, each.at, strict=True)
