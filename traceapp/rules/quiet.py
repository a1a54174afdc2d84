"""Which readings change nothing: they follow the newest one, and no limit lies between.

A sensor of which nothing runs, and whose next reading is quiet, is where it was: no run begins,
ends or goes on. Where it is too warm or too cold already, a quiet reading is so as well: what
runs goes on, and nothing else. Whoever remembers the newest reading can tell without a database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import NamedTuple, Protocol

from schemas.reading import PLAUSIBLE_CELSIUS
from traceapp.rules.judging import Pace
from traceapp.rules.profile import Profile, Rule

_MICROSECOND = timedelta(microseconds=1)
_FAR = 2**62
#: The sides that `terms_of` knows how to keep away from.
_KNOWN = frozenset(
    {"above", "below", "door", "power", "battery", "jump", "clock", "silence", "missing", "stuck"}
)


class Measured(Protocol):
    """What a reading says beside its moment, whoever holds it."""

    @property
    def celsius(self) -> float: ...
    @property
    def power(self) -> bool | None: ...
    @property
    def door_open(self) -> bool | None: ...
    @property
    def battery(self) -> float | None: ...
    @property
    def seq(self) -> int | None: ...
    @property
    def boot(self) -> str | None: ...


class Terms(NamedTuple):
    """What a reading must keep within to be quiet: °C, %, and microseconds.

    The temperature lies strictly between `low` and `high`; on a limit somebody else decides.
    `running` are the codes of the rules that are broken and stay so.
    """

    low: float
    high: float
    jump: float
    battery: float
    silence: int
    ahead: int
    stuck: int
    running: frozenset[str] = frozenset()


def terms_of(profile: Profile, pace: Pace, running: Collection[str] = ()) -> Terms | None:
    """The terms under which no rule of the profile is broken but those that are `running`.

    None where we cannot tell: of what runs, only times too warm or too cold that are not added up.
    """
    broken = [rule for rule in profile.rules if rule.code in running]
    if not {rule.side for rule in profile.rules} <= _KNOWN or len(broken) < len(running):
        return None
    if not all(may_run(rule) for rule in broken):
        return None

    def limits(side: str, *, of_broken: bool = False) -> list[float]:
        return [
            rule.limit
            for rule in profile.rules
            if rule.side == side and rule.limit is not None and (rule in broken) == of_broken
        ]

    ahead = min(limits("clock"), default=None)
    lowest, highest = PLAUSIBLE_CELSIUS
    return Terms(
        low=max([*limits("below"), *limits("above", of_broken=True)], default=lowest),
        high=min([*limits("above"), *limits("below", of_broken=True)], default=highest),
        jump=min(limits("jump"), default=float("inf")),
        battery=max(limits("battery"), default=0.0),
        silence=pace.silence // _MICROSECOND,
        ahead=_FAR if ahead is None else timedelta(minutes=ahead) // _MICROSECOND,
        stuck=min(
            (rule.sustained // _MICROSECOND for rule in profile.rules if rule.side == "stuck"),
            default=_FAR,
        ),
        running=frozenset(running),
    )


def may_run(rule: Rule) -> bool:
    """Whether we can tell what merely prolongs a run under this rule."""
    return rule.side in ("above", "below") and not rule.is_cumulative and rule.limit is not None


class Last(NamedTuple):
    """The newest reading of a sensor, as far as the next one is compared with it.

    `at` and `since` are in microseconds since 1970, `boot` any number that stands for the text.
    `since` is when the sensor began to say the same value, or earlier.
    """

    at: int
    celsius: float
    seq: int | None
    boot: int
    since: int


#: A `Last` without its name: the line makes one for each message.
_Last = tuple[int, float, int | None, int, int]


def follow(
    terms: Terms, last: _Last, moments: Iterable[int], readings: Iterable[Measured], now: int
) -> _Last | None:
    """The newest reading after these, if each is quiet; None where one may change something.

    `moments` are those of the readings, and `now` is when they were heard, both in microseconds
    since 1970.
    """
    at, celsius, seq, boot, since = last
    low, high, jump, charge, silence, ahead, stuck, _ = terms
    latest = now + ahead
    for moment, reading in zip(moments, readings, strict=True):  # The hottest loop of the line.
        warmth = reading.celsius
        if not (at < moment <= at + silence and moment <= latest and low < warmth < high):
            return None
        if warmth != celsius:
            if abs(warmth - celsius) > jump:
                return None
            since = moment
        elif moment - since >= stuck:
            return None
        if reading.power is False or reading.door_open:
            return None
        battery = reading.battery
        if battery is not None and battery < charge:
            return None
        number, before = reading.seq, boot
        if number is not None:
            boot = hash(reading.boot)
            if seq is not None and number > seq + 1 and boot == before:
                return None
        at, celsius, seq = moment, warmth, number
    return at, celsius, seq, boot, since


def is_quiet(terms: Terms, last: Last, at: int, reading: Measured, now: int) -> bool:
    """Whether one reading at `at` (microseconds since 1970), heard at `now`, changes nothing."""
    return follow(terms, last, (at,), (reading,), now) is not None
