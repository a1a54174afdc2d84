"""Doses with all that belongs to them, read at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from traceapp.db import is_postgresql
from traceapp.models.correction import Correction
from traceapp.models.dose import Dose, Recipient
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.pack_finding import PackFinding
from traceapp.models.product import Product
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rows import among_later, spell_list
from traceapp.rules.exposure import Limits
from traceapp.trace.lot import is_made, was_held
from traceapp.watch.limit import limits_of_product


class DoseRecord(NamedTuple):
    """A dose, its place, lot and person, and what else there may be to look at.

    Most doses have nothing of that: to know it here spares a question each.
    """

    dose: Dose
    site: Site
    unit: Unit | None
    lot: Lot | None
    product: Product | None
    recipient: Recipient | None
    #: Whether some movement says that the lot was made, and whether it was ever held.
    is_made: bool
    was_held: bool
    #: Whether the dose has to do with corrections, and with findings of the ledger.
    was_corrected: bool
    has_finding: bool
    is_pack_elsewhere: bool
    #: Whether the same person was given another dose of the product before.
    has_earlier: bool

    @property
    def limits(self) -> Limits:
        """What the product can bear."""
        return limits_of_product(self.product)


def find_dose(session: Session, code: str) -> DoseRecord | None:
    """A dose by its public id."""
    row = session.execute(_BY_CODE, {"code": code}).one_or_none()
    return None if row is None else DoseRecord(*row)


def load_doses(session: Session, dose_ids: Collection[int]) -> Iterator[DoseRecord]:
    """Doses by row id, in the order of their moments."""
    asked = spell_list(session, "ids", sorted(set(dose_ids)))
    for row in session.execute(_by_id(is_postgresql(session)), asked):
        yield DoseRecord(*row)


def _asking() -> Select[*tuple[Any, ...]]:
    other, its = aliased(Dose), aliased(Lot)
    is_of_it = or_(Correction.code == Dose.code, Correction.corrects == Dose.code)
    corrections = select(Correction.id).where(Correction.noun == "dose", is_of_it)
    elsewhere = select(PackFinding.id).where(
        PackFinding.dose_id == Dose.id,
        PackFinding.code == "pack_in_two_places",
        ~PackFinding.is_explained,
    )
    earlier = (
        select(other.id)
        .join(its, its.id == other.lot_id)
        .where(other.recipient_id == Dose.recipient_id, other.id != Dose.id, other.is_in_force)
        .where(other.at <= Dose.at, its.gtin == Lot.gtin)
    )
    return (
        select(
            Dose,
            Site,
            Unit,
            Lot,
            Product,
            Recipient,
            is_made(Dose.lot_id),
            was_held(Dose.lot_id),
            corrections.exists(),
            select(Finding.id).where(Finding.dose_id == Dose.id).exists(),
            elsewhere.exists(),
            earlier.exists(),
        )
        .join(Site, Site.id == Dose.site_id)
        .outerjoin(Unit, Unit.id == Dose.unit_id)
        .outerjoin(Lot, Lot.id == Dose.lot_id)
        .outerjoin(Product, Product.gtin == Lot.gtin)
        .outerjoin(Recipient, Recipient.id == Dose.recipient_id)
    )


#: Made once: to make a statement anew each time costs more than the database takes for it.
_BY_CODE = _asking().where(Dose.code == bindparam("code"))


@lru_cache
def _by_id(is_on_postgresql: bool) -> Select[*tuple[Any, ...]]:
    return _asking().where(among_later(is_on_postgresql, Dose.id, "ids")).order_by(Dose.at, Dose.id)
