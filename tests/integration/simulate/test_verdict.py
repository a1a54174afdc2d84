"""The verdict says ✓ to an installation that is right and ✗ to each that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from traceapp.simulate import district as d
from traceapp.simulate.desk import Desk
from traceapp.simulate.publisher import Publisher
from traceapp.simulate.recorder import Reading
from traceapp.simulate.story import NIGHT_UNIT, ROAD_UNIT, Story
from traceapp.simulate.telling import Telling
from traceapp.simulate.verdict import Result, Verdict, addressed

END = datetime(2026, 11, 20, 4, 42, tzinfo=UTC)


class Record(Desk):
    """An installation that knows the story by heart; `spoil` may change what it answers."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1")
        self.excursions: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {}

    def get(self, path: str, **query: object) -> Any:
        """The prepared answer."""
        assert not query
        return self.answers[path]

    def every(self, path: str, **query: object) -> Iterator[Any]:
        """Every excursion."""
        assert path == "/api/v1/excursions"
        assert not query
        return iter(self.excursions)


@cache
def _story() -> tuple[Story, list[list[Reading]]]:
    story = Story(5, END)
    series = [story.readings(unit, sensor) for unit, sensor in story.sensors()]
    return story, [list(takewhile(lambda r: r.at <= END, readings)) for readings in series]


def _installation(folder: Path) -> tuple[Verdict, Record]:
    story, readings = _story()
    telling = Telling(story, Publisher("mqtt://127.0.0.1:1"), None)
    for series, told in zip(telling.series, readings, strict=True):
        series.told = told
    record = Record()
    verdict = Verdict(telling, story, record, folder)
    tally = telling.publisher.tally
    tally.stored = sum(len(series.told) for series in telling.series) + len(story.journey.reports)
    telling.doses_told = len(story.doses)
    _know_excursions(verdict, record, folder)
    _know_the_dose(verdict, record)
    _know_lots(story, record)
    _know_impacts(verdict, record)
    return verdict, record


def _know_excursions(verdict: Verdict, record: Record, folder: Path) -> None:
    for number, episode in enumerate(verdict.expected):
        document = {
            "id": str(number),
            "unit": episode.unit,
            "rule": episode.rule,
            "level": episode.level,
            "started_at": episode.started_at.isoformat(),
            "triggered_at": episode.triggered_at.isoformat(),
            "ended_at": episode.ended_at and episode.ended_at.isoformat(),
            "peak_celsius": episode.peak_celsius,
        }
        record.excursions.append(document)
        for address in addressed(episode.level):
            mail = EmailMessage()
            mail["To"] = address
            mail.set_content(f"http://127.0.0.1/excursions/{number}\n")
            (folder / f"{number}-{address}.eml").write_bytes(bytes(mail))


def _know_the_dose(verdict: Verdict, record: Record) -> None:
    dose = verdict.traced_dose()
    record.answers[f"/api/v1/doses/{dose.document['id']}/trace"] = {
        "source": {
            "manufacturer": d.MAKER.name,
            "release": dose.lot.release,
            "made_on": dose.lot.made_on.isoformat(),
            "expires_on": dose.lot.expires_on.isoformat(),
        },
        "path": [{"unit": unit} for unit, _ in verdict.story.journey.stays[dose.pack]],
        "exposure": {"minutes_above": verdict.minutes_on_the_way(dose)},
        "excursions": [e for e in record.excursions if e["unit"] in (ROAD_UNIT, NIGHT_UNIT)],
    }


def _know_lots(story: Story, record: Record) -> None:
    for lot in story.journey.lots:
        given = sum(dose.lot == lot for dose in story.doses)
        held = story.journey.on_hand(lot)
        balance = dict.fromkeys(("in_transit", "destroyed", "adjusted", "unexplained"), 0)
        gone = lot.doses - sum(held.values()) - given
        balance |= {"made": lot.doses, "on_hand": sum(held.values()), "administered": given}
        balance |= {"wasted": 1 if gone else 0, "sampled": gone - 1 if gone else 0}
        record.answers[f"/api/v1/lots/{lot.product.gtin}/{lot.number}/trace"] = {
            "balance": balance,
            "holdings": [{"unit": unit, "doses": doses} for unit, doses in held.items()],
            "doses_administered": given,
        }


def _know_impacts(verdict: Verdict, record: Record) -> None:
    for excursion in record.excursions:
        if excursion["level"] != "alarm":
            continue
        lots, doses = verdict.touched(excursion["unit"])
        record.answers[f"/api/v1/excursions/{excursion['id']}/impact"] = {
            "lots": [{"lot": lot.key} for lot in lots],
            "doses": [{"id": dose} for dose in doses],
            "recipients": len(doses),
        }


def _lose_an_excursion(record: Record) -> None:
    record.excursions.pop()


def _shift_an_excursion(record: Record) -> None:
    record.excursions[0]["triggered_at"] = END.isoformat()


def _lose_a_dose(record: Record) -> None:
    for path, answer in record.answers.items():
        if path.endswith("/impact"):
            answer["doses"].pop()


def _lose_minutes(record: Record) -> None:
    for path, answer in record.answers.items():
        if "/doses/" in path:
            answer["exposure"]["minutes_above"] -= 10


def _lose_stock(record: Record) -> None:
    for path, answer in record.answers.items():
        if "/lots/" in path:
            answer["balance"]["on_hand"] -= 1


def _refuse(record: Record) -> None:
    record.answers.clear()


def _wrong(results: Iterator[Result]) -> list[str]:
    return [result.what for result in results if not result.is_right]


def test_a_right_installation_is_right_in_everything(tmp_path: Path) -> None:
    verdict, _ = _installation(tmp_path)
    assert verdict.mails_expected() == 9
    results = list(verdict.results())
    assert not _wrong(iter(results))
    assert len(results) > 20


@pytest.mark.parametrize(
    "spoil",
    [
        _lose_an_excursion,
        _shift_an_excursion,
        _lose_a_dose,
        _lose_minutes,
        _lose_stock,
        _refuse,
    ],
)
def test_each_wrong_answer_is_found(tmp_path: Path, spoil: Callable[[Record], None]) -> None:
    verdict, record = _installation(tmp_path)
    spoil(record)
    assert _wrong(verdict.results())


def test_an_email_too_many_is_found(tmp_path: Path) -> None:
    verdict, _ = _installation(tmp_path)
    (tmp_path / "more.eml").write_bytes(b"To: somebody@else.example\n\nhello\n")
    assert _wrong(verdict.results()) == ["9 e-mails in all"]
