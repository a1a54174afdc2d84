"""What the record ought to say of the story, looked up through its public doors only."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from traceapp.rules.calendar import CHINA
from traceapp.simulate import district as d
from traceapp.simulate.desk import Desk
from traceapp.simulate.journey import Lot
from traceapp.simulate.judge import Expected, Point, judge, minutes_above
from traceapp.simulate.story import NIGHT_UNIT, ROAD_UNIT, Injection, Story
from traceapp.simulate.telling import Telling


@dataclass(frozen=True)
class Result:
    """One thing that was checked, and what came where it was wrong."""

    what: str
    is_right: bool
    got: str = ""


class Verdict:
    """Compares an installation with the story that was told to it."""

    def __init__(self, telling: Telling, story: Story, desk: Desk, mailbox: Path) -> None:
        self.telling, self.story, self.desk, self.mailbox = telling, story, desk, mailbox
        self.points: dict[str, list[Point]] = {}
        self.expected: list[Expected] = []
        for series in telling.series:
            points = [(reading.at, reading.celsius) for reading in series.told]
            self.points.setdefault(series.unit.code, points)
            self.expected += judge(series.unit.code, points)
        self.found: list[dict[str, Any]] = []

    def mails_expected(self) -> int:
        """How many e-mails the story ought to send."""
        return sum(len(addressed(episode.level)) for episode in self.expected)

    def results(self) -> Iterator[Result]:
        """Each result, in the order of the story."""
        checks: list[Callable[[], Iterator[Result]]] = [
            self.of_the_line,
            self.of_excursions,
            self.of_mails,
            self.of_a_dose,
            self.of_lots,
            self.of_impacts,
        ]
        for check in checks:
            try:
                yield from check()
            except Exception as failure:  # noqa: BLE001 - a check that cannot be made is a wrong result
                name = check.__name__.replace("_", " ")
                yield Result(f"the check {name}", False, f"{type(failure).__name__}: {failure}")

    def of_the_line(self) -> Iterator[Result]:
        """Everything that was sent is stored."""
        tally = self.telling.publisher.tally
        readings = sum(len(series.told) for series in self.telling.series)
        movements = len(self.story.journey.reports)
        kept = tally.stored + tally.repeated
        is_right = kept >= readings + movements and not tally.refused and not tally.rejections
        yield Result(f"{readings} readings and {movements} movements stored", is_right, str(tally))
        doses = self.telling.doses_told
        yield Result(f"{doses} doses recorded", doses == len(self.story.doses) > 0, str(doses))

    def of_excursions(self) -> Iterator[Result]:
        """The excursions that the simulator's own judge found, and no others."""
        self.found = list(self.desk.every("/api/v1/excursions"))
        left = {_seen(excursion): excursion for excursion in self.found}
        for wanted in self.expected:
            key = _wanted(wanted)
            shown = f"{wanted.unit} {wanted.rule} ({wanted.level}) from {_short(wanted.started_at)}"
            ended = f"until {_short(wanted.ended_at)}" if wanted.ended_at else "still open"
            got = left.pop(key, None)
            yield Result(f"excursion {shown} {ended}", got is not None, f"got {sorted(left)}")
        yield Result("no other excursion", not left, f"got {sorted(left)}")

    def of_mails(self) -> Iterator[Result]:
        """One e-mail for each episode and each contact whom it concerns, and no other."""
        mails = read_mails(self.mailbox)
        total = 0
        for excursion in self.found:
            told = [mail for mail in mails if f"/excursions/{excursion['id']}" in _text(mail)]
            to = sorted(str(mail["To"]) for mail in told)
            wanted = sorted(addressed(excursion["level"]))
            total += len(wanted)
            is_right = len(to) == len(wanted) and all(
                address in line for address, line in zip(wanted, to, strict=False)
            )
            what = f"e-mail {_code(excursion['unit'])} {excursion['rule']} to {', '.join(wanted)}"
            yield Result(what, is_right, f"got {to}")
        yield Result(f"{total} e-mails in all", len(mails) == total, f"got {len(mails)}")

    def of_a_dose(self) -> Iterator[Result]:
        """One dose back to its manufacturer, with its exposure on the way."""
        dose = self.traced_dose()
        trace = self.desk.get(f"/api/v1/doses/{dose.document['id']}/trace")
        source, lot = trace["source"], dose.lot
        wanted = (d.MAKER.name, lot.release, lot.made_on.isoformat(), lot.expires_on.isoformat())
        got = tuple(source[name] for name in ("manufacturer", "release", "made_on", "expires_on"))
        yield Result(f"dose in {dose.unit} made by {d.MAKER.name}", got == wanted, str(got))
        stays = self.story.journey.stays[dose.pack]
        way = [unit for unit, _ in stays]
        path = [_code(stretch["unit"]) for stretch in trace["path"] if stretch["unit"]]
        got_way = [unit for unit in path if unit in way]
        yield Result(f"its way {' → '.join(way)}", path in (way, got_way), str(path))
        minutes = self.minutes_on_the_way(dose)
        exposure = trace["exposure"]
        is_right = abs(exposure["minutes_above"] - minutes) < 1 and minutes > 0
        yield Result(f"its {minutes} minutes above 8 °C", is_right, str(exposure))
        seen = {_code(excursion["unit"]) for excursion in trace["excursions"]}
        yield Result(
            f"its excursions in {ROAD_UNIT} and {NIGHT_UNIT}",
            seen == {ROAD_UNIT, NIGHT_UNIT},
            str(seen),
        )

    def of_lots(self) -> Iterator[Result]:
        """Each lot forwards: the balance sums up and every unit holds what it should."""
        for lot in self.story.journey.lots:
            trace = self.desk.get(f"/api/v1/lots/{lot.product.gtin}/{lot.number}/trace")
            balance = trace["balance"]
            given = sum(dose.lot == lot for dose in self.story.doses)
            is_right = _sums_up(balance) and balance["made"] == lot.doses
            is_right &= balance["administered"] == given == trace["doses_administered"]
            what = f"lot {lot.number}: {lot.doses} made, {given} given, nothing unexplained"
            yield Result(what, is_right, str(balance))
            held = {
                _code(held["unit"]): held["doses"] for held in trace["holdings"] if held["doses"]
            }
            wanted = self.story.journey.on_hand(lot)
            yield Result(
                f"lot {lot.number} stands in {len(wanted)} units", held == wanted, str(held)
            )

    def of_impacts(self) -> Iterator[Result]:
        """The blast radius of the night without power and of the warm road."""
        for unit in (NIGHT_UNIT, ROAD_UNIT):
            excursion = next(
                found
                for found in self.found
                if _code(found["unit"]) == unit and found["level"] == "alarm"
            )
            impact = self.desk.get(f"/api/v1/excursions/{excursion['id']}/impact")
            lots = {touched["lot"]["number"] for touched in impact["lots"]}
            wanted_lots, wanted_doses = self.touched(unit)
            names = {lot.number for lot in wanted_lots}
            yield Result(
                f"{unit} touched lots {', '.join(sorted(names))}", lots == names, str(lots)
            )
            doses = {dose["id"] for dose in impact["doses"]}
            yield Result(
                f"{unit} touched {len(wanted_doses)} doses given afterwards",
                doses == wanted_doses and impact["recipients"] == len(doses),
                f"{len(doses)} doses, {impact['recipients']} recipients",
            )

    def traced_dose(self) -> Injection:
        """A dose that came over the warm road and lay in the refrigerator of the night."""
        return next(
            dose
            for dose in self.story.doses
            if dose.unit == NIGHT_UNIT and self._was_in(dose.pack, ROAD_UNIT, ROAD_UNIT)
        )

    def minutes_on_the_way(self, dose: Injection) -> int:
        """Minutes above 8 °C over all stretches of the way of a dose, counted one by one."""
        stays = self.story.journey.stays[dose.pack]
        ends = [since for _, since in stays[1:]] + [dose.at]
        return sum(
            minutes_above(self.points[unit], since, until, 8)
            for (unit, since), until in zip(stays, ends, strict=True)
        )

    def touched(self, unit: str) -> tuple[list[Lot], set[str]]:
        """The lots that stood in a unit while its alarm ran, and the doses given of them later."""
        alarm = next(e for e in self.expected if e.unit == unit and e.level == "alarm")
        ended = alarm.ended_at or self.story.end
        doses = {
            str(dose.document["id"])
            for dose in self.story.doses
            if dose.at > alarm.started_at and self._stood(dose.pack, unit, alarm.started_at, ended)
        }
        lots = [
            lot
            for lot in self.story.journey.lots
            if any(self._stood(pack, unit, alarm.started_at, ended) for pack in self._packs_of(lot))
        ]
        return lots, doses

    def _packs_of(self, lot: Lot) -> list[str]:
        commissioned = next(
            report.document
            for report in self.story.journey.reports
            if report.document["step"] == "commissioning" and report.document["lot"] == lot.key
        )
        packs = commissioned["packs"]
        assert isinstance(packs, list)
        return packs

    def _stood(self, pack: str, unit: str, since: datetime, until: datetime) -> bool:
        stays = self.story.journey.stays[pack]
        ends = [came for _, came in stays[1:]]
        for (where, came), left in zip(stays, [*ends, None], strict=True):
            if where == unit and came < until and (left is None or left > since):
                return True
        return False

    def _was_in(self, pack: str, unit: str, warm_unit: str) -> bool:
        alarm = next(e for e in self.expected if e.unit == warm_unit and e.level == "alarm")
        return self._stood(pack, unit, alarm.started_at, alarm.ended_at or self.story.end)


def addressed(level: str) -> list[str]:
    """Whom an episode in Pingxiang concerns: an alarm both contacts, a notice one."""
    return [d.COUNTY_DUTY, d.CITY_OFFICE] if level == "alarm" else [d.CITY_OFFICE]


def read_mails(folder: Path) -> list[EmailMessage]:
    """The e-mails that the catcher has stored."""
    found = []
    for file in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


def _sums_up(balance: dict[str, int]) -> bool:
    """Made is what is on hand, on the road, given, or gone for a named reason."""
    parts = ("on_hand", "in_transit", "administered", "wasted", "destroyed", "sampled")
    total = sum(balance[part] for part in parts)
    return balance["made"] == total and not balance["unexplained"] and not balance["adjusted"]


def _code(value: Any) -> str:
    return str(value["code"] if isinstance(value, dict) else value)


def _seen(excursion: dict[str, Any]) -> tuple[str, ...]:
    moments = (excursion["started_at"], excursion["triggered_at"], excursion["ended_at"])
    shown = [
        "-" if moment is None else _short(datetime.fromisoformat(moment)) for moment in moments
    ]
    peak = f"{excursion['peak_celsius']:.1f}"
    return (_code(excursion["unit"]), excursion["rule"], excursion["level"], *shown, peak)


def _wanted(expected: Expected) -> tuple[str, ...]:
    moments = (expected.started_at, expected.triggered_at, expected.ended_at)
    shown = ["-" if moment is None else _short(moment) for moment in moments]
    return (expected.unit, expected.rule, expected.level, *shown, f"{expected.peak_celsius:.1f}")


def _short(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%m-%d %H:%M:%S}"
