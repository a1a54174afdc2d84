"""How long a curve takes: a year of a refrigerator with two probes, among others."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from config import Settings
from traceapp.access.account import open_account
from traceapp.access.token import issue
from traceapp.app import create_app
from traceapp.bench.history import INTERVAL, History, fill, new_database, register_fleet, unit_code
from traceapp.bench.trace import Latency, percentile
from traceapp.db import Database
from traceapp.models.base import microseconds
from traceapp.trace.scope import Scope
from traceapp.trace.series import unit_series

_PROBES = 2
_POINTS = 1_000
#: The peer: the same rows as the driver brings them, and nothing done with them.
_BARE = "SELECT at, celsius FROM reading WHERE sensor_id IN ({0}, {0}) AND at >= {0} AND at < {0}"


@dataclass(frozen=True, slots=True)
class Year:
    """A fleet with its readings, and the stretch that is asked for."""

    history: History
    begin: datetime
    end: datetime

    @property
    def units(self) -> int:
        return self.history.sensors // _PROBES


def measure_series(
    kind: str, units: int, days: int, times: int, tell: Callable[[int], None]
) -> Iterator[Latency]:
    """Ask for the whole history of units picked evenly; first the peer, then ours."""
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    begin = end - timedelta(days=days)
    with (
        tempfile.TemporaryDirectory(prefix="traceapp-bench-") as name,
        new_database(kind, Path(name), begin, end) as database,
    ):
        history = register_fleet(database, units * _PROBES, _PROBES, begin)
        fill(history, 0, timedelta(days=days) // INTERVAL, tell)
        _settle(database)
        year = Year(history, begin, end)
        client = _client(database, end)
        path = f"from={_spelled(begin)}&to={_spelled(end)}&points={_POINTS}"
        questions: dict[str, Callable[[int], Any]] = {
            "bare SELECT": lambda unit: _bare(year, unit),
            "unit_series": lambda unit: _series(year, unit),
            "GET …/readings": lambda unit: _get(
                client, f"/api/v1/units/{unit_code(unit)}/readings?{path}"
            ),
            "page of the unit": lambda unit: _get(
                client, f"/units/{unit_code(unit)}?hours={days * 24}"
            ),
        }
        for question, ask in questions.items():
            yield _measure(question, ask, year.units, times)


def _settle(database: Database) -> None:
    """What autovacuum does within minutes: without it every row is looked up in its table."""
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            now = connection.execution_options(isolation_level="AUTOCOMMIT")
            now.exec_driver_sql("VACUUM (ANALYZE) reading")


def _measure(question: str, ask: Callable[[int], Any], units: int, times: int) -> Latency:
    chance = random.Random(1)  # noqa: S311 - which unit is asked about is no secret
    taken = []
    for _ in range(times):
        unit = chance.randint(1, units)
        began = time.perf_counter()
        ask(unit)
        taken.append((time.perf_counter() - began) * 1_000)
    return Latency(question, times, percentile(taken, 50), percentile(taken, 99))


def _bare(year: Year, unit: int) -> None:
    last = unit * _PROBES
    with year.history.database.read() as session:
        is_sqlite = year.history.database.is_sqlite
        span = (year.begin, year.end)
        told = [microseconds(edge) for edge in span] if is_sqlite else span
        with closing(session.connection().connection.cursor()) as cursor:
            cursor.execute(_BARE.format("?" if is_sqlite else "%s"), (last - 1, last, *told))
            rows = len(cursor.fetchall())
    assert rows == _PROBES * ((year.end - year.begin) // INTERVAL), rows


def _series(year: Year, unit: int) -> None:
    with year.history.database.read() as session:
        series = unit_series(session, unit_code(unit), year.begin, year.end, _POINTS)
    assert series is not None
    assert _POINTS // 2 < len(series["points"]) <= _POINTS


def _client(database: Database, now: datetime) -> FlaskClient:
    with database.begin() as session:
        account = open_account(session, "bench", "viewer", Scope(), now)
        token = issue(session, account, "bearer", now, None)
    app = create_app(Settings(secret_key_given="of a database that is thrown away"), database)  # noqa: S106 - it is
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def _get(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text


def _spelled(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
