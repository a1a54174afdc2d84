"""How long a person waits for a trace, on whatever data there is."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.db import Database
from traceapp.models.dose import Dose
from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.models.reading import Reading
from traceapp.trace.backward import trace_dose
from traceapp.trace.forward import trace_lot
from traceapp.trace.impact import trace_impact
from traceapp.trace.scope import Scope

_EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one kind of question took, in milliseconds."""

    question: str
    asked: int
    p50_ms: float
    p99_ms: float


def count_facts(database: Database) -> dict[str, int]:
    """How much there is to search."""
    models = {"readings": Reading, "doses": Dose, "lots": Lot, "excursions": Excursion}
    with database.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(model)) or 0
            for name, model in models.items()
        }


def measure_traces(database: Database, times: int) -> list[Latency]:
    """Ask each question `times` times about things picked evenly, each in its own transaction."""
    now = datetime.now(UTC)
    with database.read() as session:
        doses = list(session.scalars(select(Dose.code)))
        lots = [(lot.gtin, lot.number) for lot in session.scalars(select(Lot))]
        excursions = list(
            session.scalars(select(Excursion.id).where(Excursion.state != "withdrawn"))
        )
    questions: list[tuple[str, Sequence[Any], Callable[[Session, Any], Any]]] = [
        ("a dose backwards", doses, lambda s, code: trace_dose(s, _EVERYTHING, code)),
        ("a lot forwards", lots, lambda s, lot: trace_lot(s, _EVERYTHING, lot[0], lot[1], now)),
        ("an excursion's impact", excursions, lambda s, x: trace_impact(s, _EVERYTHING, x, now)),
    ]
    return [_measure(database, name, things, ask, times) for name, things, ask in questions]


def _measure(
    database: Database,
    question: str,
    things: Sequence[Any],
    ask: Callable[[Session, Any], Any],
    times: int,
) -> Latency:
    chance = random.Random(1)  # noqa: S311 - which dose is asked about is no secret
    picked = chance.choices(things, k=times) if things else []
    taken = []
    for thing in picked:
        began = time.perf_counter()
        with database.read() as session:
            ask(session, thing)
        taken.append((time.perf_counter() - began) * 1_000)
    return Latency(question, len(taken), percentile(taken, 50), percentile(taken, 99))


def percentile(values: list[float], percent: int) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    if not values:
        return 0.0
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]
