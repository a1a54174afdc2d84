"""What is wrong with doses that were given, as the record stands now; many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql
from traceapp.models.dose import Dose
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.site import Site
from traceapp.rows import among, among_later, spell_list
from traceapp.rules.calendar import CHINA
from traceapp.trace.correction import findings_of_corrections
from traceapp.trace.dose import DoseRecord, load_doses
from traceapp.trace.dose_way import DoseWays
from traceapp.trace.exposure import Climate
from traceapp.trace.finding import finding, finding_of_dose
from traceapp.trace.history import Stretch
from traceapp.trace.hold import Holds
from traceapp.trace.label import findings_of_code
from traceapp.trace.lot_finding import findings_of_exposure, findings_of_lot
from traceapp.trace.scope import Scope


class _Other(NamedTuple):
    """Another dose of a person, in force."""

    id: int
    at: datetime
    dose_number: int | None
    lot_id: int
    gtin: str
    site: str


def findings_of_doses(session: Session, dose_ids: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """The findings told to who reports doses, by public ids, in the order of their moments.

    Read after the commit: of two who used a pack up at once, the one who reads last sees both.
    """
    records, climate = list(load_doses(session, dose_ids)), Climate(session)
    ways = DoseWays(session, records, is_told=True)
    stretches = ways.look(climate, records)
    found = DoseFindings(session, records, ways, climate)
    return {one.dose.code: found.of(one, stretches[one.dose.id]) for one in records}


class DoseFindings:
    """The findings of doses; what there is to look up is looked up for all of them at once."""

    def __init__(
        self, session: Session, records: Sequence[DoseRecord], ways: DoseWays, climate: Climate
    ) -> None:
        self._session, self._ways, self._climate = session, ways, climate
        self._holds = Holds(session)
        self._kept = self._of_ledger([one.dose.id for one in records if one.has_finding])
        # Only an earlier dose of the product says anything: see _findings_of_person.
        people = {one.dose.recipient_id for one in records if one.has_earlier}
        self._others = self._of_people([one for one in people if one is not None])

    def of(self, record: DoseRecord, stretches: Sequence[Stretch]) -> list[dict[str, Any]]:
        """What is wrong with a dose that had been in these stretches."""
        dose, lot = record.dose, record.lot
        found: list[dict[str, Any]] = []
        if record.was_corrected:
            said = findings_of_corrections(self._session, "dose", [dose.code])
            found += [one for _, one in said]
        if lot is None:
            found += [finding("lot_unknown"), *findings_of_code(dose.pack_code, None, dose.at)]
            return [*found, *_findings_of_report(dose)]
        found += findings_of_lot(lot, record.is_made, dose.at)
        if record.was_held:
            held = self._holds.codes(lot.id, Scope(site=record.site.code), dose.at)
            found += [finding_of_dose(code) for code in held]
        use = self._ways.uses.get(dose.id)
        found += self._ways.packs.findings(use) if use else []
        found += findings_of_code(dose.pack_code, lot, dose.at)
        found += [finding_of_dose(one.code, **one.detail) for one in self._kept.get(dose.id, ())]
        if record.is_pack_elsewhere:
            found.append(finding("pack_in_two_places"))
        found += self._findings_of_person(dose, lot)
        found += _findings_of_report(dose)
        return found + findings_of_exposure(stretches, self._climate, record.limits)

    def _of_ledger(self, dose_ids: Sequence[int]) -> dict[int, list[Finding]]:
        kept: dict[int, list[Finding]] = {}
        if dose_ids:
            wanted = select(Finding).where(among(self._session, Finding.dose_id, dose_ids))
            for one in self._session.scalars(wanted.order_by(Finding.id)):
                kept.setdefault(one.dose_id or 0, []).append(one)
        return kept

    def _of_people(self, recipient_ids: Sequence[int]) -> dict[int, list[_Other]]:
        others: dict[int, list[_Other]] = {}
        if recipient_ids:
            asked = spell_list(self._session, "people", recipient_ids)
            rows: Any = self._session.execute(_others_of(is_postgresql(self._session)), asked)
            for recipient_id, *other in rows:
                others.setdefault(recipient_id, []).append(_Other(*other))
        return others

    def _findings_of_person(self, dose: Dose, lot: Lot) -> list[dict[str, Any]]:
        if dose.recipient_id is None:
            return []
        number, day = dose.dose_number, dose.at.astimezone(CHINA).date()
        earlier = [
            one
            for one in self._others.get(dose.recipient_id, ())
            if one.id != dose.id and one.at <= dose.at and one.gtin == lot.gtin
        ]
        same = [one for one in earlier if number is not None and one.dose_number == number]
        if same and all(self._is_replaced(dose, one) for one in same):
            return []  # What a recall took away is given again, whatever came after it.
        found = [finding("dose_repeated")] if same else []
        if any(number and (one.dose_number or 0) > number for one in earlier):
            found.append(finding("wrong_order"))
        if not same and any(one.at.astimezone(CHINA).date() == day for one in earlier):
            found.append(finding("dose_same_day"))
        return found

    def _is_replaced(self, dose: Dose, other: _Other) -> bool:
        """Whether a dose replaces one of another lot that was under recall where that was given."""
        if other.lot_id == dose.lot_id:
            return False
        return "lot_recalled" in self._holds.codes(other.lot_id, Scope(site=other.site), dose.at)


@lru_cache
def _others_of(is_on_postgresql: bool) -> Select[*tuple[Any, ...]]:
    """Made once: to make a statement anew each time costs more than the database takes for it."""
    columns = Dose.recipient_id, Dose.id, Dose.at, Dose.dose_number, Dose.lot_id
    return (
        select(*columns, Lot.gtin, Site.code)
        .join(Lot, Lot.id == Dose.lot_id)
        .join(Site, Site.id == Dose.site_id)
        .where(among_later(is_on_postgresql, Dose.recipient_id, "people"), Dose.is_in_force)
    )


def _findings_of_report(dose: Dose) -> list[dict[str, Any]]:
    """What was doubtful in what was said of the person; only then was it there to be read."""
    return [finding(code) for code in (dose.person_findings or "").split()]
