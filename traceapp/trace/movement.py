"""What the ledger found in movements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.finding import Finding
from traceapp.models.movement import Movement
from traceapp.trace.finding import finding


def findings_of_movements(session: Session, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the findings of these movements, each with the movement's public id."""
    rows = session.execute(
        select(Movement.code, Finding)
        .join(Finding, Finding.movement_id == Movement.id)
        .where(Movement.code.in_(codes))
        .order_by(Finding.id)
    )
    return [{**finding(row.code, **row.detail), "movement": code} for code, row in rows]
