"""Every text of the pages stands in both languages."""

from __future__ import annotations

import re

import pytest

from tests.unit.web.texts import texts
from traceapp.web.language import catalogue, is_local

_PLACES = re.compile(r"%\((\w+)\)[ds]")


def test_every_text_of_the_pages_is_translated() -> None:
    assert sorted(set(texts()) - set(catalogue("zh"))) == []


def test_no_translation_is_left_of_a_text_that_is_gone() -> None:
    assert sorted(set(catalogue("zh")) - set(texts())) == []


def test_a_translation_has_words_and_the_same_places_as_its_text() -> None:
    for english, chinese in catalogue("zh").items():
        assert chinese
        assert set(_PLACES.findall(english)) == set(_PLACES.findall(chinese)), english


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://e.example",
        "",
        "/\t/evil.example",
        "/\r\nSet-Cookie: x",
        "/\0",
        "/units\n",
    ],
)
def test_a_way_back_that_leads_elsewhere_is_not_ours(path: str) -> None:
    assert not is_local(path)


def test_a_way_back_to_a_page_of_ours_is_ours() -> None:
    assert is_local("/units/PX-FY-01?hours=24")
