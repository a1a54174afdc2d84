"""Corrections: of each story the newest is in force, whatever the order of arrival."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from traceapp.rules.correction import Claim, may_correct, settle

NOON = datetime(2021, 5, 9, 4, tzinfo=UTC)
FIRST = Claim("f", 1, "451481")


def correction(
    code: str,
    corrects: str,
    hours: int = 1,
    site: int = 1,
    is_void: bool = False,
    within: str | None = None,
) -> Claim:
    """Return a claim that corrects another."""
    at = NOON + timedelta(hours=hours)
    return Claim(code, site, "451481", corrects, at, is_void, within)


def in_force(*claims: Claim) -> list[str]:
    return sorted(code for code, one in settle(claims).items() if one.is_in_force)


def test_a_fact_that_nothing_corrects_is_in_force() -> None:
    assert in_force(FIRST) == ["f"]


def test_the_newest_correction_stands_instead_of_what_it_corrects() -> None:
    early, late = correction("a", "f", 2), correction("b", "f", 1)
    assert in_force(FIRST, early, late) == ["a"]
    assert settle([FIRST, early, late])["f"].by == "a"


def test_of_two_corrections_of_one_moment_the_id_decides() -> None:
    assert in_force(FIRST, correction("b", "f"), correction("a", "f")) == ["b"]


def test_a_correction_of_a_correction_stands_for_both() -> None:
    assert in_force(FIRST, correction("a", "f", 1), correction("b", "a", 2)) == ["b"]


def test_a_withdrawal_leaves_nothing_until_somebody_says_again_what_happened() -> None:
    gone = correction("a", "f", 1, is_void=True)
    assert in_force(FIRST, gone) == []
    assert in_force(FIRST, gone, correction("b", "f", 2)) == ["b"]


def test_a_correction_of_what_nobody_reported_yet_is_in_force_until_then() -> None:
    assert in_force(correction("a", "f")) == ["a"]
    assert in_force(correction("a", "f"), FIRST) == ["a"]


def test_before_the_first_is_heard_of_no_site_silences_another() -> None:
    ours, theirs = correction("a", "f", 1), correction("b", "f", 2, site=2)
    assert in_force(ours, theirs) == ["a", "b"]
    assert in_force(ours, theirs, FIRST) == ["a"]


def test_another_sites_correction_changes_nothing_and_nothing_that_follows_it_does() -> None:
    stray = correction("a", "f", site=2)
    after = correction("b", "a", 2, site=2)
    standings = settle([FIRST, stray, after])
    assert in_force(FIRST, stray, after) == ["f"]
    assert standings["a"].is_stray
    assert standings["b"].is_stray


def test_an_officer_corrects_what_lies_below_and_nothing_beside() -> None:
    county, other = Claim("f", 1, "451481"), Claim("g", 1, "450100")
    officer = correction("a", "f", site=2, within="4514")
    assert may_correct(officer, county)
    assert not may_correct(officer, other)
    assert may_correct(correction("a", "f", site=2, within=""), other)


def test_two_that_correct_each_other_are_one_story() -> None:
    assert in_force(correction("a", "b", 1), correction("b", "a", 2)) == ["b"]


_CODES = ["a", "b", "c", "d", "e", "f"]
_CLAIMS = st.lists(
    st.builds(
        Claim,
        st.sampled_from(_CODES),
        st.integers(1, 2),
        st.sampled_from(["451481", "450100"]),
        st.none() | st.sampled_from(_CODES),
        st.integers(0, 3).map(lambda hours: NOON + timedelta(hours=hours)),
        st.booleans(),
        st.none() | st.sampled_from(["", "4514", "4501"]),
    ),
    unique_by=lambda claim: claim.code,
)


@given(st.data())
def test_any_order_gives_the_same(data: st.DataObject) -> None:
    claims = data.draw(_CLAIMS)
    assert settle(claims) == settle(data.draw(st.permutations(claims)))


@given(_CLAIMS)
def test_whatever_stands_instead_of_something_is_the_newest_that_may(claims: list[Claim]) -> None:
    known = {claim.code: claim for claim in claims}
    standings = settle(claims)
    for code, standing in standings.items():
        if standing.by is not None:
            newest = known[standing.by]
            assert newest.place > known[code].place
            assert standings[standing.by].by is None
            assert standings[standing.by].is_in_force != newest.is_void
        elif not standing.is_stray:
            assert standing.is_in_force != known[code].is_void
