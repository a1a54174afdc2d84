"""Packs in cases: whatever comes in whatever order, the same lay in the same case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from traceapp.rules.packing import Containment, PackingFact

START = datetime(2021, 5, 1, tzinfo=UTC)
PACK, BOX, CARTON, PALLET = 1, 10, 20, 30


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def packed(code: str, hour: float, parent: int, *children: int) -> PackingFact:
    return PackingFact(code, at(hour), True, parent, children)


def taken(code: str, hour: float, parent: int, *children: int) -> PackingFact:
    return PackingFact(code, at(hour), False, parent, children)


def cases(facts: list[PackingFact], pack: int, hour: float) -> set[int]:
    around = Containment(facts).around(pack)
    return {one.parent for one in around if one.since <= at(hour) <= one.until}


def found(facts: list[PackingFact]) -> list[tuple[str, str, int]]:
    contradictions = Containment(facts).contradictions
    return [(one.finding, one.fact, one.pack) for one in contradictions]


def test_a_pack_is_in_every_case_around_it_while_it_is() -> None:
    facts = [
        packed("a", 1, BOX, PACK),
        packed("b", 2, CARTON, BOX),
        packed("c", 3, PALLET, CARTON),
        taken("d", 5, PALLET),
        taken("e", 6, BOX, PACK),
    ]
    inside = [cases(facts, PACK, hour) for hour in (0.5, 1, 2.5, 3, 5, 5.5, 6, 7)]
    deep, whole = {BOX, CARTON}, {BOX, CARTON, PALLET}
    assert inside == [set(), {BOX}, deep, whole, whole, deep, deep, set()]
    assert found(facts) == []


def test_of_two_cases_the_later_stands_until_the_missing_unpacking_arrives() -> None:
    facts = [packed("a", 1, BOX, PACK), packed("b", 3, CARTON, PACK)]
    assert found(facts) == [("in_two_cases", "b", PACK)]
    assert [cases(facts, PACK, hour) for hour in (2, 4)] == [{BOX}, {CARTON}]
    assert found([*facts, taken("c", 2, BOX, PACK)]) == []


def test_what_cannot_be_changes_nothing_and_is_found() -> None:
    facts = [packed("a", 1, BOX, PACK), packed("b", 2, CARTON, BOX)]
    wrong = [
        packed("c", 3, BOX, CARTON),
        packed("d", 3, BOX, BOX),
        taken("e", 3, CARTON, PACK),
        taken("f", 3, PALLET),
        packed("g", 3, BOX, PACK),
    ]
    assert sorted(found([*facts, *wrong])) == [
        ("not_in_case", "e", PACK),
        ("packed_in_itself", "c", CARTON),
        ("packed_in_itself", "d", BOX),
    ]
    assert cases([*facts, *wrong], PACK, 4) == cases(facts, PACK, 4) == {BOX, CARTON}


def test_at_one_moment_what_comes_out_comes_out_first() -> None:
    facts = [packed("a", 1, BOX, PACK), packed("b", 2, CARTON, PACK), taken("c", 2, BOX)]
    assert found(facts) == []
    assert cases(facts, PACK, 2.5) == {CARTON}


@st.composite
def many_facts(draw: st.DrawFn) -> list[PackingFact]:
    """Anything that scanners may report of six things, each of which may be a case."""
    things = st.integers(0, 5)
    count = draw(st.integers(0, 12))
    return [
        PackingFact(
            f"f{number}",
            at(draw(st.integers(0, 6))),
            draw(st.booleans()),
            draw(things),
            tuple(sorted(draw(st.sets(things, max_size=3)))),
        )
        for number in range(count)
    ]


def by_hand(facts: list[PackingFact], moment: datetime) -> dict[int, int]:
    """What is in what after a moment, replayed as simply as can be."""
    inside: dict[int, int] = {}
    for fact in sorted(facts, key=lambda one: (one.at, one.is_in, one.code)):
        if fact.at > moment:
            break
        for child in fact.children or [c for c, p in inside.items() if p == fact.parent]:
            if not fact.is_in:
                if inside.get(child) == fact.parent:
                    del inside[child]
                continue
            outward, is_ring = fact.parent, fact.parent == child
            while outward in inside and not is_ring:
                outward = inside[outward]
                is_ring = outward == child
            if not is_ring and fact.children:
                inside[child] = fact.parent
    return inside


@given(many_facts(), st.randoms())
def test_no_order_of_arrival_matters_and_nothing_is_in_two_cases(
    facts: list[PackingFact], chance: object
) -> None:
    shuffled = sorted(facts, key=lambda _: chance.random())  # type: ignore[attr-defined]  # a Random
    one, other = Containment(facts), Containment(shuffled)
    assert [one.around(pack) for pack in range(6)] == [other.around(pack) for pack in range(6)]
    assert one.contradictions == other.contradictions
    for half in range(13):
        moment = at(half / 2 + 0.25)
        inside = {
            child: held.parent
            for child, stays in one.held.items()
            for held in stays
            if held.since <= moment < held.until
        }
        assert inside == by_hand(facts, moment)


@given(many_facts())
def test_what_is_around_a_pack_is_what_is_around_its_case(facts: list[PackingFact]) -> None:
    contained = Containment(facts)
    for pack in range(6):
        for held in contained.around(pack):
            assert held.parent != pack
            assert held.since <= held.until
