"""Everything that an e-mail about an excursion says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.models.product import Product
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.trace.impact import lots_present
from traceapp.trace.spread import Spread, follow_lots


@dataclass(frozen=True, slots=True)
class LotStanding:
    """A lot in the unit during the episode: `doses` that were there, `doses_now` still there.

    What rides in a vehicle counts as there until it has arrived.
    """

    gtin: str
    number: str
    product: str | None
    product_en: str | None
    expires_on: date | None
    doses: int
    doses_now: int


@dataclass(frozen=True, slots=True)
class ExcursionFacts:
    """What happened, where, since when, how far, and which lots stood there.

    Moments are aware UTC, temperatures in °C; nothing in it is personal.
    """

    excursion_id: int
    unit: str
    unit_name: str
    unit_name_en: str | None
    unit_type: str
    site: str
    site_name: str
    site_name_en: str | None
    division: str
    rule: str
    level: str
    side: str
    state: str
    limit_celsius: float | None
    peak_celsius: float | None
    started_at: datetime
    triggered_at: datetime
    ended_at: datetime | None
    heard_at: datetime
    minutes: float
    unknown_minutes: float
    is_late: bool
    revision: int
    lots: tuple[LotStanding, ...]


def excursion_facts(session: Session, excursion_id: int) -> ExcursionFacts | None:
    """The facts of an episode as the record stands; None where there is none of that id."""
    row = session.execute(
        select(Excursion, Unit, Site)
        .join(Unit, Unit.id == Excursion.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(Excursion.id == excursion_id)
    ).one_or_none()
    if row is None:
        return None
    excursion, unit, site = row
    present = lots_present(session, excursion)
    spreads = follow_lots(session, present, excursion)
    lots = tuple(_standing(session, lot, spreads[lot.id]) for lot in present)
    return ExcursionFacts(
        excursion_id=excursion.id,
        unit=unit.code,
        unit_name=unit.name,
        unit_name_en=unit.name_en,
        unit_type=unit.type,
        site=site.code,
        site_name=site.name,
        site_name_en=site.name_en,
        division=site.division_code,
        rule=excursion.rule,
        level=excursion.level,
        side=excursion.side,
        state=excursion.state,
        limit_celsius=excursion.limit_celsius,
        peak_celsius=excursion.peak_celsius,
        started_at=excursion.started_at,
        triggered_at=excursion.triggered_at,
        ended_at=excursion.ended_at,
        heard_at=excursion.heard_at,
        minutes=excursion.minutes,
        unknown_minutes=excursion.unknown_minutes,
        is_late=excursion.is_late,
        revision=excursion.revision,
        lots=lots,
    )


def _standing(session: Session, lot: Lot, spread: Spread) -> LotStanding:
    product = session.get(Product, lot.gtin)
    return LotStanding(
        gtin=lot.gtin,
        number=lot.number,
        product=product.name if product else None,
        product_en=product.name_en if product else None,
        expires_on=lot.expires_on,
        doses=spread.touched.present,
        doses_now=spread.there_now,
    )
