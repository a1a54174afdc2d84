"""Postings as the rules see them: those of movements, which are few however many doses there are.

What doses took out of a place is counted or fetched apart, for the sites that are asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting as PostingRow
from traceapp.rows import among, pairs
from traceapp.rules.ledger import Account, Fact, Posting

_COLUMNS = (
    PostingRow.lot_id,
    PostingRow.at,
    PostingRow.step,
    PostingRow.doses,
    PostingRow.credit,
    PostingRow.credit_unit_id,
    PostingRow.credit_shipment_id,
    PostingRow.debit,
    PostingRow.debit_unit_id,
    PostingRow.debit_shipment_id,
)
#: What `as_postings` reads.
COLUMNS_OF_MOVEMENT = (
    *_COLUMNS,
    Movement.id,
    Movement.code,
    Movement.site_id,
    Movement.carrier_id,
)


class GivenDose(NamedTuple):
    """A dose that was given from a unit, as far as it can be told apart from others."""

    id: int
    code: str
    at: datetime
    site_id: int
    unit_id: int | None
    pack_key: str | None
    recipient_id: int | None
    recorded_at: datetime


def postings_of_movements(session: Session, lot_ids: Collection[int]) -> dict[int, list[Posting]]:
    """The postings that follow from movements of these lots, in the order of their facts."""
    rows = session.execute(
        select(*COLUMNS_OF_MOVEMENT)
        .join(Movement, Movement.id == PostingRow.movement_id)
        .where(among(session, Movement.lot_id, lot_ids))
        .order_by(PostingRow.id)
    )
    postings: dict[int, list[Posting]] = {lot_id: [] for lot_id in lot_ids}
    for lot_id, posting in as_postings(rows):
        postings[lot_id].append(posting)
    for own in postings.values():
        own.sort(key=_place_in_time)
    return postings


def as_postings(rows: Iterable[Any]) -> Iterator[tuple[int, Posting]]:
    """Each posting with its lot; those of one movement share its fact."""
    facts: dict[int, Fact] = {}
    for row in rows:
        lot_id, at, step, doses, *accounts, key, code, site_id, carrier = row
        fact = facts.get(key)
        if fact is None:
            fact = facts[key] = Fact(key, code, at, step, doses, site_id, carrier=carrier)
        yield lot_id, Posting(at, doses, Account(*accounts[:3]), Account(*accounts[3:]), fact)


def _place_in_time(posting: Posting) -> tuple[datetime, int, str]:
    return posting.fact.place_in_time


def postings_at_site(session: Session, lot_id: int, site_id: int) -> list[Posting]:
    """Everything that follows from what a site reported of a lot, doses too, in order."""
    rows = session.execute(
        select(*_COLUMNS, PostingRow.movement_id, PostingRow.dose_id, Movement.code, Dose.code)
        .outerjoin(Movement, Movement.id == PostingRow.movement_id)
        .outerjoin(Dose, Dose.id == PostingRow.dose_id)
        .where(PostingRow.lot_id == lot_id, PostingRow.site_id == site_id)
        .order_by(PostingRow.id)
    )
    postings = []
    for row in rows:
        _, at, step, doses, *accounts, movement_id, dose_id, moved, given = row
        fact = Fact(dose_id or movement_id or 0, moved or given, at, step, doses, site_id)
        postings.append(Posting(at, doses, Account(*accounts[:3]), Account(*accounts[3:]), fact))
    return sorted(postings, key=lambda posting: posting.fact.place_in_time)


def doses_given_after(
    session: Session, places: Collection[tuple[int, int]], after: datetime
) -> Iterable[Row[Any]]:
    """The doses of these lots at these sites after a moment, each with the unit it came from.

    A row is (lot, unit, and the fields of GivenDose); the unit is None where no stock was.
    """
    asked = pairs(session, PostingRow.lot_id, PostingRow.site_id, places)
    is_asked = and_(asked.c.first == PostingRow.lot_id, asked.c.second == PostingRow.site_id)
    return session.execute(
        select(
            PostingRow.lot_id,
            PostingRow.credit_unit_id,
            Dose.id,
            Dose.code,
            Dose.at,
            Dose.site_id,
            Dose.unit_id,
            Dose.pack_key,
            Dose.recipient_id,
            Dose.recorded_at,
        )
        .join(asked, is_asked)
        .join(Dose, Dose.id == PostingRow.dose_id)
        .where(PostingRow.at > after)
    )
