"""Which readings change nothing: they follow the newest one, inside every limit.

A sensor of which nothing runs, and whose next reading is quiet, is where it was: no run begins,
ends or goes on. Whoever remembers the newest reading can tell so without a database.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from schemas.reading import PLAUSIBLE_CELSIUS, Reading
from traceapp.rules.judging import Pace
from traceapp.rules.profile import Profile
from traceapp.rules.sample import Sample

_MICROSECOND = timedelta(microseconds=1)
_FAR = 2**62
#: The sides that `terms_of` knows how to keep away from.
_KNOWN = frozenset(
    {"above", "below", "door", "power", "battery", "jump", "clock", "silence", "missing", "stuck"}
)


class Terms(NamedTuple):
    """What a reading must keep within to be quiet: °C, %, and microseconds.

    The temperature lies strictly between `low` and `high`; on a limit somebody else decides.
    """

    low: float
    high: float
    jump: float
    battery: float
    silence: int
    ahead: int
    stuck: int


def terms_of(profile: Profile, pace: Pace) -> Terms | None:
    """The terms under which no rule of the profile is broken; None where we cannot tell."""
    if not {rule.side for rule in profile.rules} <= _KNOWN:
        return None

    def limits(side: str) -> list[float]:
        return [
            rule.limit for rule in profile.rules if rule.side == side and rule.limit is not None
        ]

    ahead = min(limits("clock"), default=None)
    return Terms(
        low=max(limits("below"), default=PLAUSIBLE_CELSIUS[0]),
        high=min(limits("above"), default=PLAUSIBLE_CELSIUS[1]),
        jump=min(limits("jump"), default=float("inf")),
        battery=max(limits("battery"), default=0.0),
        silence=pace.silence // _MICROSECOND,
        ahead=_FAR if ahead is None else timedelta(minutes=ahead) // _MICROSECOND,
        stuck=min(
            (rule.sustained // _MICROSECOND for rule in profile.rules if rule.side == "stuck"),
            default=_FAR,
        ),
    )


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


def is_quiet(terms: Terms, last: Last, at: int, reading: Reading | Sample, now: int) -> bool:
    """Whether a reading at `at` (microseconds since 1970), heard at `now`, changes nothing."""
    celsius = reading.celsius
    if not (last.at < at <= last.at + terms.silence and at <= now + terms.ahead):
        return False
    if not terms.low < celsius < terms.high or abs(celsius - last.celsius) > terms.jump:
        return False
    if celsius == last.celsius and at - last.since >= terms.stuck:
        return False
    if reading.power is False or reading.door_open:
        return False
    if reading.battery is not None and reading.battery < terms.battery:
        return False
    if reading.seq is None or last.seq is None or reading.seq <= last.seq + 1:
        return True
    return hash(reading.boot) != last.boot
