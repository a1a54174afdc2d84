"""The pages of docs/ name what is there: tables, metrics, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from ingest.metrics import REGISTRY
from tests.architecture.sources import ROOT
from traceapp.api.metrics import MEANINGS
from traceapp.db import open_database
from traceapp.models.all import metadata
from traceapp.schema import upgrade_database

_DATA_MODEL = (ROOT / "docs" / "data-model.md").read_text("utf-8")
_OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
_ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
_PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_page_about_data_has_one_row_for_every_table() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", _DATA_MODEL, re.MULTILINE)
    assert sorted(rows) == sorted(metadata.tables)


def test_the_page_about_data_draws_every_foreign_key() -> None:
    drawn = set(re.findall(r"^  ([a-z_]+) \|\|--o\{ ([a-z_]+) :", _DATA_MODEL, re.MULTILINE))
    there = {
        (key.column.table.name, table.name)
        for table in metadata.tables.values()
        for key in table.foreign_keys
    }
    assert drawn == there


def test_every_query_of_the_page_about_data_runs(empty_database_url: str) -> None:
    upgrade_database(empty_database_url)
    database = open_database(empty_database_url)
    queries = re.findall(r"^```sql\n(.*?)^```", _DATA_MODEL, re.MULTILINE | re.DOTALL)
    assert len(queries) == 3
    with database.read() as session:
        for query in queries:
            assert session.execute(text(query)).all() == []
    database.close()


def test_the_page_about_running_it_explains_every_metric() -> None:
    known = {metric.name for metric in REGISTRY.collect()} | set(MEANINGS)
    section = _OPERATIONS.split("| metric | meaning |")[1].split("\n\n")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)} == known


def test_every_file_that_the_architecture_names_is_there() -> None:
    table = _ARCHITECTURE.split("## Where do I look for")[1]
    named = [name for name in re.findall(r"`([\w/.-]+)`", table) if "NOUN" not in name]
    missing = [
        name
        for name in named
        if not (ROOT / name).exists() and not (ROOT / "traceapp" / name).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    content = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [
        target.split("#")[0]
        for target in re.findall(r"\]\(([^)\s]+)\)", content)
        if "://" not in target and not target.startswith("#")
    ]
    targets += re.findall(r"`(docs/[\w/.-]+\.md)`", content)
    here = [(page.parent / target).exists() or (ROOT / target).exists() for target in targets]
    assert [target for target, is_there in zip(targets, here, strict=True) if not is_there] == []
