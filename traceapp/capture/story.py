"""Keeping writers of one story apart: a fact, what corrects it, and what corrects that.

Each of them may be reported by another process at the same moment, and be of another lot. Whoever
settles a story must see all of it, so a correction holds the beginning of its story alone; a fact
that corrects nothing is a beginning itself, and holds it together with whoever else wants it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db import DOSE_STORIES, MOVEMENT_STORIES, is_postgresql, lock_numbers, stripe
from traceapp.models.correction import Correction
from traceapp.rows import parts

_SPACES = {"movement": MOVEMENT_STORIES, "dose": DOSE_STORIES}


def lock_stories(session: Session, noun: str, corrected: Mapping[str, str | None]) -> None:
    """Hold the stories of facts until the transaction ends, before any of them is stored.

    Each fact is given by its code, with the code of what it corrects, or None.
    """
    if not is_postgresql(session):
        return
    corrects = {code: other for code, other in corrected.items() if other is not None}
    plain = {stripe(code) for code in corrected.keys() - corrects.keys()}
    if not corrects:  # As nearly always: it costs one statement.
        lock_numbers(session, _SPACES[noun], (), plain)
        return
    while True:
        began = _beginnings(session, noun, corrects)
        with session.begin_nested() as attempt:
            alone = {stripe(code) for code in (*corrects, *began)}
            lock_numbers(session, _SPACES[noun], alone, plain)
            if _beginnings(session, noun, corrects) == began:
                return
            attempt.rollback()  # It lets go what was held: locks are only ever taken in order.


def _beginnings(session: Session, noun: str, corrects: Mapping[str, str]) -> set[str]:
    """The codes that the stories of corrections begin with, as far as is known now."""
    known = dict(corrects)
    left = set(corrects.values()) - known.keys()
    while left:
        found: dict[str, str] = {}
        for part in parts(sorted(left)):
            rows = session.execute(
                select(Correction.code, Correction.corrects).where(
                    Correction.noun == noun, Correction.code.in_(part)
                )
            )
            found |= {row[0]: row[1] for row in rows}
        known |= found
        left = set(found.values()) - known.keys()
    return {_beginning(code, known) for code in corrects}


def _beginning(code: str, known: Mapping[str, str]) -> str:
    way = [code]
    while (code := known.get(way[-1], "")) and code not in way:
        way.append(code)
    return min(way[way.index(code) :]) if code else way[-1]
