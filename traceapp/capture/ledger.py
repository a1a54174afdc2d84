"""Keeping a lot's ledger: postings, stays and findings equal to what its facts say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, select, union_all
from sqlalchemy import insert as plain_insert
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose
from traceapp.models.finding import Finding as FindingRow
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting as PostingRow
from traceapp.models.stay import Stay as StayRow
from traceapp.models.unit import Unit
from traceapp.rules.ledger import Account, Fact, Finding, Ledger, Posting, Stay, keep_ledger

Derived = type[PostingRow] | type[StayRow] | type[FindingRow]


def book(session: Session, lot_id: int) -> None:
    """Fold all facts of a lot again and write what came out differently."""
    lock_lot(session, lot_id)
    ledger = keep_ledger(load_facts(session, lot_id))
    _sync(session, PostingRow, lot_id, [_posting_row(lot_id, one) for one in ledger.postings])
    _sync(session, StayRow, lot_id, [_stay_row(lot_id, one) for one in ledger.stays])
    _sync(session, FindingRow, lot_id, [_finding_row(lot_id, one) for one in ledger.findings])


def book_dose(session: Session, dose: Dose) -> None:
    """Book one dose: on top of the ledger where it is the newest fact, else all again."""
    if dose.lot_id is None:
        return
    lock_lot(session, dose.lot_id)
    if not _is_newest(session, dose):
        book(session, dose.lot_id)
        return
    units = _units_of_site(session, dose.site_id)
    ledger = Ledger(held=_held(session, dose.lot_id, units))
    lying = session.scalars(
        select(StayRow).where(
            StayRow.lot_id == dose.lot_id,
            StayRow.unit_id.in_(units),
            StayRow.until_at.is_(None),
            StayRow.shipment_id.is_(None),
        )
    ).all()
    ledger.lying = {row.unit_id: Stay(row.unit_id, row.from_at) for row in lying}
    ledger.apply(dose_fact(dose, units))
    for posting in ledger.postings:
        session.execute(plain_insert(PostingRow).values(_posting_row(dose.lot_id, posting)))
    for finding in ledger.findings:
        session.execute(plain_insert(FindingRow).values(_finding_row(dose.lot_id, finding)))
    for row in lying:
        if row.unit_id not in ledger.lying:
            row.until_at = dose.at
    session.flush()


def lock_lot(session: Session, lot_id: int) -> None:
    """Hold a lot until the transaction ends: whoever books it next sees what we booked.

    Not FOR UPDATE: that waits for everybody who merely refers to the lot, and they for us.
    """
    session.execute(select(Lot.id).where(Lot.id == lot_id).with_for_update(key_share=True))


def load_facts(session: Session, lot_id: int) -> list[Fact]:
    """Everything that was reported of a lot, movements and doses."""
    site_of = dict(session.execute(select(Unit.id, Unit.site_id)).all())
    facts = [
        movement_fact(row, site_of)
        for row in session.scalars(select(Movement).where(Movement.lot_id == lot_id))
    ]
    units: dict[int, tuple[int, ...]] = {}
    for unit_id, site_id in sorted(site_of.items()):
        units[site_id] = (*units.get(site_id, ()), unit_id)
    doses = session.scalars(select(Dose).where(Dose.lot_id == lot_id))
    return facts + [dose_fact(row, units.get(row.site_id, ())) for row in doses]


def movement_fact(row: Movement, site_of: dict[int, int]) -> Fact:
    """A movement as the ledger sees it: the sites of its units are filled in."""
    source_site, target_site = row.from_site_id, row.to_site_id
    if row.from_unit_id is not None:
        source_site = site_of[row.from_unit_id]
    if row.to_unit_id is not None:
        target_site = site_of[row.to_unit_id]
    return Fact(
        key=row.id,
        code=row.code,
        at=row.at,
        step=row.step,
        doses=row.doses,
        source_unit=row.from_unit_id,
        target_unit=row.to_unit_id,
        source_site=source_site,
        target_site=target_site,
        carrier=row.carrier_id,
        document=row.document,
    )


def dose_fact(row: Dose, units: tuple[int, ...]) -> Fact:
    """A dose as the ledger sees it; `units` are those of its site."""
    return Fact(row.id, row.code, row.at, "dose", 1, source_unit=row.unit_id, units=units)


def _is_newest(session: Session, dose: Dose) -> bool:
    moments = union_all(
        select(func.max(Movement.at).label("at")).where(Movement.lot_id == dose.lot_id),
        select(func.max(Dose.at)).where(Dose.lot_id == dose.lot_id, Dose.id != dose.id),
    ).subquery()
    newest = session.scalar(select(func.max(moments.c.at)))
    return newest is None or newest < dose.at


def _units_of_site(session: Session, site_id: int) -> tuple[int, ...]:
    wanted = select(Unit.id).where(Unit.site_id == site_id).order_by(Unit.id)
    return tuple(session.scalars(wanted))


def _held(session: Session, lot_id: int, units: Iterable[int]) -> dict[int, int]:
    held: dict[int, int] = {}
    for column, sign in ((PostingRow.debit_unit_id, 1), (PostingRow.credit_unit_id, -1)):
        sums = session.execute(
            select(column, func.sum(PostingRow.doses))
            .where(PostingRow.lot_id == lot_id, column.in_(list(units)))
            .group_by(column)
        )
        for unit_id, doses in sums:
            if unit_id is None:
                continue
            held[unit_id] = held.get(unit_id, 0) + sign * int(doses)
    return held


def _sync(session: Session, model: Derived, lot_id: int, rows: list[dict[str, Any]]) -> None:
    """Make a derived table say `rows` of a lot, touching only what differs."""
    names = [name for name in rows[0] if name != "lot_id"] if rows else []
    wanted = Counter(repr([row[name] for name in names]) for row in rows)
    gone: list[int] = []
    stored: Sequence[Any] = session.scalars(select(model).where(model.lot_id == lot_id)).all()
    for held in stored:
        spelled = repr([getattr(held, name) for name in names])
        if wanted[spelled] > 0:
            wanted[spelled] -= 1
        else:
            gone.append(held.id)
    if gone:
        session.execute(delete(model).where(model.__table__.c.id.in_(gone)))
    fresh = []
    for row in rows:
        spelled = repr([row[name] for name in names])
        if wanted[spelled] > 0:
            wanted[spelled] -= 1
            fresh.append(row)
    if fresh:
        session.execute(plain_insert(model), fresh)


def _posting_row(lot_id: int, posting: Posting) -> dict[str, Any]:
    return {
        "lot_id": lot_id,
        "at": posting.at,
        "doses": posting.doses,
        **_account("credit", posting.credit),
        **_account("debit", posting.debit),
        **_reason(posting.fact),
    }


def _account(side: str, account: Account) -> dict[str, Any]:
    return {
        side: account.kind,
        f"{side}_unit_id": account.unit,
        f"{side}_shipment_id": account.shipment,
    }


def _reason(fact: Fact) -> dict[str, int | None]:
    return {
        "movement_id": None if fact.is_dose else fact.key,
        "dose_id": fact.key if fact.is_dose else None,
    }


def _stay_row(lot_id: int, stay: Stay) -> dict[str, Any]:
    return {
        "lot_id": lot_id,
        "unit_id": stay.unit,
        "shipment_id": stay.shipment,
        "from_at": stay.from_at,
        "until_at": stay.until_at,
    }


def _finding_row(lot_id: int, finding: Finding) -> dict[str, Any]:
    site = finding.fact.target_site if finding.fact.step == "receiving" else None
    return {
        "code": finding.code,
        "lot_id": lot_id,
        "site_id": site or finding.fact.source_site,
        "detail": finding.detail,
        **_reason(finding.fact),
    }
