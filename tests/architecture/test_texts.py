"""Every text that a person reads stands in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tests.architecture.sources import ROOT, named, python_files

_TEMPLATES = ROOT / "traceapp" / "web" / "templates"
_CATALOGUE = ROOT / "traceapp" / "web" / "translations" / "zh.po"
_METHODS = [("**.py", "python"), ("**.html", "jinja2")]
_SAID_BY_JINJA = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
_THE_SAME_IN_BOTH = {"API", "CSV", "JSON", "min", "English", "中文"}
_FOR_PROGRAMMERS = {"docs.html"}  # the interface is described in English, as its fields are
_NOT_READ = re.compile(r"<(script|style|code|pre|kbd)\b.*?</\1>|<[^>]*>|&\w+;", re.DOTALL)


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    """The Chinese texts."""
    with _CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def texts_in_the_code() -> Iterator[tuple[str, str]]:
    """Yield each English text marked for translation and where it stands."""
    folder = ROOT / "traceapp"
    simple = extract_from_dir(folder, _METHODS, keywords={"_": None, "gettext": None})
    counted = extract_from_dir(folder, _METHODS, keywords={"ngettext": (1, 2)})
    for name, line, message, _comments, _context in (*simple, *counted):
        yield (message[0] if isinstance(message, tuple) else message), f"{name}:{line}"


def test_every_text_in_the_code_has_its_chinese(catalogue: Catalog) -> None:
    missing = {
        f"{where} {text}"
        for text, where in texts_in_the_code()
        if (entry := catalogue.get(text)) is None or not entry.string or entry.fuzzy
    }
    assert missing == set()


def test_no_chinese_text_is_left_of_one_that_is_gone(catalogue: Catalog) -> None:
    sources = [*python_files("traceapp"), *_TEMPLATES.rglob("*.html")]
    said = "".join(path.read_text("utf-8") for path in sources)
    kept = {str(entry.id if isinstance(entry.id, str) else entry.id[0]) for entry in catalogue}
    assert {text for text in kept if text not in said} == set()


def templates() -> list[Path]:
    """Return the templates of pages for people."""
    found = sorted(_TEMPLATES.rglob("*.html"))
    return [path for path in found if path.name not in _FOR_PROGRAMMERS]


@pytest.mark.parametrize("path", templates(), ids=named)
def test_a_template_says_nothing_in_one_language_only(path: Path) -> None:
    left = _NOT_READ.sub(" ", _SAID_BY_JINJA.sub(" ", path.read_text("utf-8")))
    assert set(re.findall(r"[^\W\d_]{2,}", left)) - _THE_SAME_IN_BOTH == set()
