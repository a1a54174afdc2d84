"""Rules and series as nobody would write them by hand, in whole minutes since START."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st

from traceapp.rules.judging import Pace
from traceapp.rules.profile import Profile, Rule
from traceapp.rules.sample import Sample

START = datetime(2021, 5, 9, tzinfo=UTC)
_CELSIUS = st.sampled_from([-3.0, -0.5, 2.0, 4.9, 5.0, 8.0, 8.1, 12.0, 30.0])
_LIMITS = st.sampled_from([-0.5, 2.0, 5.0, 8.0])
_SUSTAINED = st.sampled_from([0, 1, 5, 15, 29, 30, 31, 60, 120])
_GAPS = st.sampled_from([1, 1, 2, 5, 5, 10, 10, 10, 15, 16, 30, 31, 45, 100])


def at(minute: float) -> datetime:
    """The moment of a minute."""
    return START + timedelta(minutes=minute)


def minute_of(moment: datetime) -> int:
    """The whole minute of a moment. Raises AssertionError where it is none."""
    minute, rest = divmod(moment - START, timedelta(minutes=1))
    assert not rest
    return minute


def examples(number: int) -> settings:
    """So many examples, or more where somebody searches (tests/conftest.py)."""
    usual = settings().max_examples
    return settings(max_examples=number * max(1, usual // 100))


@dataclass(frozen=True)
class Case:
    """What a judge is told: rules, a sensor's pace, its readings in order, and departures."""

    profile: Profile
    pace: Pace
    samples: list[Sample]
    departures: list[datetime]


def _continuous(code: str) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        st.just(code),
        st.sampled_from(["notice", "alarm"]),
        st.sampled_from(["above", "below"]),
        _SUSTAINED.map(lambda minutes: timedelta(minutes=minutes)),
        _LIMITS,
        st.booleans(),
    )


def _cumulative(code: str) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        st.just(code),
        st.just("alarm"),
        st.sampled_from(["above", "below"]),
        st.integers(1, 60).map(lambda minutes: timedelta(minutes=minutes)),
        _LIMITS,
        st.booleans(),
        st.just(True),
        st.none() | st.integers(1, 150).map(lambda minutes: timedelta(minutes=minutes)),
    )


def _lasting(code: str) -> st.SearchStrategy[Rule]:
    """Rules about what holds for a while: the lid, the mains, the battery."""
    return st.builds(
        Rule,
        st.just(code),
        st.just("notice"),
        st.sampled_from(["door", "power", "battery"]),
        _SUSTAINED.map(lambda minutes: timedelta(minutes=minutes)),
        st.just(20.0),
    )


def _health(code: str) -> st.SearchStrategy[Rule]:
    limits = st.sampled_from([0.0, 2.0, 5.0, 10.0])
    side = st.sampled_from(["jump", "clock"])
    sustained = st.sampled_from([timedelta(0), timedelta(minutes=15)])
    return st.builds(Rule, st.just(code), st.just("notice"), side, sustained, limits)


def _stuck() -> st.SearchStrategy[Rule]:
    minutes = st.sampled_from([1, 10, 30, 60]).map(lambda number: timedelta(minutes=number))
    limits = st.sampled_from([0.1, 3.0, 3.1, 20.0])
    return st.builds(Rule, st.just("stuck"), st.just("notice"), st.just("stuck"), minutes, limits)


@st.composite
def rule_sets(draw: st.DrawFn) -> Profile:
    """One to five rules of any kind, and those that hold everywhere."""
    kinds = draw(
        st.lists(
            st.sampled_from([_continuous, _cumulative, _cumulative, _lasting, _health]),
            min_size=1,
            max_size=5,
        )
    )
    rules = [draw(kind(f"r{n}")) for n, kind in enumerate(kinds)]
    return Profile.of("generated", [*rules, draw(_stuck())])


@st.composite
def series(draw: st.DrawFn, most: int = 40) -> list[Sample]:
    """Readings in order, each at a minute of its own: gaps, broken probes, silence, numbers."""
    minute, seq, boot = 0, draw(st.integers(0, 9)), "a"
    samples: list[Sample] = []
    celsius = draw(_CELSIUS)
    is_sticky = draw(st.booleans())
    flags = draw(st.sampled_from([st.none(), st.booleans(), st.none() | st.booleans()]))
    for gap in draw(st.lists(_GAPS, min_size=draw(st.integers(1, most // 2)), max_size=most)):
        minute += gap
        seq += draw(st.sampled_from([1, 1, 1, 1, 2, 5]))
        if draw(st.integers(0, 19)) == 0:
            seq, boot = 0, boot + "a"
        is_implausible = draw(st.integers(0, 9)) == 0
        if not (is_sticky and draw(st.integers(0, 3))):
            celsius = draw(_CELSIUS)
        samples.append(
            Sample(
                at(minute),
                150.0 if is_implausible else celsius,
                draw(flags),
                draw(flags),
                is_implausible,
                draw(st.sampled_from([None, 19.9, 20.0, 80.0])),
                draw(st.sampled_from([None, seq, seq, seq])),
                draw(st.sampled_from([boot, boot, boot, None])),
                at(minute + draw(st.sampled_from([-11, -6, -5, 0, 0, 0, 0, 500]))),
            )
        )
    return samples


paces = st.builds(
    Pace.of,
    st.sampled_from([60, 300, 600]),
    st.none() | st.integers(2, 60).map(lambda minutes: 60 * minutes),
)


@st.composite
def cases(draw: st.DrawFn, most: int = 40) -> Case:
    """Everything that a judge is told."""
    departures = draw(st.lists(st.integers(0, 400), max_size=3, unique=True))
    return Case(
        draw(rule_sets()), draw(paces), draw(series(most)), [at(m) for m in sorted(departures)]
    )


@st.composite
def sums(draw: st.DrawFn) -> Case:
    """Cumulative rules alone, over short windows, and heat that comes and goes."""
    rules = [draw(_cumulative(f"r{n}")) for n in range(3)]
    steps = draw(st.lists(st.tuples(st.integers(1, 25), _CELSIUS), min_size=5, max_size=40))
    minute, samples = 0, []
    for gap, celsius in steps:
        minute += gap
        samples.append(Sample(at(minute), celsius, received_at=at(minute)))
    departures = draw(st.lists(st.integers(0, 400), max_size=3, unique=True))
    profile = Profile.of("sums", rules)
    return Case(profile, draw(paces), samples, [at(m) for m in sorted(departures)])
