"""The pages about the registry, tracing, judging and words know what the code knows."""

from __future__ import annotations

import json
import re

import pytest
from babel.messages.pofile import read_po

from schemas.registry import KINDS
from tests.architecture.sources import ROOT
from traceapp.rules.profile import PROFILES
from traceapp.trace.finding import _TEXTS, STOPPING
from traceapp.web.labels import LABELS

_REGISTRY = (ROOT / "docs" / "registry.md").read_text("utf-8")
_TRACING = (ROOT / "docs" / "tracing.md").read_text("utf-8")
_JUDGING = (ROOT / "docs" / "judging.md").read_text("utf-8")
_GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
_CHINESE = ROOT / "traceapp" / "web" / "translations" / "zh.po"
_NOT_GIVEN_YET = {"open_too_long"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_about_the_registry_names_every_field_of_a_kind(kind: str) -> None:
    section = _REGISTRY.split(f"\n## {kind}\n")[1].split("\n## ")[0]
    example = json.loads(section.split("```json\n")[1].split("```")[0])
    assert example.pop("kind") == kind
    assert KINDS[kind]().load(example)
    prose = section.split("```")[2]
    fields = KINDS[kind]().fields.items()
    assert [name for name, _ in fields if f"`{name}`" not in prose] == []
    required = {name for name, field in fields if field.required}
    assert set(re.findall(r"\*\*`(\w+)`\*\*", prose)) == required


def test_the_page_about_tracing_explains_every_finding_and_which_ones_stop() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| [a-z, ]+ \| (yes|no) \|", _TRACING, re.MULTILINE)
    said = {code: stops == "yes" for codes, stops in rows for code in re.findall(r"`(\w+)`", codes)}
    assert said == {code: code in STOPPING for code in set(_TEXTS) - _NOT_GIVEN_YET}
    assert all(f"`{code}`" in _TRACING for code in _NOT_GIVEN_YET)


def test_the_page_about_judging_has_every_profile_with_its_rules() -> None:
    table = _JUDGING.split("| profile | rule |")[1].split("\n\n")[0]
    said: dict[str, set[str]] = {}
    for line in table.splitlines()[2:]:
        first, rules = line.split("|")[1:3]
        name = (re.findall(r"`([\w-]+)`", first) or [list(said)[-1]])[0]
        if "every profile" in first:
            name = "every profile"
        said.setdefault(name, set()).update(re.findall(r"`(\w+)`", rules))
    everywhere = said.pop("every profile")
    for name, profile in PROFILES.items():
        assert said.pop(name) | everywhere == {rule.code for rule in profile.rules}
    assert said == {}


def test_the_glossary_has_the_chinese_word_that_the_pages_use() -> None:
    with _CHINESE.open("rb") as file:
        shown = {str(m.id).lower(): str(m.string) for m in read_po(file) if isinstance(m.id, str)}
    rows = re.findall(r"^\| ([\w ,-]+) \| ([^|]+) \|", _GLOSSARY, re.MULTILINE)
    said = {word: chinese for words, chinese in rows for word in words.split(", ")}
    otherwise = {
        word: (chinese, shown[word.lower()])
        for word, chinese in said.items()
        if word.lower() in shown and shown[word.lower()] not in chinese
    }
    assert otherwise == {}
    assert len(said.keys() & shown.keys()) > 10


def test_every_rule_and_every_side_has_a_name_on_the_pages() -> None:
    rules = [rule for profile in PROFILES.values() for rule in profile.rules]
    assert {rule.code for rule in rules} - LABELS["rule"].keys() == set()
    assert {rule.side for rule in rules} - LABELS["side"].keys() == set()
