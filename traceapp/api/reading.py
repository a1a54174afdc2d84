"""Readings: reported by gateways, answered as a series."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import request

from schemas.document import Document
from schemas.fields import Code
from schemas.finding import ReceiptSchema
from schemas.page import QueryMoment, QueryWhole
from schemas.reading import MAX_READINGS, ReadingSchema, ReadingsSchema
from schemas.series import SeriesSchema
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS, REPORTERS
from traceapp.api.item import answer_receipt, keep_refused, load_items
from traceapp.api.noun import Noun, json_body
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.doors import doors
from traceapp.problem import Problem, not_found
from traceapp.trace.reach import reaches_sensor, reaches_unit, site_of_sensor
from traceapp.trace.series import unit_series

blueprint = Noun("reading", __name__, description="Temperature readings")
_MOST_POINTS = 10_000


class SeriesQuery(Document):
    """Which stretch of time, and at most how many points; the last day unless told."""

    begin = QueryMoment(data_key="from")
    end = QueryMoment(data_key="to")
    points = QueryWhole(4, _MOST_POINTS, load_default=1_000)


@blueprint.post("/readings")
@allow(*REPORTERS)
@blueprint.arguments(ReadingsSchema)
@blueprint.response(201, ReceiptSchema)
@blueprint.alt_response(200, schema=ReceiptSchema, success=True, description="Known already")
def post_readings(_: Any) -> Any:
    """Store and judge readings of one sensor, the same as over MQTT."""
    body, now = json_body(request), doors().clock()
    sensor: str = Code().deserialize(body["sensor"])
    items = load_items(body["readings"], ReadingSchema(), "readings", MAX_READINGS)
    with doors().database.begin() as session:
        if not reaches_sensor(session, visitor().scope, sensor):
            raise not_found("sensor", sensor)
        site = visitor().scope.site or site_of_sensor(session, sensor)
        [receipt] = record_readings(session, [ReadingMessage(sensor, items.good)], now)
        keep_refused(session, "POST /api/v1/readings", items, receipt, now, site)
    return answer_receipt(items, receipt)


@blueprint.get("/units/<code:code>/readings")
@allow(*READERS)
@blueprint.arguments(SeriesQuery, location="query")
@blueprint.response(200, SeriesSchema)
def get_readings(query: dict[str, Any], code: str) -> dict[str, Any]:
    """Answer a unit's temperatures with every minimum and maximum kept."""
    end: datetime = query.get("end", doors().clock())
    begin: datetime = query.get("begin", end - timedelta(days=1))
    if begin >= end:
        raise Problem(422, "Expected from before to.", {"from": ["Expected a moment before `to`."]})
    with doors().database.read() as session:
        if not reaches_unit(session, visitor().scope, code):
            raise not_found("unit", code)
        series = unit_series(session, code, begin, end, query["points"])
    if series is None:
        raise not_found("unit", code)
    return series
