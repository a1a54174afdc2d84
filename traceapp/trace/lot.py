"""What the record says of a lot: its source, and the ledger's postings as the rules see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting as PostingRow
from traceapp.models.product import Product
from traceapp.rules.ledger import Account, Fact, Posting


def find_lot(session: Session, gtin: str, number: str) -> Lot | None:
    """The lot of a product's GTIN-14 and its number."""
    return session.scalar(select(Lot).where(Lot.gtin == gtin, Lot.number == number))


def is_made(session: Session, lot: Lot) -> bool:
    """Whether some movement says that the lot was made."""
    made = select(Movement.id).where(Movement.lot_id == lot.id, Movement.step == "commissioning")
    return session.scalar(made.limit(1)) is not None


def lot_document(session: Session, lot: Lot) -> dict[str, Any]:
    """How a lot is named, with its product's name."""
    product = session.get(Product, lot.gtin)
    return {
        "gtin": lot.gtin,
        "number": lot.number,
        "product": product.name if product else None,
        "product_en": product.name_en if product else None,
    }


def source_document(session: Session, lot: Lot) -> dict[str, Any]:
    """Who made a lot, when, and what released it."""
    product = session.get(Product, lot.gtin)
    return {
        "manufacturer": product.manufacturer if product else None,
        "release": lot.release,
        "made_on": lot.made_on,
        "expires_on": lot.expires_on,
    }


def load_postings(session: Session, lot_id: int) -> list[Posting]:
    """The postings of a lot in the order in which the ledger made them.

    Row ids do not tell it: of two facts of one moment the later reported may come first.
    """
    rows = session.execute(
        select(PostingRow, Movement.step, Movement.code, Dose.code)
        .outerjoin(Movement, Movement.id == PostingRow.movement_id)
        .outerjoin(Dose, Dose.id == PostingRow.dose_id)
        .where(PostingRow.lot_id == lot_id)
        .order_by(PostingRow.at, PostingRow.id)
    )
    postings = [_posting(row, step, movement or dose) for row, step, movement, dose in rows]
    return sorted(postings, key=lambda posting: posting.fact.place_in_time)


def _posting(row: PostingRow, step: str | None, code: str) -> Posting:
    return Posting(
        at=row.at,
        doses=row.doses,
        credit=Account(row.credit, row.credit_unit_id, row.credit_shipment_id),
        debit=Account(row.debit, row.debit_unit_id, row.debit_shipment_id),
        fact=Fact(row.dose_id or row.movement_id or 0, code, row.at, step or "dose", row.doses),
    )
