"""Where findings of lots and sites come from: each source is a query, one row a fact.

What the ledger and the ways of packs found is kept; the rest is asked of the facts each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from traceapp.db import is_postgresql
from traceapp.models.base import Moment
from traceapp.models.correction import Correction
from traceapp.models.dose import Dose
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.pack_finding import PackFinding
from traceapp.models.site import Site
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.rules.ledger import LEAVING
from traceapp.trace.asked import NO_KEY, Asked, fact_row
from traceapp.trace.correction import is_of_other_kind
from traceapp.trace.form_source import going_nowhere, miswritten, naming_no_packs
from traceapp.trace.journey import has_gap, is_unrecorded
from traceapp.trace.lot import is_made
from traceapp.trace.reach import is_lot_within

_Query = Select[Any]
_Arrived = ("commissioning", "receiving")


def _of_ledger(asked: Asked) -> _Query:
    """What the ledger keeps; a use of what a site had not, told apart by whether it came later."""
    arrived = (
        select(Movement.lot_id, Unit.site_id, func.min(Movement.at).label("at"))
        .join(Unit, Unit.id == Movement.to_unit_id)
        .where(Movement.step.in_(_Arrived), Movement.is_in_force, *asked.of(Movement.lot_id))
        .group_by(Movement.lot_id, Unit.site_id)
        .subquery()
    )
    lacked = Finding.code.in_(("not_at_site", "more_out_than_in"))
    given = Finding.code == "not_at_site"
    code = case(
        (and_(lacked, arrived.c.at > Finding.at), "used_before_received"),
        (and_(given, arrived.c.at.is_not(None)), "more_used_than_held"),
        else_=Finding.code,
    )
    query = fact_row(
        code, Finding.lot_id, Finding.site_id, Finding.at, Finding.movement_id, Finding.dose_id
    ).outerjoin(
        arrived,
        and_(arrived.c.lot_id == Finding.lot_id, arrived.c.site_id == Finding.site_id),
    )
    sites: list[Any] = [Finding.site_id]
    if not asked.scope.is_country:  # The receiver of a shipment that came short sees it too.
        query = query.outerjoin(
            Movement, and_(Movement.id == Finding.movement_id, Finding.code == "received_less")
        )
        sites.append(Movement.to_site_id)
    return query.where(*asked.of(Finding.lot_id), *asked.here(*sites), *asked.then(Finding.at))


def _of_packs(asked: Asked) -> _Query:
    found = PackFinding
    return fact_row(
        *(found.code, found.lot_id, found.site_id, found.at),
        *(found.movement_id, found.dose_id, found.packing_id),
    ).where(
        ~found.is_explained,
        *asked.of(found.lot_id),
        *asked.here(found.site_id),
        *asked.then(found.at),
    )


def _without_lot(asked: Asked) -> _Query:
    return fact_row("dose_without_lot", Dose.lot_id, Dose.site_id, Dose.at, NO_KEY, Dose.id).where(
        Dose.lot_id.is_(None),
        Dose.is_in_force,
        *asked.of(Dose.lot_id),
        *asked.here(Dose.site_id),
        *asked.then(Dose.at),
    )


def _after_expiry(asked: Asked) -> _Query:
    return (
        fact_row("dose_after_expiry", Dose.lot_id, Dose.site_id, Dose.at, NO_KEY, Dose.id)
        .join(Lot, Lot.id == Dose.lot_id)
        .where(
            Dose.at >= _expired_at(asked.session),
            Dose.is_in_force,
            *asked.of(Dose.lot_id),
            *asked.here(Dose.site_id),
            *asked.then(Dose.at),
        )
    )


def _expired_at(session: Session) -> ColumnElement[Any]:
    """The moment from which a lot is expired: midnight in China after its last day."""
    if is_postgresql(session):
        return literal_column("((lot.expires_on + 1)::timestamp AT TIME ZONE INTERVAL '+08:00')")
    return literal_column(
        "((CAST(strftime('%s', lot.expires_on, '+1 day') AS INTEGER) - 28800) * 1000000)"
    )


def _journeys(asked: Asked, code: str = "no_journey_record") -> _Query:
    """Shipments without a temperature record: whoever receives must ask for it (law, art. 39)."""
    to_site = Movement.to_site_id
    return fact_row(code, Movement.lot_id, to_site, Movement.at, Movement.id, NO_KEY).where(
        Movement.is_in_force,
        *asked.of(Movement.lot_id),
        *asked.here(to_site),
        *asked.then(Movement.at),
    )


def _without_carrier(asked: Asked) -> _Query:
    query = _journeys(asked)
    return query.where(Movement.step.in_(LEAVING), Movement.carrier_id.is_(None))


def _unread(asked: Asked) -> _Query:
    query = _journeys(asked).join(Stay, Stay.shipment_id == Movement.id)
    return query.where(is_unrecorded(asked.session), *asked.of(Stay.lot_id))


def _gaps(asked: Asked) -> _Query:
    query = _journeys(asked, "journey_record_gap").join(Stay, Stay.shipment_id == Movement.id)
    return query.where(has_gap(asked.session), *asked.of(Stay.lot_id))


def _unwitnessed(asked: Asked) -> _Query:
    """Destructions that do not name two: what came through the doors does, other data may not."""
    first, second = (Movement.witnesses[place].as_string() for place in (0, 1))
    return fact_row(
        "destroyed_unwitnessed",
        Movement.lot_id,
        Movement.site_id,
        Movement.at,
        Movement.id,
        NO_KEY,
    ).where(
        Movement.step == "destroying",
        Movement.is_in_force,
        or_(first.is_(None), second.is_(None), first == second),
        *asked.of(Movement.lot_id),
        *asked.here(Movement.site_id),
        *asked.then(Movement.at),
    )


def _never_made(asked: Asked) -> _Query:
    query = fact_row(
        "lot_unknown", Lot.id, cast(null(), Integer), cast(null(), Moment()), NO_KEY, NO_KEY
    )
    return query.where(~is_made(Lot.id), is_lot_within(asked.scope), *asked.of(Lot.id))


def _waiting_movements(asked: Asked) -> _Query:
    return _waiting_corrections(asked, "movement", Movement, Movement.id, NO_KEY)


def _waiting_doses(asked: Asked) -> _Query:
    return _waiting_corrections(asked, "dose", Dose, NO_KEY, Dose.id)


def _waiting_corrections(
    asked: Asked, noun: str, model: type[Movement | Dose], movement: Any, dose: Any
) -> _Query:
    """Facts that correct what nobody reported, something of another kind, or somebody else's."""
    corrected, site, other = aliased(model), aliased(Site), aliased(Site)
    is_stray = and_(
        corrected.site_id != model.site_id,
        or_(
            Correction.within.is_(None),
            func.substr(other.division_code, 1, func.length(Correction.within))
            != Correction.within,
        ),
    )
    is_other = is_of_other_kind(noun, Correction.corrects), "correction_of_other_kind"
    is_known = corrected.id.is_not(None), "correction_stray"
    code = case(is_known, is_other, else_="correction_waits")
    return (
        fact_row(code, model.lot_id, model.site_id, model.at, movement, dose)
        .join(Correction, and_(Correction.noun == noun, Correction.code == model.code))
        .outerjoin(corrected, corrected.code == Correction.corrects)
        .join(site, site.id == model.site_id)
        .outerjoin(other, other.id == corrected.site_id)
        .where(
            or_(corrected.id.is_(None), is_stray),
            *asked.of(model.lot_id),
            *asked.here(model.site_id),
            *asked.then(model.at),
        )
    )


_OF_PACKS = frozenset(
    ("pack_used_up", "pack_in_two_places", "in_two_cases", "not_in_case", "packed_in_itself")
)
_OF_CORRECTIONS = frozenset(("correction_waits", "correction_of_other_kind", "correction_stray"))
#: Each with the codes that it can give, so that one code asks only its own source.
SOURCES: tuple[tuple[Callable[[Asked], _Query], frozenset[str]], ...] = (
    (
        _of_ledger,
        frozenset(
            (
                *("used_before_received", "more_used_than_held", "not_at_site"),
                *("more_out_than_in", "received_unshipped", "received_more", "received_less"),
            )
        ),
    ),
    (_of_packs, _OF_PACKS),
    (_without_lot, frozenset(("dose_without_lot",))),
    (_after_expiry, frozenset(("dose_after_expiry",))),
    (_without_carrier, frozenset(("no_journey_record",))),
    (_unread, frozenset(("no_journey_record",))),
    (_gaps, frozenset(("journey_record_gap",))),
    (_unwitnessed, frozenset(("destroyed_unwitnessed",))),
    (_never_made, frozenset(("lot_unknown",))),
    (going_nowhere, frozenset(("goes_nowhere",))),
    (naming_no_packs, frozenset(("pack_not_single",))),
    (miswritten, frozenset(("check_digit",))),
    (_waiting_movements, _OF_CORRECTIONS),
    (_waiting_doses, _OF_CORRECTIONS),
)
