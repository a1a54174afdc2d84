"""A unit with its curve."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, request

from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.rules.calendar import CHINA
from traceapp.trace.holding import holdings_of_unit
from traceapp.trace.registry import get_noun
from traceapp.trace.series import unit_series
from traceapp.web.curve import draw_curve
from traceapp.web.names import learn_names

blueprint = Blueprint("unit", __name__)

#: Lengths of time that the page offers, in hours.
SPANS = (6, 24, 72, 168, 720, 8760)
_POINTS = 1_000


@blueprint.get("/units/<code:code>")
@allow(*READERS)
def unit(code: str) -> str:
    """Draw the whole page."""
    return render_template("pages/unit.html", **_shown(code))


@blueprint.get("/units/<code:code>/now")
@allow(*READERS)
def now(code: str) -> str:
    """Draw the part of it that changes."""
    return render_template("parts/unit.html", **_shown(code))


def _shown(code: str) -> dict[str, Any]:
    asked = request.args.get("hours", "")
    hours = int(asked) if asked in {str(span) for span in SPANS} else 24
    end = doors().clock()
    with doors().database.read() as session:
        found = get_noun(session, visitor().scope, "unit", code)
        series = unit_series(session, code, end - timedelta(hours=hours), end, _POINTS)
        if found is None or series is None:
            raise not_found("unit", code)
        holdings = holdings_of_unit(session, code)
        learn_names(session, series, found, holdings)
    return {
        "unit": found,
        "series": series,
        "curve": draw_curve(series, CHINA),
        "holdings": holdings,
        "hours": hours,
        "spans": SPANS,
    }
