"""What the record says of a lot: its name and its source."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Exists, bindparam, select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.models.hold import Hold
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.product import Product
from traceapp.rows import among
from traceapp.rules.exposure import Limits
from traceapp.watch.limit import limits_of_product


def find_lot(session: Session, gtin: str, number: str) -> Lot | None:
    """The lot of a product's GTIN-14 and its number."""
    return session.scalar(select(Lot).where(Lot.gtin == gtin, Lot.number == number))


class LotRecord(NamedTuple):
    """A lot with its product, whether some movement says that it was made, and if it was held."""

    lot: Lot
    product: Product | None
    is_made: bool
    was_held: bool

    @property
    def limits(self) -> Limits:
        """What the product can bear."""
        return limits_of_product(self.product)


def find_lot_record(session: Session, key: LotKey) -> LotRecord | None:
    """The lot of a product's GTIN-14 and its number, with what there is to know of it."""
    asked = {"gtin": key.gtin, "number": key.number}
    row = session.execute(_RECORD, asked).one_or_none()
    return None if row is None else LotRecord(*row)


def record_of_lot(session: Session, lot: Lot) -> LotRecord:
    """What there is to know of a lot at hand."""
    return LotRecord(*session.execute(_RECORD, {"gtin": lot.gtin, "number": lot.number}).one())


def is_made(lot_id: Any) -> Exists:
    """The condition that some movement says that a lot was made."""
    made = select(Movement.id).where(Movement.lot_id == lot_id, Movement.step == "commissioning")
    return made.where(Movement.is_in_force).exists()


def was_held(lot_id: Any) -> Exists:
    """The condition that a lot was ever held, or recalled."""
    return select(Hold.id).where(Hold.lot_id == lot_id).exists()


#: Made once: to make a statement anew each time costs more than the database takes for it.
_RECORD = (
    select(Lot, Product, is_made(Lot.id), was_held(Lot.id))
    .outerjoin(Product, Product.gtin == Lot.gtin)
    .where(Lot.gtin == bindparam("gtin"), Lot.number == bindparam("number"))
)


def products_of(session: Session, lots: Collection[Lot]) -> dict[str, Product]:
    """The products of lots that somebody registered, by GTIN."""
    gtins = {lot.gtin for lot in lots}
    rows = session.scalars(select(Product).where(among(session, Product.gtin, gtins)))
    return {row.gtin: row for row in rows}


def lot_document(session: Session, lot: Lot) -> dict[str, Any]:
    """How a lot is named, with its product's name."""
    return name_of_lot(lot, session.get(Product, lot.gtin))


def name_of_lot(lot: Lot, product: Product | None) -> dict[str, Any]:
    """How a lot of a product is named; of one that nobody registered, None."""
    return {
        "gtin": lot.gtin,
        "number": lot.number,
        "product": product.name if product else None,
        "product_en": product.name_en if product else None,
    }


def source_of_lot(lot: Lot, product: Product | None) -> dict[str, Any]:
    """Who made a lot, when, and what released it."""
    return {
        "manufacturer": product.manufacturer if product else None,
        "release": lot.release,
        "made_on": lot.made_on,
        "expires_on": lot.expires_on,
    }
