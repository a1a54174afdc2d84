"""What is doubtful about movements by what they say alone: codes of lots and packs, and ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.models.lot import Lot, Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.rules.code import read_code
from traceapp.rules.gs1 import has_right_check_digit
from traceapp.rules.label import doubts_about_code
from traceapp.trace.finding import finding


def findings_of_form(session: Session, codes: Sequence[str]) -> list[dict[str, Any]]:
    """The findings of these movements, each with the movement's public id and told once."""
    told = {*_of_movements(session, codes), *_of_packs(session, codes)}
    found = [{**finding(doubt), "movement": code} for code, doubt in sorted(told)]
    others = sorted(set(_of_other_lots(session, codes)))
    return found + [
        {**finding("pack_of_other_lot", lot=lot), "movement": code} for code, lot in others
    ]


def _of_movements(session: Session, codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Wrong check digits of products, and ways that end where they began."""
    rows = session.execute(
        select(Movement, Lot.gtin)
        .join(Lot, Lot.id == Movement.lot_id)
        .where(Movement.code.in_(codes))
    )
    for row, gtin in rows:
        if not has_right_check_digit(gtin):
            yield row.code, "check_digit"
        if _goes_nowhere(row):
            yield row.code, "goes_nowhere"
        if row.not_packs:
            yield row.code, "pack_not_single"


def _goes_nowhere(row: Movement) -> bool:
    if row.step == "storing":
        return row.from_unit_id == row.to_unit_id
    return row.site_id in (row.from_site_id, row.to_site_id)


def _of_packs(session: Session, codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Packs whose codes are no labels, and may be pieces of some."""
    packs = session.execute(
        select(Movement.code, Pack.code)
        .join(PackMovement, PackMovement.movement_id == Movement.id)
        .join(Pack, Pack.id == PackMovement.pack_id)
        .where(Movement.code.in_(codes), Pack.key.startswith("p:"))
    )
    for code, text in packs:
        for doubt in doubts_about_code(text).codes:
            yield code, doubt


def _of_other_lots(session: Session, codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Packs whose labels say another product or lot than the movement, with what they say."""
    packs = session.execute(
        select(Movement.code, Lot.gtin, Lot.number, func.coalesce(PackMovement.code, Pack.code))
        .join(PackMovement, PackMovement.movement_id == Movement.id)
        .join(Pack, Pack.id == PackMovement.pack_id)
        .join(Lot, Lot.id == Movement.lot_id)
        .where(Movement.code.in_(codes), Pack.key.startswith("s:"))
    )
    for code, gtin, number, text in packs:
        if gtin in text and number in text:
            continue  # Nearly all: to read each label takes a tenth of a millisecond.
        labels = [one for one in read_code(text) if one.is_label and one.gtin is not None]
        if labels and not any(one.gtin == gtin and one.lot in (None, number) for one in labels):
            yield code, str(labels[0].lot or labels[0].gtin)
