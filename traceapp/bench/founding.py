"""A province into a database: its registry at once, then lot after lot of its campaign."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from schemas.registry import KINDS
from traceapp.bench.bulk import COLUMNS, Writer
from traceapp.bench.campaign import Campaign
from traceapp.bench.copying import Depot, count_past, insert_into
from traceapp.bench.indexing import without_indexes
from traceapp.bench.province import Plan, Province
from traceapp.db import Database, open_database
from traceapp.models.base import Base
from traceapp.models.product import Product
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.unit import Unit, UnitProfile
from traceapp.vault import Vault

#: Of a database that is thrown away.
SECRET_KEY = "of a province that is thrown away, 32 letters"  # noqa: S105 - it seals nobody

#: How many lots are written together, and by how many processes.
LOTS_AT_ONCE, _WRITERS = 1_000, 2


def found(database: Database, province: Province) -> None:
    """Register the places of a province, their sensors and its products: the rows of `register`."""
    told: dict[str, list[dict[str, Any]]] = {"site": [], "unit": [], "sensor": [], "product": []}
    for document in province.documents():
        kind = str(document["kind"])
        said = {name: value for name, value in document.items() if name != "kind"}
        told[kind].append(KINDS[kind]().load(said))
    sites, units = province.site_ids, province.unit_ids
    rows: dict[type[Base], list[dict[str, Any]]] = {
        Site: [
            {"id": sites[one["code"]], "code": one["code"], "name": one["name"],
             "type": one["type"], "division_code": one["division"]}
            for one in told["site"]
        ],
        Unit: [
            {"id": units[one["code"]], "code": one["code"], "name": one["name"],
             "type": one["type"], "site_id": sites[one["site"]]}
            for one in told["unit"]
        ],
        UnitProfile: [
            {"unit_id": units[one["code"]], "profile": one["profile"]} for one in told["unit"]
        ],
        Sensor: [
            {"id": units[one["unit"]], "code": one["code"], "interval_s": one["interval_s"],
             "is_registered": True}
            for one in told["sensor"]
        ],
        Attachment: [
            {"sensor_id": units[one["unit"]], "unit_id": units[one["unit"]]}
            for one in told["sensor"]
        ],
        Product: [
            {"gtin": one["gtin"], "name": one["name"], "manufacturer": one["manufacturer"],
             "doses_per_pack": one["doses_per_pack"], "vvm": one.get("vvm"),
             "is_freeze_sensitive": one["freeze_sensitive"], "budget": one.get("budget")}
            for one in told["product"]
        ],
    }  # fmt: skip
    with database.begin() as session:
        for model, content in rows.items():
            session.execute(insert(model), content)


def fill_ledger(
    database: Database,
    province: Province,
    folder: Path,
    tell: Callable[[int], None],
    lots_at_once: int = LOTS_AT_ONCE,
) -> None:
    """Write all lots of a campaign with their doses; `tell` hears how many doses came.

    PostgreSQL takes waves of lots from two processes, and its indexes are built at the end.
    """
    lots = province.plan.lots
    # A pair of lots has its people in common: a wave begins with the odd one.
    step = lots_at_once + lots_at_once % 2
    waves = [range(*both) for both in pairwise([0, *range(step - 1, lots, step), lots])]
    url = database.engine.url.render_as_string(hide_password=False)
    with without_indexes(database, list(COLUMNS)):
        if len(waves) == 1 or database.is_sqlite:
            for wave in waves:
                tell(_fill_wave(database, province, folder, wave))
        else:
            with ProcessPoolExecutor(_WRITERS, mp_context=get_context("spawn")) as writers:
                told = [writers.submit(_write, url, province.plan, folder, one) for one in waves]
                for one in as_completed(told):
                    tell(one.result())
    count_past(database)


def _write(url: str, plan: Plan, folder: Path, wave: range) -> int:
    """A wave in a process of its own, with nothing to collect: rows do not refer to themselves."""
    gc.disable()
    database = open_database(url)
    try:
        return _fill_wave(database, Province(plan), folder, wave)
    finally:
        database.close()


def _fill_wave(database: Database, province: Province, folder: Path, wave: range) -> int:
    """Write the lots with these numbers; return how many doses they have."""
    writer, doses = Writer(province, Vault(SECRET_KEY)), 0
    own = folder / f"wave-{wave.start}"
    own.mkdir()
    with Depot(own) as depot:
        for story in Campaign(province).stories(wave):
            rows = writer.rows(story)
            doses += len(story.doses)
            if database.is_sqlite:
                insert_into(database, rows)
            else:
                depot.put(rows)
        if not database.is_sqlite:
            depot.copy_into(database)
    return doses
