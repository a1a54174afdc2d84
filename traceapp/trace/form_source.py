"""Movements that are doubtful by what they say alone, for the list of findings.

A movement's own findings (trace/movement_form.py) say the same. The first two
conditions are those of partial indexes: of all that a large lot did nothing else is read.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, false, select, text

from traceapp.models.lot import Lot
from traceapp.models.movement import GOES_NOWHERE, Movement
from traceapp.rules.gs1 import has_right_check_digit
from traceapp.trace.asked import NO_KEY, Asked, fact_row


def _of_form(asked: Asked, code: str) -> Select[Any]:
    row = Movement
    return fact_row(code, row.lot_id, row.site_id, row.at, row.id, NO_KEY).where(
        row.is_in_force, *asked.of(row.lot_id), *asked.here(row.site_id), *asked.then(row.at)
    )


def going_nowhere(asked: Asked) -> Select[Any]:
    return _of_form(asked, "goes_nowhere").where(text(f"({GOES_NOWHERE})"))


def naming_no_packs(asked: Asked) -> Select[Any]:
    return _of_form(asked, "pack_not_single").where(Movement.not_packs.is_not(None))


def miswritten(asked: Asked) -> Select[Any]:
    """Movements of lots whose product's code has a wrong check digit; there is hardly ever one."""
    gtins = asked.session.scalars(select(Lot.gtin).where(*asked.of(Lot.id)).distinct())
    wrong = [gtin for gtin in gtins if not has_right_check_digit(gtin)]
    lots = select(Lot.id).where(Lot.gtin.in_(wrong))
    return _of_form(asked, "check_digit").where(Movement.lot_id.in_(lots) if wrong else false())
