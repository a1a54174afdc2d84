"""The record and the simulator's brute-force judge, written apart, agree on the whole story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import pytest
from sqlalchemy import func, select

from schemas.reading import ReadingSchema
from schemas.registry import KINDS
from tests.integration.noticing import notice_silence
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.registry import register
from traceapp.db import Database, open_database
from traceapp.models.excursion import Excursion
from traceapp.models.outbox import Outbox
from traceapp.models.unit import Unit
from traceapp.simulate.judge import judge
from traceapp.simulate.story import Story
from traceapp.simulate.verdict import addressed

END = datetime(2026, 11, 20, 4, 42, tzinfo=UTC)
COMPARED = ("rule", "level", "started_at", "triggered_at", "ended_at", "peak_celsius")
NOW = END + timedelta(minutes=2)


@pytest.fixture(scope="module")
def story() -> Story:
    return Story(7, END)


@pytest.fixture
def database(database_url: str, story: Story) -> Iterator[Database]:
    opened = open_database(database_url)
    with opened.begin() as session:
        for document in story.registry:
            content = {key: value for key, value in document.items() if key != "kind"}
            kind = str(document["kind"])
            register(session, kind, KINDS[kind]().load(content), NOW)
    yield opened
    opened.close()


def test_the_record_finds_the_excursions_of_the_story_and_owes_their_mails(
    database: Database, story: Story
) -> None:
    expected: set[tuple[Any, ...]] = set()
    mails = 0
    for unit, sensor in story.sensors():
        readings = list(takewhile(lambda r: r.at <= END, story.readings(unit, sensor)))
        for found in judge(unit.code, [(reading.at, reading.celsius) for reading in readings]):
            expected.add((found.unit, *(getattr(found, name) for name in COMPARED)))
            mails += len(addressed(found.level))
        documents = [ReadingSchema().load(reading.document()) for reading in readings]
        for part in (documents[1000:], documents[:1000]):
            with database.begin() as session:
                record_readings(session, [ReadingMessage(sensor, part)], NOW)
                notice_silence(session, NOW)
    with database.read() as session:
        rows = session.execute(select(Excursion, Unit.code).join(Unit)).all()
        owed = session.scalar(select(func.count()).select_from(Outbox))
    assert {(code, *(getattr(row, name) for name in COMPARED)) for row, code in rows} == expected
    assert len(rows) == len(expected) == 6
    assert owed == mails
