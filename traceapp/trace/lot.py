"""What the record says of a lot: its name and its source."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.product import Product


def find_lot(session: Session, gtin: str, number: str) -> Lot | None:
    """The lot of a product's GTIN-14 and its number."""
    return session.scalar(select(Lot).where(Lot.gtin == gtin, Lot.number == number))


def is_made(session: Session, lot: Lot) -> bool:
    """Whether some movement says that the lot was made."""
    made = select(Movement.id).where(Movement.lot_id == lot.id, Movement.step == "commissioning")
    made = made.where(Movement.is_in_force)
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
