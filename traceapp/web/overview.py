"""The overview: what is open, how every unit does, what waits to be sent."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.doors import doors
from traceapp.trace import overview as overview_of
from traceapp.trace.registry import get_noun
from traceapp.trace.scope import Scope
from traceapp.web.language import choose, gettext
from traceapp.web.names import learn_names

blueprint = Blueprint("overview", __name__)

#: What needs somebody comes first.
_URGENCY = {"alarm": 0, "silent": 1, "notice": 2, "fine": 3, "unheard": 4}


@blueprint.get("/")
@allow(*READERS)
def overview() -> str:
    """Draw the whole page."""
    return render_template("pages/overview.html", **_shown())


@blueprint.get("/overview/now")
@allow(*READERS)
def now() -> str:
    """Draw the part of it that changes."""
    return render_template("parts/overview.html", **_shown())


def _shown() -> dict[str, Any]:
    parts, scope = doors(), visitor().scope
    with parts.database.read() as session:
        document = overview_of.overview(session, scope, parts.clock())
        learn_names(session, document)
        kind, code = ("site", scope.site) if scope.site else ("division", scope.division)
        noun = get_noun(session, Scope(), kind, code) if code else None
    document["units"].sort(key=lambda unit: _URGENCY.get(unit["state"], len(_URGENCY)))
    where = choose(noun["name"], noun.get("name_en")) if noun else code
    return {"overview": document, "where": where or gettext("the whole country")}
