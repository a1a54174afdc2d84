"""What corrects what: the stories of facts, and how each fact in them stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.correction import Correction
from traceapp.models.dose import Dose
from traceapp.models.movement import Movement
from traceapp.models.site import Site
from traceapp.rows import parts
from traceapp.rules.correction import Claim, Standing, settle

#: The tables of what can be corrected.
MODELS: dict[str, Any] = {"movement": Movement, "dose": Dose}


@dataclass(slots=True)
class Story:
    """All facts that have to do with each other by corrections, by their public ids."""

    facts: dict[str, Movement | Dose]
    corrections: dict[str, Correction]
    standings: dict[str, Standing]


def load_story(session: Session, noun: str, codes: Collection[str]) -> Story | None:
    """The story that these facts belong to; None where nothing corrects them or is corrected.

    Most facts have none: it costs them one look at a small table.
    """
    corrections = {one.code: one for one in _corrections(session, noun, codes)}
    if not corrections:
        return None
    wanted = {*corrections, *(one.corrects for one in corrections.values())}
    model = MODELS[noun]
    facts: dict[str, Movement | Dose] = {
        row.code: row
        for part in parts(sorted(wanted))
        for row in session.scalars(select(model).where(model.code.in_(part)))
    }
    sites = {row.site_id for row in facts.values()}
    rows = session.execute(select(Site.id, Site.division_code).where(Site.id.in_(sites)))
    division_of = {row[0]: row[1] for row in rows}
    claims = [
        _claim(row, corrections.get(row.code), division_of[row.site_id]) for row in facts.values()
    ]
    return Story(facts, corrections, settle(claims))


def _claim(row: Movement | Dose, said: Correction | None, division: str) -> Claim:
    if said is None:
        return Claim(row.code, row.site_id, division)
    return Claim(
        row.code,
        row.site_id,
        division,
        said.corrects,
        said.corrected_at,
        said.is_void,
        said.within,
    )


def _corrections(session: Session, noun: str, codes: Iterable[str]) -> list[Correction]:
    """Every correction that has to do with these facts, directly or not."""
    found: dict[int, Correction] = {}
    left, seen = set(codes), set(codes)
    while left:
        fresh: list[Correction] = []
        for part in parts(sorted(left)):
            is_it = or_(Correction.code.in_(part), Correction.corrects.in_(part))
            fresh += session.scalars(select(Correction).where(Correction.noun == noun, is_it))
        found |= {one.id: one for one in fresh}
        left = {code for one in fresh for code in (one.code, one.corrects)} - seen
        seen |= left
    return list(found.values())
