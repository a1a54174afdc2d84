"""Excursions: episodes, newest first, and how far each one reached."""

from __future__ import annotations

from typing import Any

from schemas.excursion import ExcursionDetailSchema, ExcursionSchema
from schemas.fields import Choice, Code, Digits
from schemas.impact import ImpactSchema
from schemas.page import PageQuery, QueryMoment, page_of
from traceapp.access.guard import allow, visitor
from traceapp.access.mask import mask_mails
from traceapp.access.role import READERS
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.excursion import Wanted, excursion_document, list_excursions
from traceapp.trace.impact import trace_impact

blueprint = Noun("excursion", __name__, description="Temperature excursions")


class ExcursionQuery(PageQuery):
    """Which episodes: those that overlap [from, to)."""

    unit = Code()
    site = Code()
    division = Digits(6)
    begin = QueryMoment(data_key="from")
    end = QueryMoment(data_key="to")
    state = Choice("open", "ended", "closed", "withdrawn")
    about = Choice("vaccine", "sensor", load_default="vaccine")


@blueprint.get("/excursions")
@allow(*READERS)
@blueprint.arguments(ExcursionQuery, location="query")
@blueprint.response(200, page_of(ExcursionSchema))
def get_excursions(query: dict[str, Any]) -> dict[str, Any]:
    """List episodes, newest first; withdrawn ones only where `state` asks for them.

    They are those that may have harmed vaccine; with `about=sensor` those of the sensors' health.
    """
    wanted = Wanted(
        unit=query.get("unit"),
        site=query.get("site"),
        division=query.get("division"),
        from_at=query.get("begin"),
        until_at=query.get("end"),
        state=query.get("state"),
        is_health=query["about"] == "sensor",
    )
    limit, cursor, scope = query["limit"], query.get("cursor"), visitor().scope
    with doors().database.read() as session:
        return list_excursions(session, scope, wanted, limit, cursor)


@blueprint.get("/excursions/<number:number>")
@allow(*READERS)
@blueprint.response(200, ExcursionDetailSchema)
def get_excursion(number: str) -> dict[str, Any]:
    """Answer one episode with what was said of it before, and its e-mails."""
    with doors().database.read() as session:
        document = excursion_document(session, visitor().scope, int(number))
    if document is None:
        raise not_found("excursion", number)
    return mask_mails(document, visitor().role)


@blueprint.get("/excursions/<number:number>/impact")
@allow(*READERS)
@blueprint.response(200, ImpactSchema)
def get_impact(number: str) -> dict[str, Any]:
    """Answer the blast radius: lots that stood there, what is left, doses, people, sites."""
    now = doors().clock()
    with doors().database.read() as session:
        document = trace_impact(session, visitor().scope, int(number), now)
    if document is None:
        raise not_found("excursion", number)
    return document
