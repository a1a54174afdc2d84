"""`/metrics` for Prometheus: what the web did, and what waits in the database."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from traceapp.access.guard import public
from traceapp.doors import Doors
from traceapp.models.excursion import ABOUT_VACCINE, Excursion
from traceapp.models.rejection import Rejection
from traceapp.trace.vitals import Vitals, vitals

blueprint = Blueprint("metrics", __name__)

#: Every metric of the web and its meaning; `docs` and a test read this table.
MEANINGS = {
    "traceapp_http_requests": "Requests answered, by route, method and status.",
    "traceapp_http_seconds": "Time from a request to its answer, by route.",
    "traceapp_open_excursions": "Excursions that have not ended.",
    "traceapp_outbox_waiting": "E-mails that wait to be sent.",
    "traceapp_outbox_oldest_seconds": "How long ago the oldest e-mail that waits became due.",
    "traceapp_outbox_failed": "E-mails that the mail server refused for good.",
    "traceapp_heartbeat_age_seconds": "Age of the newest sign of life, by process.",
    "traceapp_partition_held": "1 for a partition that an ingester holds, 0 for one that is free.",
    "traceapp_sites_not_heard": "Registered sites that are in no partition.",
    "traceapp_troubles": "What is wrong by `/readyz`, the broker apart: how many sentences.",
    "traceapp_rejections": "Messages and items that were refused and kept.",
    "traceapp_database_up": "1 when the database answered this scrape.",
}


class _Waiting(Collector):
    """What the database holds at the moment of a scrape."""

    def __init__(self, parts: Doors) -> None:
        self._parts = parts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Count anew; a database that cannot be reached is a figure, not an error."""
        counts = {
            "traceapp_open_excursions": select(func.count()).where(
                Excursion.state == "open", ABOUT_VACCINE
            ),
            "traceapp_rejections": select(func.count()).select_from(Rejection),
        }
        found: dict[str, float] = {"traceapp_database_up": 0}
        try:
            with self._parts.database.read() as session:
                found |= {name: session.scalar(query) or 0 for name, query in counts.items()}
                told = vitals(session, self._parts.clock())
            found["traceapp_database_up"] = 1
        except SQLAlchemyError:
            told = None
        for name, value in found.items():
            yield GaugeMetricFamily(name, MEANINGS[name], value=value)
        if told is not None:
            yield from _of_vitals(told)


def _of_vitals(told: Vitals) -> Iterator[GaugeMetricFamily]:
    figures = {
        "traceapp_outbox_waiting": told.outbox_waiting,
        "traceapp_outbox_oldest_seconds": told.outbox_oldest_seconds,
        "traceapp_outbox_failed": told.outbox_failed,
        "traceapp_sites_not_heard": told.sites_not_heard,
        "traceapp_troubles": len(told.troubles),
    }
    for name, value in figures.items():
        yield GaugeMetricFamily(name, MEANINGS[name], value=value)
    name = "traceapp_partition_held"
    held = GaugeMetricFamily(name, MEANINGS[name], labels=["partition"])
    for partition, state in sorted(told.partitions.items()):
        held.add_metric([partition], state == "held")
    yield held
    name = "traceapp_heartbeat_age_seconds"
    ages = GaugeMetricFamily(name, MEANINGS[name], labels=["process"])
    for process, age_s in sorted(told.ages.items()):
        ages.add_metric([process], age_s)
    yield ages


def count_requests(app: Flask) -> None:
    """Count every request of an application from its arrival to its answer."""
    parts: Doors = app.extensions["traceapp"]
    registry = CollectorRegistry()
    registry.register(_Waiting(parts))
    requests = _counter(registry)
    seconds = _histogram(registry)
    app.extensions["traceapp-metrics"] = registry

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        route = str(request.url_rule or "none")
        requests.labels(route, request.method, response.status_code).inc()
        seconds.labels(route).observe(time.perf_counter() - g.get("started", time.perf_counter()))
        return response


def _counter(registry: CollectorRegistry) -> Counter:
    name = "traceapp_http_requests"
    return Counter(name, MEANINGS[name], ["route", "method", "status"], registry=registry)


def _histogram(registry: CollectorRegistry) -> Histogram:
    name = "traceapp_http_seconds"
    return Histogram(name, MEANINGS[name], ["route"], registry=registry)


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Answer every figure in Prometheus' text format."""
    registry = current_app.extensions["traceapp-metrics"]
    return Response(generate_latest(registry), content_type="text/plain; version=0.0.4")
