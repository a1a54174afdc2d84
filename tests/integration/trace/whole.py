"""The same answers from all postings of a lot, as simply as can be, to compare with."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose
from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting as PostingRow
from traceapp.rules.impact import Touched, follow
from traceapp.rules.ledger import Account, Fact, PlaceInTime, Posting, balance
from traceapp.trace.history import History, arrivals_since_empty
from traceapp.trace.posting import postings_of_movements
from traceapp.trace.upstream import Upstream


class WholeHistory(History):
    """The way of a lot, walked over every posting that there is."""

    def __init__(self, session: Session, lot_id: int) -> None:
        moved = postings_of_movements(session, [lot_id])[lot_id]
        super().__init__(session, lot_id, Upstream(moved))
        self._all = load_postings(session, lot_id)

    def _arrivals_in_unit(self, place: Account, order: PlaceInTime) -> list[Posting]:
        arrivals = arrivals_since_empty(self._all, place, order)
        # The same postings as the fast way names them: their facts know the carrier, too.
        own = {(one.fact.code, one.credit): one for one in self._into.get(place, ())}
        return [own[one.fact.code, one.credit] for one in arrivals]


def whole_balance(session: Session, lot: Lot) -> dict[str, int]:
    postings = load_postings(session, lot.id)
    accounts = balance(postings)

    def held(kind: str) -> int:
        return sum(doses for account, doses in accounts.items() if account.kind == kind)

    names = ("administered", "wasted", "destroyed", "sampled", "adjusted", "unexplained")
    return {
        "made": -held("made"),
        "received": sum(
            posting.doses
            for posting in postings
            if posting.debit.kind == "unit" and posting.credit.kind == "in_transit"
        ),
        "on_hand": held("unit"),
        "in_transit": held("in_transit"),
        **{name: held(name) for name in names},
    }


def whole_spread(session: Session, lot: Lot, excursion: Excursion) -> tuple[Touched, int]:
    """What became of a lot, and how much of it is in the unit now."""
    postings = load_postings(session, lot.id)

    def is_there(account: Account) -> bool:
        if account.shipment is not None:
            carrier = session.get_one(Movement, account.shipment).carrier_id
            return carrier == excursion.unit_id
        return account.unit == excursion.unit_id

    window = excursion.started_at, excursion.ended_at
    touched = follow(postings, is_there, *window, homes_of(postings))
    now = sum(doses for place, doses in balance(postings).items() if is_there(place))
    return touched, now


def homes_of(postings: Iterable[Posting]) -> dict[int, set[Account]]:
    """The units of each site that a lot came into."""
    homes: dict[int, set[Account]] = {}
    for one in postings:
        if one.debit.unit is not None:
            homes.setdefault(one.fact.site or 0, set()).add(one.debit)
    return homes


def load_postings(session: Session, lot_id: int) -> list[Posting]:
    """The postings of a lot in the order in which the ledger made them.

    Row ids do not tell it: of two facts of one moment the later reported may come first.
    """
    rows = session.execute(
        select(PostingRow, Movement.step, Movement.code, Dose.code, Dose.unit_id)
        .outerjoin(Movement, Movement.id == PostingRow.movement_id)
        .outerjoin(Dose, Dose.id == PostingRow.dose_id)
        .where(PostingRow.lot_id == lot_id)
        .order_by(PostingRow.at, PostingRow.id)
    )
    postings = [
        _posting(row, step, movement or dose, unit) for row, step, movement, dose, unit in rows
    ]
    return sorted(postings, key=lambda posting: posting.fact.place_in_time)


def _posting(row: PostingRow, step: str | None, code: str, unit: int | None) -> Posting:
    return Posting(
        at=row.at,
        doses=row.doses,
        credit=Account(row.credit, row.credit_unit_id, row.credit_shipment_id),
        debit=Account(row.debit, row.debit_unit_id, row.debit_shipment_id),
        fact=Fact(
            *(row.dose_id or row.movement_id or 0, code, row.at, step or "dose", row.doses),
            row.site_id,
            source_unit=unit,
        ),
    )
