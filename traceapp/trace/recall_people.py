"""Who received a recalled lot, and who of them was vaccinated again: counted by the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, case, distinct, func, null, select, union_all
from sqlalchemy.orm import Session, aliased

from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.rows import among

#: What is counted of each site: doses up to the recall and after it, and people.
PEOPLE = ("given", "given_after", "recipients", "revaccinated")
NOBODY = dict.fromkeys(PEOPLE, 0)


def replacements(lot: Lot, is_meant: Callable[[Any], ColumnElement[bool]]) -> Any:
    """Those doses of a lot that are meant and were given once more, and when that was first.

    That is a later dose of the same person and number, of the same product and another lot.
    """
    dose, again, of_lot = aliased(Dose), aliased(Dose), aliased(Lot)
    return (
        select(dose.id.label("dose_id"), func.min(again.at).label("again_at"))
        .join(
            again,
            and_(
                again.recipient_id == dose.recipient_id,
                again.at > dose.at,
                again.dose_number.is_not_distinct_from(dose.dose_number),
            ),
        )
        .join(of_lot, of_lot.id == again.lot_id)
        .where(dose.is_in_force, again.is_in_force)
        .where(dose.lot_id == lot.id, is_meant(dose), of_lot.gtin == lot.gtin, of_lot.id != lot.id)
        .group_by(dose.id)
    )


def count_people(
    session: Session, lot: Lot, at: Any, site_ids: Sequence[int]
) -> tuple[dict[int, dict[str, int]], dict[str, int]]:
    """Doses given and people of each of these sites, and of all of them together.

    A person is counted once at a site and once in all, and as vaccinated again when every dose
    of the lot was given again.
    """
    person = _persons(lot, at, lambda dose: among(session, dose.site_id, site_ids))
    by_site = select(
        person.c.site_id,
        func.sum(person.c.doses - person.c.later),
        func.sum(person.c.later),
        func.count(person.c.recipient_id),
        func.count(person.c.recipient_id) - func.count(_open(person)),
    ).group_by(person.c.site_id)
    everybody = func.count(distinct(person.c.recipient_id))
    total = select(
        null(),
        func.coalesce(func.sum(person.c.doses - person.c.later), 0),
        func.coalesce(func.sum(person.c.later), 0),
        everybody,
        everybody - func.count(distinct(_open(person))),
    )
    counts = {
        row[0]: dict(zip(PEOPLE, (int(value) for value in row[1:]), strict=True))
        for row in session.execute(union_all(by_site, total))
    }
    all_of_them = counts.pop(None)
    return counts, all_of_them


def _open(person: CTE) -> Any:
    """The person, where some dose of the lot was not given again."""
    return case((person.c.open == 1, person.c.recipient_id))


def _persons(lot: Lot, at: Any, is_meant: Callable[[Any], ColumnElement[bool]]) -> CTE:
    again = replacements(lot, is_meant).subquery()
    return (
        select(
            Dose.site_id,
            Dose.recipient_id,
            func.count().label("doses"),
            func.sum(case((Dose.at > at, 1), else_=0)).label("later"),
            func.max(case((again.c.dose_id.is_(None), 1), else_=0)).label("open"),
        )
        .outerjoin(again, again.c.dose_id == Dose.id)
        .where(Dose.lot_id == lot.id, Dose.is_in_force, is_meant(Dose))
        .group_by(Dose.site_id, Dose.recipient_id)
        .cte("person")
    )
