"""How long all who received a lot take as a table, and what memory that needs; the peer is COPY."""

from __future__ import annotations

import csv
import io
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from config import Settings
from schemas.lot import LotKey
from traceapp.access.account import open_account
from traceapp.access.token import issue
from traceapp.app import create_app
from traceapp.bench.founding import SECRET_KEY
from traceapp.bench.ledger import World
from traceapp.db import Database, open_database
from traceapp.trace.scope import Scope

_EVERY = 50
_BARE = """
  SELECT dose.code, dose.at, site.code, dose.pack_code, dose.dose_number, recipient.name_masked,
         recipient.document_masked
  FROM dose JOIN site ON site.id = dose.site_id JOIN lot ON lot.id = dose.lot_id
  LEFT JOIN recipient ON recipient.id = dose.recipient_id
  WHERE lot.gtin = {0} AND lot.number = {0} ORDER BY dose.at DESC, dose.id DESC
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Lines and seconds, and by how much memory grew while they were written."""

    lines: int
    seconds: float
    grown_mib: float
    bare_seconds: float


def measure_table(world: World, lot: LotKey) -> Table:
    """Ask for the table in a process of its own, whose memory nothing else has used before."""
    url = world.database.engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own:
        return own.submit(_measure, url, lot, world.province.plan.until).result()


def _measure(url: str, lot: LotKey, now: datetime) -> Table:
    """Ask for the table over HTTP, and read it piece by piece."""
    database = open_database(url)
    with database.begin() as session:
        account = open_account(session, "bench", "viewer", Scope(), now)
        token = issue(session, account, "bearer", now, None)
    client = create_app(Settings(secret_key_given=SECRET_KEY), database).test_client()
    address = f"/api/v1/lots/{lot.gtin}/{lot.number}/doses"
    header = {"Authorization": f"Bearer {token}"}
    assert client.get(f"{address}?limit=1", headers=header).status_code == 200
    began, before = time.perf_counter(), _resident_mib()
    answer = client.get(f"{address}?format=csv", headers=header, buffered=False)
    lines, most = 0, before
    for number, piece in enumerate(answer.iter_encoded()):
        lines += piece.count(b"\n")
        if number % _EVERY == 0:
            most = max(most, _resident_mib())
    seconds = time.perf_counter() - began
    answer.close()
    bare = _bare(database, lot)
    database.close()
    return Table(lines - 1, seconds, most - before, bare)


def _bare(database: Database, lot: LotKey) -> float:
    """Seconds for the same rows: a COPY, or from SQLite's driver into Python's CSV writer."""
    began, key = time.perf_counter(), (lot.gtin, lot.number)
    with closing(database.engine.raw_connection()) as opened:
        if database.is_sqlite:
            with closing(opened.cursor()) as cursor:
                csv.writer(io.StringIO()).writerows(cursor.execute(_BARE.format("?"), key))
            return time.perf_counter() - began
        driver: Any = opened.driver_connection
        copied = f"COPY ({_BARE.format('%s')}) TO STDOUT (FORMAT csv)"
        with driver.cursor() as cursor, cursor.copy(copied, key) as copy:
            for _ in copy:
                pass
        driver.rollback()
    return time.perf_counter() - began


def _resident_mib() -> float:
    """The memory of this process now. Linux only."""
    status = Path("/proc/self/status").read_text("ascii")
    [kib] = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kib) / 1_024
