"""Every page, drawn from contract documents in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from tests.unit.web.pages import contexts, draw, make_app

_PAGES = sorted(contexts())
_VOID = {"meta", "link", "input", "br", "img", "hr"}


@pytest.fixture(scope="module")
def app() -> Flask:
    """An application whose database is never opened."""
    return make_app()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", _PAGES)
def test_a_page_stands_on_its_own_feet(app: Flask, page: str, language: str) -> None:
    html = draw(app, page, language)
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in html
    assert len(re.findall(r"<h1[ >]", html)) == 1
    _assert_balanced(html)


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_obeys_the_policy_of_its_headers(app: Flask, page: str) -> None:
    html = draw(app, page, "zh")
    assert not re.search(r"<[^>]+\s(style|on\w+)=", html)
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]* src=)", html)
    assert not re.search(r'(src|href)="(https?:)?//', html)


@pytest.mark.parametrize("page", _PAGES)
def test_every_form_that_changes_something_carries_the_sessions_token(
    app: Flask, page: str
) -> None:
    forms = re.findall(r'<form[^>]*method="post".*?</form>', draw(app, page, "zh"), re.DOTALL)
    assert forms
    for form in forms:
        assert "csrf_token" in form or 'action="/sign-in"' in form


@pytest.mark.parametrize("page", _PAGES)
def test_every_field_has_a_label(app: Flask, page: str) -> None:
    html = draw(app, page, "en")
    for field in re.findall(r"<input[^>]*>", html):
        if 'type="hidden"' not in field:
            name = re.search(r'id="(\w+)"', field)
            assert name is not None
            assert f'for="{name.group(1)}"' in html


def test_a_chinese_page_says_nothing_in_english_that_has_a_translation(app: Flask) -> None:
    from traceapp.web.language import catalogue

    text = re.sub(r"<[^>]+>", "\n", draw(app, "excursion", "zh"))
    lines = {line.strip() for line in text.splitlines()}
    assert lines & set(catalogue("zh")) <= {"API"}


def test_what_a_stranger_sent_is_shown_and_not_run(app: Flask) -> None:
    html = draw(app, "rejection_list", "zh")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html


def test_the_page_of_a_unit_draws_its_curve(app: Flask) -> None:
    html = draw(app, "unit", "zh")
    assert "<polyline" in html
    assert 'href="/excursions/12"' in html
    assert 'fill="url(#hatch)"' in html
    assert "最低 3.5 °C，最高 17.5 °C" in html


def test_names_are_in_the_language_of_the_reader(app: Flask) -> None:
    assert "1号冰箱" in draw(app, "unit", "zh")
    assert "Refrigerator 1" in draw(app, "unit", "en")


def test_the_style_sheet_stays_small(app: Flask) -> None:
    assert app.static_folder is not None
    assert (Path(app.static_folder) / "traceapp.css").stat().st_size <= 12_288


def _assert_balanced(html: str) -> None:
    """Every element that is opened is closed, in order."""
    open_elements: list[str] = []
    for closing, name, rest in re.findall(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)>", html):
        if name in _VOID or rest.endswith("/"):
            continue
        if not closing:
            open_elements.append(name)
        else:
            assert open_elements.pop() == name, name
    assert open_elements == []
