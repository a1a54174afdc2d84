"""What the record says of a lot: its source, and the ledger's postings as the rules see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.lot import Lot
from traceapp.models.posting import Posting as PostingRow
from traceapp.models.product import Product
from traceapp.rules.ledger import Account, Fact, Posting


def find_lot(session: Session, gtin: str, number: str) -> Lot | None:
    """The lot of a product's GTIN-14 and its number."""
    return session.scalar(select(Lot).where(Lot.gtin == gtin, Lot.number == number))


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
    """The postings of a lot in the order of time."""
    rows = session.scalars(
        select(PostingRow).where(PostingRow.lot_id == lot_id).order_by(PostingRow.at, PostingRow.id)
    )
    return [_posting(row) for row in rows]


def _posting(row: PostingRow) -> Posting:
    step = "dose" if row.dose_id is not None else "movement"
    return Posting(
        at=row.at,
        doses=row.doses,
        credit=Account(row.credit, row.credit_unit_id, row.credit_shipment_id),
        debit=Account(row.debit, row.debit_unit_id, row.debit_shipment_id),
        fact=Fact(row.dose_id or row.movement_id or 0, "", row.at, step, row.doses),
    )
