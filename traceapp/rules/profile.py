"""Rules as data, and the presets that ship with the software (docs/judging.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from traceapp.rules.sample import Sample

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that may hold for at most `sustained` before it becomes an excursion.

    `side` says which: above or below (`limit` in °C), door, power, silence, and of the sensor's
    health battery (`limit` in %), jump (`limit` in °C between two readings), clock (`limit` in
    minutes ahead of arrival), missing, and stuck (`limit` in °C by which another sensor of the
    unit moved meanwhile: `watch.neighbour`). `level` is notice or alarm; `is_limit_included` says
    whether the limit itself is outside already. A cumulative rule adds up separate times: over
    the last `window`, or since the journey began where there is none.
    """

    code: str
    level: str
    side: str
    sustained: timedelta = _NONE
    limit: float | None = None
    is_limit_included: bool = False
    is_cumulative: bool = False
    window: timedelta | None = None

    @property
    def limit_celsius(self) -> float | None:
        """The limit of a rule about temperature."""
        return self.limit if self.side in ("above", "below") else None

    @property
    def is_health(self) -> bool:
        """Whether the rule is about the sensor and not about the vaccine."""
        return self.side in HEALTH

    def is_outside(self, sample: Sample, before: Sample | None = None) -> bool | None:
        """Whether a reading breaks the rule; None where it says nothing about it.

        `before` is the usable reading before it.
        """
        return _JUDGES[self.side](self, sample, before)

    def worse(self, one: float | None, other: float | None) -> float | None:
        """The worse of two peaks: the higher above, the lower below, None elsewhere."""
        if self.limit_celsius is None or one is None or other is None:
            return other if one is None else one
        return max(one, other) if self.side == "above" else min(one, other)


#: Sides that say something about the sensor.
HEALTH = frozenset({"battery", "jump", "clock", "missing", "stuck"})


def _is_above(rule: Rule, sample: Sample, _: Sample | None) -> bool | None:
    limit = rule.limit or 0.0
    return sample.celsius > limit or (rule.is_limit_included and sample.celsius == limit)


def _is_below(rule: Rule, sample: Sample, _: Sample | None) -> bool | None:
    limit = rule.limit or 0.0
    return sample.celsius < limit or (rule.is_limit_included and sample.celsius == limit)


def _is_open(_: Rule, sample: Sample, __: Sample | None) -> bool | None:
    return sample.door_open


def _is_without_mains(_: Rule, sample: Sample, __: Sample | None) -> bool | None:
    return None if sample.power is None else not sample.power


def _is_low(rule: Rule, sample: Sample, _: Sample | None) -> bool | None:
    return None if sample.battery is None else sample.battery < (rule.limit or 0.0)


def _has_jumped(rule: Rule, sample: Sample, before: Sample | None) -> bool | None:
    return before is not None and abs(sample.celsius - before.celsius) > (rule.limit or 0.0)


def _is_unchanged(_: Rule, sample: Sample, before: Sample | None) -> bool | None:
    return before is not None and sample.celsius == before.celsius


def _is_ahead(rule: Rule, sample: Sample, _: Sample | None) -> bool | None:
    if sample.received_at is None:
        return None
    return sample.at - sample.received_at > timedelta(minutes=rule.limit or 0.0)


def _says_nothing(_: Rule, __: Sample, ___: Sample | None) -> bool | None:
    """Silence and missing readings are seen between readings, not in one."""
    return None


_JUDGES: dict[str, Callable[[Rule, Sample, Sample | None], bool | None]] = {
    "above": _is_above,
    "below": _is_below,
    "door": _is_open,
    "power": _is_without_mains,
    "battery": _is_low,
    "jump": _has_jumped,
    "clock": _is_ahead,
    "silence": _says_nothing,
    "missing": _says_nothing,
    "stuck": _is_unchanged,
}


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of a kind of unit; every profile also has those of EVERYWHERE."""

    name: str
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, name: str, rules: Iterable[Rule]) -> Profile:
        """A profile of these rules and of those that hold everywhere and are not among them."""
        own = tuple(rules)
        codes = {rule.code for rule in own}
        return cls(name, own + tuple(rule for rule in EVERYWHERE if rule.code not in codes))

    def rule(self, code: str) -> Rule:
        """The rule of that code. Raises KeyError for a code that the profile lacks."""
        for rule in self.rules:
            if rule.code == code:
                return rule
        raise KeyError(code)

    @property
    def silence(self) -> Rule:
        return self.rule("silence")

    @property
    def counts_journeys(self) -> bool:
        """Whether some rule adds up since the journey began."""
        return any(rule.is_cumulative and rule.window is None for rule in self.rules)


def _minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


#: Silence, door and power: WHO EMS codes DOOR and POWR. The sensor's health: ours.
EVERYWHERE = (
    Rule("silence", "alarm", "silence"),
    Rule("door", "notice", "door", _minutes(5)),
    Rule("power", "alarm", "power", _minutes(24 * 60)),
    Rule("battery", "notice", "battery", limit=20.0),
    Rule("jump", "notice", "jump", limit=10.0),
    Rule("clock", "notice", "clock", limit=5.0),
    Rule("missing", "notice", "missing"),
    Rule("stuck", "notice", "stuck", _minutes(12 * 60), limit=1.0),
)


def _above(code: str, level: str, limit: float, minutes: float) -> Rule:
    return Rule(code, level, "above", _minutes(minutes), limit)


def _below(code: str, level: str, limit: float, minutes: float) -> Rule:
    return Rule(code, level, "below", _minutes(minutes), limit)


def _at_least(code: str, limit: float, minutes: float, *, is_cumulative: bool = False) -> Rule:
    sustained = _minutes(minutes)
    return Rule(code, "alarm", "above", sustained, limit, True, is_cumulative)


def _freeze(minutes: float) -> Rule:
    return Rule("freeze", "alarm", "below", _minutes(minutes), -0.5, is_limit_included=True)


def _outside(name: str, low: float, high: float) -> Profile:
    return Profile.of(name, (_above("hot", "alarm", high, 15), _below("cold", "alarm", low, 15)))


_CN_FRIDGE = (
    _above("warm", "notice", 8.0, 0),
    _above("hot", "alarm", 8.0, 15),
    _below("cool", "notice", 2.0, 0),
    _below("cold", "alarm", 2.0, 15),
    _freeze(0),
)
_HEAT45 = _at_least("heat45", 45.0, 60)
_HEAT30 = _at_least("heat30", 30.0, 600, is_cumulative=True)
_HEAT10 = _at_least("heat10", 10.0, 1_200, is_cumulative=True)

#: Presets by name. Limits: 疫苗储存和运输管理规范 2017 and GSP 附录3 (cn), WHO PQS E006 (who) and
#: E006/TR07 (ship), US CDC Storage and Handling Toolkit (cdc). The durations of cn-fridge are ours.
PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile.of("cn-fridge", _CN_FRIDGE),
        Profile.of("who-fridge", (_above("heat", "alarm", 8.0, 600), _freeze(60))),
        _outside("cdc-fridge", 2.0, 8.0),
        _outside("cdc-freezer", -50.0, -15.0),
        _outside("cdc-ult", -90.0, -60.0),
        Profile.of("ship-type1", (_HEAT45, _HEAT30, _freeze(60))),
        Profile.of("ship-type2", (_HEAT45, _HEAT30, _HEAT10)),
    )
}
