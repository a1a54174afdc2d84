"""Going forwards and going backwards are one relation: what leads to a dose, the dose leads to.

Forwards is what `impact` follows, and the list of a lot's doses; backwards is the trace of a dose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose
from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.trace.backward import trace_dose
from traceapp.trace.forward import list_lot_doses
from traceapp.trace.given import stream_lot_doses
from traceapp.trace.impact import lots_present
from traceapp.trace.scope import Scope
from traceapp.trace.spread import follow_lots

COUNTRY = Scope()
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_END = datetime(2100, 1, 1, tzinfo=UTC)
_Traces = dict[str, dict[str, Any]]


def traces_of(session: Session, prefix: str) -> _Traces:
    """The traces of all doses in force whose ids begin so."""
    traces: _Traces = {}
    query = select(Dose.code).where(Dose.code.startswith(prefix), Dose.is_in_force)
    for code in session.scalars(query):
        trace = trace_dose(session, COUNTRY, code)
        assert trace is not None
        traces[code] = trace
    return traces


def assert_lists_are_inverse(session: Session, lots: Sequence[Lot], traces: _Traces) -> None:
    """A dose is listed under a lot, in pages and in the table, iff its trace names the lot."""
    for lot in lots:
        back = {code for code, trace in traces.items() if _is_of(trace, lot)}
        pages = list_lot_doses(session, COUNTRY, lot, 1_000)["items"]
        assert {one["id"] for one in pages} == back
        assert {one["id"] for one in stream_lot_doses(session, COUNTRY, lot)} == back


def _is_of(trace: dict[str, Any], lot: Lot) -> bool:
    named = trace["lot"]
    return named is not None and (named["gtin"], named["number"]) == (lot.gtin, lot.number)


def assert_ways_are_inverse(session: Session, lots: Sequence[Lot], traces: _Traces) -> int:
    """From whatever lay or rode somewhere come the very doses whose paths lead back there.

    A place that is certain on the way back is certain on the way out. Returns how many doses were
    found from how many windows, in all.
    """
    codes = {
        dose.id: dose.code
        for dose in session.scalars(
            select(Dose).where(Dose.lot_id.in_([one.id for one in lots]), Dose.is_in_force)
        )
    }
    units = {row[0]: row[1] for row in session.execute(select(Unit.id, Unit.code))}
    met = 0
    for window in _windows(session, lots, units):
        present = {one.id for one in lots_present(session, window)}
        ours = [lot for lot in lots if lot.id in present]
        out = {
            codes[touched.key]: touched.certainty
            for spread in follow_lots(session, ours, window).values()
            for touched in spread.touched.doses
        }
        back = {
            code: certainty
            for code, trace in traces.items()
            if (certainty := _led_to(trace["path"], units[window.unit_id], window)) is not None
        }
        told = units[window.unit_id], window.started_at, window.ended_at, out, back
        assert set(out) == set(back), told
        assert {code for code, sure in back.items() if sure == "certain"} <= {
            code for code, sure in out.items() if sure == "certain"
        }, told
        met += len(out)
    return met


def _windows(session: Session, lots: Sequence[Lot], units: dict[int, str]) -> Iterator[Excursion]:
    """All time in each unit; and there each stay and journey, a moment in it, and from then on."""
    spans = {(unit, _BEGINNING, None) for unit in units}
    ids = [lot.id for lot in lots]
    told: set[tuple[int, datetime, datetime | None]] = set(spans)
    for stay in session.scalars(select(Stay).where(Stay.lot_id.in_(ids))):
        end = stay.until_at or stay.from_at + timedelta(days=2)
        middle = stay.from_at + (end - stay.from_at) / 2
        told |= {
            (stay.unit_id, stay.from_at, end),
            (stay.unit_id, middle, middle + timedelta(minutes=1)),
            (stay.unit_id, end, None),
        }
    for unit, began, ended in sorted(told, key=lambda one: (one[:2], one[2] or _END)):
        yield Excursion(unit_id=unit, started_at=began, ended_at=ended)


def _led_to(path: list[dict[str, Any]], unit: str, window: Excursion) -> str | None:
    """How surely a path leads back to a unit in a window; None where it does not."""
    sure = {
        one["certainty"]
        for one in path
        if one["unit"] == unit
        and one["until"] > window.started_at
        and (window.ended_at is None or one["from"] < window.ended_at)
    }
    return min(sure) if sure else None


def assert_ways_are_reported(session: Session, lots: Sequence[Lot], traces: _Traces) -> None:
    """What a path names stands, and is of the lot."""
    for lot in lots:
        paths = [trace["path"] for trace in traces.values() if _is_of(trace, lot)]
        ways = "movement_in", "movement_out"
        named = {one[way] for path in paths for one in path for way in ways if one[way]}
        standing = select(Movement.code).where(
            Movement.code.in_(named), Movement.lot_id == lot.id, Movement.is_in_force
        )
        assert set(session.scalars(standing)) == named
