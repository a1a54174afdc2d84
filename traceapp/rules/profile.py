"""Rules as data, and the presets that ship with the software (docs/judging.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

_NONE = timedelta(0)


class Sample(Protocol):
    """What judging needs of a reading."""

    @property
    def celsius(self) -> float: ...
    @property
    def power(self) -> bool | None: ...
    @property
    def door_open(self) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that may hold for at most `sustained` before it becomes an excursion.

    `side` is above, below (of `limit_celsius`), door, power or silence; `level` is notice or
    alarm; `is_limit_included` says whether the limit itself is outside already.
    """

    code: str
    level: str
    side: str
    sustained: timedelta = _NONE
    limit_celsius: float | None = None
    is_limit_included: bool = False

    def is_outside(self, sample: Sample) -> bool | None:
        """Whether a reading breaks the rule; None where it says nothing about it."""
        if self.side == "door":
            return sample.door_open
        if self.side == "power":
            return None if sample.power is None else not sample.power
        if self.limit_celsius is None:
            return None
        if self.is_limit_included and sample.celsius == self.limit_celsius:
            return True
        if self.side == "above":
            return sample.celsius > self.limit_celsius
        return sample.celsius < self.limit_celsius

    def worse(self, one: float | None, other: float | None) -> float | None:
        """The worse of two peaks: the higher above, the lower below, None elsewhere."""
        if self.limit_celsius is None or one is None or other is None:
            return other if one is None else one
        return max(one, other) if self.side == "above" else min(one, other)


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of a kind of unit; every profile also has silence, door and power."""

    name: str
    rules: tuple[Rule, ...]

    def rule(self, code: str) -> Rule:
        """The rule of that code. Raises KeyError for a code that the profile lacks."""
        for rule in self.rules:
            if rule.code == code:
                return rule
        raise KeyError(code)

    @property
    def silence(self) -> Rule:
        return self.rule("silence")


def _minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


_EVERYWHERE = (
    Rule("silence", "alarm", "silence"),
    Rule("door", "notice", "door", _minutes(5)),
    Rule("power", "alarm", "power", _minutes(24 * 60)),
)


def _above(code: str, level: str, limit: float, minutes: float) -> Rule:
    return Rule(code, level, "above", _minutes(minutes), limit)


def _below(code: str, level: str, limit: float, minutes: float) -> Rule:
    return Rule(code, level, "below", _minutes(minutes), limit)


def _freeze(minutes: float) -> Rule:
    return Rule("freeze", "alarm", "below", _minutes(minutes), -0.5, is_limit_included=True)


def _outside(name: str, low: float, high: float) -> Profile:
    rules = (_above("hot", "alarm", high, 15), _below("cold", "alarm", low, 15))
    return Profile(name, rules + _EVERYWHERE)


#: Presets by name. Limits: 疫苗储存和运输管理规范 2017 and GSP 附录3 (cn), WHO PQS E006 (who),
#: US CDC Storage and Handling Toolkit (cdc). The durations of cn-fridge are ours.
PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "cn-fridge",
            (
                _above("warm", "notice", 8.0, 0),
                _above("hot", "alarm", 8.0, 15),
                _below("cool", "notice", 2.0, 0),
                _below("cold", "alarm", 2.0, 15),
                _freeze(0),
                *_EVERYWHERE,
            ),
        ),
        Profile("who-fridge", (_above("heat", "alarm", 8.0, 600), _freeze(60), *_EVERYWHERE)),
        _outside("cdc-fridge", 2.0, 8.0),
        _outside("cdc-freezer", -50.0, -15.0),
        _outside("cdc-ult", -90.0, -60.0),
    )
}
