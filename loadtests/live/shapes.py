"""Shapes of a live event: who comes when, and what is done to them. The same seed gives the same event."""

import math
import random
from dataclasses import dataclass
from typing import ClassVar

DWELL_MEDIAN_S, DWELL_SIGMA = 480.0, 0.8  # how long people stay with a live stream: lognormal
EARLY = 0.02
TAU_S = 10.5  # with it, 60 % of all come within the first ten seconds
GRACE_S = 3.0
CRUSH_S = 10.0  # in which 60 % come, or in which those who were cut come back
PASSERS_PER_S = 20.0
PASSER_STAYS_S = 5.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody comes at ``at`` and leaves at ``leaves`` (seconds since the run's start).

    ``passer`` looks in shortly: they come evenly through the whole run, so that what joining costs is known before,
    during and after. ``slow`` reads 1 KB/s. ``hostile`` comes back at once when cut. ``heeds`` reads the board again
    after each piece of news, as the console does.
    """

    at: float
    leaves: float
    passer: bool = False
    slow: bool = False
    hostile: bool = False
    heeds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """``calm_s`` seconds of before, ``load_s`` of the thing itself, ``after_s`` of after."""

    number: ClassVar[int]
    about: ClassVar[str]
    viewers: int
    seed: int
    calm_s: float = 20.0
    load_s: float = 30.0
    after_s: float = 20.0
    news_per_s: float = 0.5
    editors: int = 2
    cuts: tuple[float, ...] = ()
    heeding: float = 0.05
    slow: float = 0.0
    beats_in_phase: bool = False
    beat_s: float = 0.0
    faults: tuple[float, ...] = ()

    @property
    def ends_at(self) -> float:
        """The run's length in seconds."""
        return self.calm_s + self.load_s + self.after_s

    @property
    def news_until(self) -> float:
        """The second of the last news: all may have it before they leave."""
        return self.ends_at - self.grace_s

    @property
    def grace_s(self) -> float:
        """How long news may be under way. A platform that is starved is late, and being late is not losing."""
        return max(GRACE_S, self.after_s * 0.9)

    @property
    def disturbed_until(self) -> float:
        """The second after which the platform ought to recover: the worst of what is done to it is over."""
        return max((*self.cuts, *self.faults, self.calm_s)) + CRUSH_S

    def arrivals(self) -> list[Arrival]:
        """Return everybody in the order in which they come."""
        chance = random.Random(self.seed)
        coming = [self._viewer(at, chance) for at in self.times(chance)] + list(self._passers(chance))
        return sorted(coming, key=lambda arrival: arrival.at)

    def times(self, chance: random.Random) -> list[float]:
        """Return when the viewers come: evenly over the calm, so that they are there when it begins."""
        return [chance.uniform(0.2, 0.9) * self.calm_s for _ in range(self.viewers)]

    def peak_per_s(self) -> float:
        """Return the most arrivals in one second."""
        seconds: dict[int, int] = {}
        for arrival in self.arrivals():
            seconds[int(arrival.at)] = seconds.get(int(arrival.at), 0) + 1
        return float(max(seconds.values()))

    def _viewer(self, at: float, chance: random.Random) -> Arrival:
        stays = chance.lognormvariate(math.log(DWELL_MEDIAN_S), DWELL_SIGMA)
        return Arrival(
            at, at + stays, slow=chance.random() < self.slow, hostile=chance.random() < 0.1,
            heeds=chance.random() < self.heeding,
        )  # fmt: skip

    def _passers(self, chance: random.Random) -> list[Arrival]:
        last = max(self.calm_s, self.ends_at - PASSER_STAYS_S)
        moments = [chance.uniform(0, last) for _ in range(int(last * PASSERS_PER_S))]
        return [Arrival(at, at + PASSER_STAYS_S, passer=True) for at in moments]


class Baseline(Shape):
    """1: the same few viewers all the time."""

    number = 1
    about = "A quiet day: all viewers are there from the start, and nothing happens to them."


class Spike(Shape):
    """2: a live stream begins."""

    number = 2
    about = "A live stream begins: 2 % are early, 60 % come within ten seconds, the rest trickles in."

    def times(self, chance: random.Random) -> list[float]:
        """Return when viewers come: at a rate that falls with e, from the begin of the load on."""
        early = round(EARLY * self.viewers)
        burst = [self.calm_s + chance.expovariate(1 / TAU_S) for _ in range(self.viewers - early)]
        last = self.calm_s + self.load_s
        return [chance.uniform(0, self.calm_s) for _ in range(early)] + [min(at, last) for at in burst]


class Bursts(Shape):
    """3: announcements."""

    number = 3
    about = "Announcements: every console that is told of a change reads the board again, spread as the platform says."


class Plateau(Shape):
    """4: many for long, each asking now and then whether there is news; all in phase in the second half."""

    number = 4
    about = "A plateau: everybody asks every 15 s as well, at their own time first, all at the same time later."


class Storm(Shape):
    """5: everybody is cut off at once, twice."""

    number = 5
    about = "A reconnection storm: every connection is cut at once, and 10 % come back without the pause they are told."


class Slow(Shape):
    """6: some read slowly."""

    number = 6
    about = "Slow readers: 5 % read 1 KB a second; the others must not notice."


class Mixed(Shape):
    """9: editors work through a spike and a storm."""

    number = 9
    about = "All together: five editors write through the begin of a live stream, and everybody is cut off once."
    times = Spike.times


class Fault(Shape):
    """10: a process of the platform is killed, or of many first the relay, then the broker, then the database."""

    number = 10
    about = "Faults under load: what holds the connections is killed, or of many processes relay, broker and database."


SHAPES: dict[str, type[Shape]] = {
    "baseline": Baseline, "spike": Spike, "bursts": Bursts, "plateau": Plateau, "storm": Storm, "slow": Slow,
    "mixed": Mixed, "fault": Fault,
}  # fmt: skip


def shape_of(name: str, viewers: int, seed: int, **options: float) -> Shape:
    """Return the shape of that name; ``options`` are its times in seconds, and whether there are ``many`` processes."""
    calm, load = options.get("calm_s", 20.0), options.get("load_s", 30.0)
    many = options.pop("many", 0.0)
    special: dict[str, dict[str, object]] = {
        "bursts": {"heeding": 1.0, "news_per_s": 0.1},
        "plateau": {"beat_s": 15.0, "beats_in_phase": True},
        "storm": {"cuts": (calm + 1, calm + load / 2)},
        "slow": {"slow": 0.05, "news_per_s": 5.0},
        "mixed": {"editors": 5, "news_per_s": 2.0, "cuts": (calm + load * 0.8,)},
        "fault": {"faults": (calm + 1, calm + load / 6, calm + load * 2 / 3) if many else (calm + 1,)},
    }
    return SHAPES[name](viewers=viewers, seed=seed, **{**special.get(name, {}), **options})  # type: ignore[arg-type]
