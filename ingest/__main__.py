"""`python -m ingest`, and `traceapp ingest`: the telemetry line until SIGTERM."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from datetime import UTC, datetime
from threading import Event

import structlog
from prometheus_client import start_http_server
from sqlalchemy.exc import SQLAlchemyError

from config import BindAddress, SettingInvalid, Settings, load_settings
from ingest.broker import MqttBroker
from ingest.clock import RecordClock
from ingest.delivery import BrokerRefused
from ingest.holder import name_holder
from ingest.metrics import REGISTRY
from ingest.partition import Tenure
from ingest.service import Service
from ingest.standby import Standby
from traceapp.capture.lease import LeaseLost, session_name
from traceapp.db import open_database
from traceapp.log import configure_log, one_line
from traceapp.stop import until_told

_ABOUT = """Hear the MQTT broker and record what it brings; end cleanly on SIGTERM.
Settings: TRACEAPP_DATABASE_URL, TRACEAPP_BROKER_URL, TRACEAPP_BROKER_CLIENT_ID; optional:
TRACEAPP_PARTITIONS, TRACEAPP_PARTITIONS_TO_TAKE, TRACEAPP_METRICS_BIND."""

log = structlog.get_logger("ingest")


class PortTaken(Exception):
    """The address for our metrics cannot be had."""


def main(arguments: list[str] | None = None) -> int:
    """Run the ingester; 0 after SIGTERM or SIGINT, 1 when the world refused, 2 for settings."""
    parser = argparse.ArgumentParser(prog="traceapp ingest", description=_ABOUT)
    parser.parse_args(arguments)
    try:
        settings = load_settings().require("database_url", "broker_url", "broker_client_id")
    except SettingInvalid as error:
        return _complain(str(error), 2)
    configure_log(settings.broker_client_id)
    try:
        _run(settings)
    except LeaseLost as error:
        log.error("lease_lost", meaning="another process goes on; we are to be started again")
        return _complain(str(error), 1)
    except (BrokerRefused, PortTaken) as error:
        return _complain(str(error), 1)
    except SQLAlchemyError as error:
        return _complain(f"The database refused: {one_line(error)}", 1)
    return 0


def _run(settings: Settings) -> None:
    is_over = until_told()
    _serve_metrics(settings.metrics_bind)
    holder = name_holder()
    database = open_database(settings.database_url, session_name(holder))
    standby = Standby(database, settings.partitions_to_take, _now, is_over, holder)
    try:
        if tenure := standby.wait():
            _serve(settings, tenure, is_over)
    finally:
        database.close()


def _serve(settings: Settings, tenure: Tenure, is_over: Event) -> None:
    """Turn the line of one partition until SIGTERM, and let go of it."""
    client_id = tenure.lease.client_id
    broker = MqttBroker(settings.broker, client_id, tenure.filters, tenure.dropped)
    clock = RecordClock(tenure.database)
    service = Service(
        broker, tenure.database, client_id, clock, time.sleep, tenure=tenure, is_over=is_over
    )
    # What stands now stands until the end: the collector need not look through it again.
    gc.collect()
    gc.freeze()
    # One thread waits for the database while the other decodes: neither may keep the other long.
    sys.setswitchinterval(0.0005)
    log.info("started", broker=f"{settings.broker.host}:{settings.broker.port}")
    try:
        service.run()
    finally:
        tenure.end()


def _now() -> datetime:
    return datetime.now(UTC)


def _serve_metrics(bind: str) -> None:
    if not bind:
        return
    address = BindAddress.of(bind)
    try:
        start_http_server(address.port, address.host, REGISTRY)
    except OSError as error:
        raise PortTaken(f"Expected to listen on {bind}, got: {error.strerror or error}") from error


def _complain(message: str, status: int) -> int:
    sys.stderr.write(f"traceapp ingest: {message}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
