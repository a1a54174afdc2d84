"""A scope sees its division and everything below it, nothing beside or above."""

from __future__ import annotations

import pytest

from traceapp.models.division import division_prefix
from traceapp.trace.scope import Scope


@pytest.mark.parametrize(
    ("code", "prefix"),
    [("450000", "45"), ("451400", "4514"), ("451481", "451481"), ("", ""), ("110100", "1101")],
)
def test_a_division_begins_with_its_digits_without_the_zeros(code: str, prefix: str) -> None:
    assert division_prefix(code) == prefix


def test_a_city_sees_its_counties_and_neither_the_next_city_nor_the_province() -> None:
    city = Scope("451400")
    assert city.sees_division("451481")
    assert city.sees_division("451400")
    assert not city.sees_division("451300")
    assert not city.sees_division("450000")
    assert city.sees_site("A", "451481")
    assert not city.sees_site("A", "450100")


def test_a_site_sees_itself_alone() -> None:
    clinic = Scope("451481", site="4514810001")
    assert clinic.sees_site("4514810001", "451481")
    assert not clinic.sees_site("4514810002", "451481")
    assert not clinic.sees_division("451481")


def test_the_country_sees_everything_and_its_condition_is_true() -> None:
    assert Scope().is_country
    assert Scope().sees_site("A", "110000")
    assert "division_code" not in str(Scope().sites())


def test_the_condition_names_the_prefix_and_the_site() -> None:
    condition = Scope("451400", site="X").sites().compile(compile_kwargs={"literal_binds": True})
    assert "'4514'" in str(condition)
    assert "site.code = 'X'" in str(condition)
